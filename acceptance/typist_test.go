//go:build linux

package acceptance

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// typist is somebody at a terminal.
type typist struct {
	t        *testing.T
	terminal *os.File
	mu       sync.Mutex
	screen   bytes.Buffer // all that the shell wrote
}

// newTypist starts a shell in a terminal of its own.
func newTypist(t *testing.T, dir string, env []string, argv ...string) *typist {
	t.Helper()
	terminal, shell := openTerminal(t)
	c := exec.Command(argv[0], argv[1:]...)
	c.Dir, c.Env = dir, env
	c.Stdin, c.Stdout, c.Stderr = shell, shell, shell
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	must(t, c.Start())
	must(t, shell.Close())
	s := &typist{t: t, terminal: terminal}
	done := make(chan struct{})
	go func() { defer close(done); s.read() }()
	t.Cleanup(func() {
		s.keys("\x15exit\n")
		timer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
		_ = c.Wait() // a shell ends with the code of its last command
		timer.Stop()
		_ = terminal.Close()
		<-done
	})
	return s
}

// openTerminal makes a pseudo-terminal: its keyboard and screen, and the shell's end.
func openTerminal(t *testing.T) (terminal, shell *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	must(t, err)
	terminal = os.NewFile(uintptr(fd), "terminal")
	must(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	must(t, err)
	must(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 500, Col: 160}))
	shell, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	must(t, err)
	return terminal, shell
}

func (s *typist) read() {
	buf := make([]byte, 4096)
	for {
		n, err := s.terminal.Read(buf)
		s.mu.Lock()
		s.screen.Write(buf[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *typist) keys(text string) {
	_, err := s.terminal.WriteString(text)
	must(s.t, err)
}

// press types a line and TAB, and returns the line then, and what was shown.
func (s *typist) press(line string) (after, shown string) {
	s.t.Helper()
	after, shown = s.await(line + "\t\x07")
	s.keys("\x15")
	return after, shown
}

// await types, and waits for what the shell says between << and >>.
func (s *typist) await(keys string) (answer, shown string) {
	s.t.Helper()
	s.mu.Lock()
	from := s.screen.Len()
	s.mu.Unlock()
	s.keys(keys)
	said := regexp.MustCompile(`(?s)^(.*)<<(.*)>>`)
	var text string
	var m []string
	answered := within(patience, func() bool {
		s.mu.Lock()
		text = s.screen.String()[from:]
		s.mu.Unlock()
		m = said.FindStringSubmatch(text)
		return m != nil
	})
	if !answered {
		s.t.Fatalf("%q: the shell does not answer: %q", keys, text)
	}
	return m[2], m[1]
}
