//go:build linux

package acceptance

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/usagectl/usagectl/internal/testuser"
)

// nobody is the ordinary user of tests that root's powers would spoil.
const nobody = testuser.Nobody

// newPerson makes a home for a user, 0 being root, for whom the tool "harm" is declared, with
// the endpoint given or a receiver that takes everything.
func newPerson(t testing.TB, uid int, endpoint string) *person {
	t.Helper()
	base := t.TempDir()
	must(t, os.Chmod(filepath.Dir(base), 0o755)) // for users who are not root
	home := filepath.Join(base, "home")
	p := &person{
		t: t, home: home, dir: home, env: environment(t, home), exe: filepath.Join(base, "usagectl"), toolID: "harm",
		attr: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}},
		own:  func(path string) { must(t, os.Chown(path, uid, uid)) },
	}
	if uid != 0 {
		p.reportsNothing(base)
	}
	p.install()
	if endpoint == "" {
		p.recorder = newRecorder(t, "200")
		endpoint = p.recorder.url() + "/v1/event"
	}
	p.declare("harm", fmt.Sprintf(harmManifest, endpoint))
	must(t, filepath.WalkDir(p.home, func(path string, _ fs.DirEntry, err error) error {
		p.own(path)
		return err
	}))
	t.Cleanup(func() { endDeliverers(t, p.home) })
	return p
}

// reportsNothing is for users who cannot write where the race detector and the coverage report:
// the program would have something to say. They get a place of their own, and what they cover
// is not counted.
func (p *person) reportsNothing(base string) {
	p.t.Helper()
	p.env = append(p.env, quickExit)
	if os.Getenv("GOCOVERDIR") != "" {
		dir := filepath.Join(base, "coverage")
		must(p.t, os.Mkdir(dir, 0o700))
		p.own(dir)
		p.env = append(p.env, "GOCOVERDIR="+dir)
	}
}

// quickExit spares a process the second that the race detector's runtime waits at exit.
const quickExit = "GORACE=atexit_sleep_ms=0"

// install puts the program where every user finds it.
func (p *person) install() {
	p.t.Helper()
	self, err := os.Executable()
	must(p.t, err)
	must(p.t, os.Chmod(self, 0o755)) // the go command made it under its own umask
	if os.Link(self, p.exe) == nil {
		return
	}
	data, err := os.ReadFile(self)
	must(p.t, err)
	must(p.t, os.WriteFile(p.exe, data, 0o755))
}

// traced is usagectl under strace, and what it did, one line a system call.
func (p *person) traced(args ...string) (cmd *exec.Cmd, trace func() []string) {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), "trace")
	cmd = p.by([]string{"strace", "-f", "-qq", "-o", file, "-e", "trace=%file,%network"}, args...)
	return cmd, func() []string {
		p.t.Helper()
		calls := strings.Split(strings.TrimSpace(string(mustRead(p.t, file))), "\n")
		started := func(call string) bool { return strings.Contains(call, "execve(") && strings.Contains(call, p.exe) }
		if !slices.ContainsFunc(calls, started) || len(calls) < 2 { // a program of which only the start is seen is not traced
			p.t.Fatalf("strace saw nothing: %q", calls)
		}
		if dir := os.Getenv("GOCOVERDIR"); dir != "" {
			calls = slices.DeleteFunc(calls, func(call string) bool { return strings.Contains(call, dir) })
		}
		return calls
	}
}

// awaitStuckDeliverer waits until a deliverer has an event in hand.
func (p *person) awaitStuckDeliverer() {
	p.t.Helper()
	eventually(p.t, "a deliverer has claimed an event", func() bool { return len(p.files("claimed")) > 0 })
}

// losesState takes from an ordinary user the right to make a state directory.
func (p *person) losesState() {
	p.t.Helper()
	for _, dir := range []string{p.home, filepath.Join(p.home, ".local")} {
		must(p.t, os.Chown(dir, 0, 0))
		must(p.t, os.Chmod(dir, 0o755))
	}
}

// listing describes every file below a directory.
func listing(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintf(&b, "%s %v %d %v\n", path, info.Mode(), info.Size(), info.ModTime())
		}
		return err
	}))
	return b.String()
}

// System calls as strace shows them, besides signals, the ends of threads and, as
// "???", what a thread was about to do when the process ended.
var (
	network = regexp.MustCompile(`^\d+ +(socket|socketpair|connect|bind|send\w*|recv\w*|accept\w*)\(`)
	started = regexp.MustCompile(`^\d+ +execve\(.*"deliver"`)
	reading = regexp.MustCompile(`^\d+ +(\+\+\+ |--- |<\.\.\. |\?\?\?|(access|faccessat2?|newfstatat|fstatat64|stat|stat64|lstat|statx|statfs|readlink|readlinkat|getcwd|execve|chdir|fchdir|openat|open)\()`)
	writing = regexp.MustCompile(`^\d+ +open(at)?\(.*O_(WRONLY|RDWR|CREAT|TRUNC)`)
)

// onlyReads holds that none of the system calls is about a network, starts a
// deliverer or can change a file.
func onlyReads(t testing.TB, calls []string) {
	t.Helper()
	for _, call := range calls {
		if network.MatchString(call) || started.MatchString(call) || writing.MatchString(call) || !reading.MatchString(call) {
			t.Errorf("send did %s", call)
		}
	}
}

func eventID(t testing.TB, entry []byte) string {
	t.Helper()
	var e struct {
		EventID string `json:"event_id"`
	}
	must(t, json.Unmarshal(entry, &e))
	return e.EventID
}

// injected runs a command in which the nth system call of some kind fails, or kills, in
// each of its threads: what it says may fail to be written too.
func (p *person) injected(what string, args ...string) (code int, said string) {
	p.t.Helper()
	calls, _, _ := strings.Cut(what, ":")
	cmd := p.by([]string{"strace", "-f", "-qq", "-o", "/dev/null", "-E", "GOMAXPROCS=1", "-e", "trace=" + calls, "-e", "inject=" + what}, args...)
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

var (
	internet = regexp.MustCompile(`AF_INET|AF_NETLINK|AF_PACKET`)
	programs = regexp.MustCompile(`\bexecve\(`)
)
