package acceptance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// atShell is somebody at a terminal in which bash runs, and controls jobs. They run commands
// after "$U": under exec, or as they are.
func (p *person) atShell(under string) *typist {
	t := p.t.(*testing.T)
	needProgram(t, "bash")
	// Where the keys are echoed nobody can tell what a shell says from what was typed, so what it says is
	// in files.
	mustWrite(t, filepath.Join(p.home, "jobs"), `printf '<<%s>>' "$(jobs -l | sed -E 's/ +[0-9]+ / /; s/ +$//')"`)
	mustWrite(t, filepath.Join(p.home, "code"), `printf '<<%s>>' $?`)
	mustWrite(t, filepath.Join(p.home, "until-over"), `printf '<<%s>>' ready; until [ -e over ]; do read -rt 0.01 -u 9 9<>nothing; done; rm over; exit 5`)
	must(t, unix.Mkfifo(filepath.Join(p.home, "nothing"), 0o600)) // a read from it needs no other program, which would receive the keys too
	for _, s := range []string{"INT", "QUIT", "TSTP", "CONT", "WINCH", "HUP"} {
		mustWrite(t, filepath.Join(p.home, s), "trap 'echo "+s+" >>got-"+s+"' "+s+"\n. ./until-over\n")
	}
	s := newTypist(t, p.home, append(p.env, "PS1=$ ", "TERM=dumb", "U="+under), "bash", "--norc", "--noprofile", "--noediting", "-i")
	s.await(". ./jobs\n")
	return s
}

// execOfDemo is what runs a command under exec.
func (p *person) execOfDemo() string { return p.exe + " exec demo --" }

// got waits until a command has noted a signal as often as that.
func (p *person) got(s string, times int) {
	p.t.Helper()
	eventually(p.t, fmt.Sprintf("%s comes %d times", s, times), func() bool {
		data, err := os.ReadFile(filepath.Join(p.home, "got-"+s))
		return err == nil && strings.Count(string(data), "\n") >= times
	})
}

// over has the command end, and holds how often it has noted a signal by then.
func (p *person) over(terminal *typist, s string, times int) {
	p.t.Helper()
	mustWrite(p.t, filepath.Join(p.home, "over"), "")
	if code, _ := terminal.await(". ./code\n"); code != "5" {
		p.t.Errorf("it ends with %s", code)
	}
	if n := strings.Count(string(mustRead(p.t, filepath.Join(p.home, "got-"+s))), "\n"); n != times {
		p.t.Errorf("%s came %d times, want %d", s, n, times)
	}
}

// TestExecKeys holds that what a terminal sends when keys are pressed, or its size is changed,
// reaches the command once.
func TestExecKeys(t *testing.T) {
	t.Parallel()
	onAndOff(t, func(t *testing.T, p *person) {
		s := p.atShell(p.execOfDemo())
		for signal, key := range map[string]string{"INT": "\x03", "QUIT": "\x1c", "TSTP": "\x1a", "WINCH": ""} {
			s.await("$U bash " + signal + "\n")
			for n := range 3 {
				if s.keys(key); key == "" {
					must(t, unix.IoctlSetWinsize(int(s.terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 20, Col: uint16(90 + n)}))
				}
				p.got(signal, n+1)
			}
			p.over(s, signal, 3)
		}
	})
}

// TestExecJobs holds that a shell controls a command under exec as it does without: it sees why
// it stops, has it go on in front and behind, and ends it.
func TestExecJobs(t *testing.T) {
	t.Parallel()
	session := func(t *testing.T, on bool, under func(p *person) string) (shown []string) {
		p := wrapper(t, on)
		s := p.atShell(under(p))
		state := func(want string) {
			t.Helper()
			said := ""
			eventually(t, "a job is "+want, func() bool { said, _ = s.await(". ./jobs\n"); return strings.Contains(said, want) })
			shown = append(shown, strings.ReplaceAll(said, "\r", ""))
		}
		s.await("$U bash CONT\n")
		s.keys("\x1a")
		state("Stopped")
		s.keys("fg\n")
		p.got("CONT", 1)
		s.keys("\x1a")
		state("Stopped")
		s.keys("bg\n")
		p.got("CONT", 2)
		state("Running")
		s.keys("kill -STOP %1\n")
		state("Stopped (signal)")
		s.keys("bg\nkill %1; wait $!\n")
		code, _ := s.await(". ./code\n")
		shown = append(shown, code)
		s.keys("$U cat &\n")
		state("Stopped (tty input)")
		s.keys("fg\ntyped\n\x04")
		code, _ = s.await(". ./code\n")
		return append(shown, code)
	}
	for name, on := range map[string]bool{"on": true, "off": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := session(t, on, (*person).execOfDemo)
			want := session(t, on, func(*person) string { return "" })
			if !slices.Equal(got, want) {
				t.Errorf("under exec %q\nwithout    %q", got, want)
			}
		})
	}
}

// TestExecShell runs a shell that controls jobs itself.
func TestExecShell(t *testing.T) {
	t.Parallel()
	onAndOff(t, func(t *testing.T, p *person) {
		s := p.atShell(p.execOfDemo())
		s.keys("$U bash --norc --noprofile --noediting -i\n")
		s.await(". ./jobs\n")
		s.await("bash INT\n")
		s.keys("\x03")
		p.got("INT", 1)
		p.over(s, "INT", 1)
		s.await("bash CONT\n")
		s.keys("\x1a")
		inside, _ := s.await(". ./jobs\n")
		if !regexp.MustCompile(`^\[1\]\+ Stopped +bash CONT$`).MatchString(inside) {
			t.Errorf("in the shell: %q", inside)
		}
		s.keys("fg\n")
		p.got("CONT", 1)
		p.over(s, "CONT", 1)
		s.keys("suspend\n")
		outside, _ := s.await(". ./jobs\n")
		if !strings.Contains(outside, "Stopped") || !strings.Contains(outside, "$U bash --norc") {
			t.Errorf("outside: %q", outside)
		}
		s.keys("fg\nexit 7\n")
		if code, _ := s.await(". ./code\n"); code != "7" {
			t.Errorf("it ends with %s", code)
		}
	})
}

// TestExecNotice holds that the notice of a tool that is on by default is shown before a command
// starts, that nothing of that run is sent, and that the next one is.
func TestExecNotice(t *testing.T) {
	t.Parallel()
	server := newRecorder(t, "200")
	p := wrapper(t, false)
	p.declare("mytool", strings.NewReplacer(`"run"`, `"start"}, {name = "end"`).Replace(oneEvent(server.url()))+
		"consent = {default = \"opt-out\"}\nexec = {start = \"start\", end = \"end\"}\n")
	s := p.atShell(p.exe + " exec mytool --")
	if _, shown := s.await("$U bash ./jobs\n"); !strings.Contains(shown, "mytool collects usage data") || !strings.Contains(shown, "Nothing was sent.") {
		t.Errorf("no notice: %q", shown)
	}
	p.must("", "flush", "-q")
	if n := len(server.all()); n > 0 {
		t.Errorf("%d events of the run with the notice were sent", n)
	}
	if _, shown := s.await("$U bash ./jobs\n"); strings.Contains(shown, "collects") {
		t.Errorf("the notice is shown again: %q", shown)
	}
	s.await(". ./jobs\n") // exec has ended
	p.must("", "flush", "-q")
	eventually(t, "both events arrive", func() bool { return len(server.all()) == 2 })
}

// TestExecTmux runs a program that takes the whole screen under tmux, and changes its size.
func TestExecTmux(t *testing.T) {
	t.Parallel()
	needProgram(t, "tmux")
	needProgram(t, "less")
	onAndOff(t, func(t *testing.T, p *person) {
		var text strings.Builder
		for n := range 200 {
			fmt.Fprintf(&text, "line %d.\n", n+1)
		}
		mustWrite(t, filepath.Join(p.home, "text"), text.String())
		socket := filepath.Join(t.TempDir(), "s")
		tmux := func(args ...string) string {
			t.Helper()
			c := exec.Command("tmux", append([]string{"-S", socket, "-f", os.DevNull}, args...)...)
			c.Env, c.Dir = append(p.env, "PS1=$ ", "U="+p.execOfDemo(), "TERM=screen"), p.home
			out, err := c.CombinedOutput()
			if err != nil {
				t.Fatalf("tmux %q: %v: %s", args, err, out)
			}
			return string(out)
		}
		shows := func(want string) {
			t.Helper()
			screen := ""
			if !within(patience, func() bool {
				screen = tmux("capture-pane", "-p")
				return regexp.MustCompile(want).MatchString(screen)
			}) {
				t.Fatalf("it does not show %q: %s", want, screen)
			}
		}
		tmux("new-session", "-d", "-x", "80", "-y", "24", "bash --norc --noprofile -i")
		t.Cleanup(func() { tmux("kill-server") })
		tmux("send-keys", "$U less text; echo ended with $?", "Enter")
		shows(`(?s)^line 1\..*line 23\.\ntext`)
		tmux("resize-window", "-x", "90", "-y", "40")
		shows(`(?s)^line 1\..*line 39\.\n`)
		tmux("send-keys", "G")
		shows(`line 200\.\n`)
		tmux("send-keys", "C-z")
		shows(`Stopped +\$U less text`)
		tmux("send-keys", "fg", "Enter")
		shows(`(?s)^line 162\..*line 200\.\n`)
		tmux("send-keys", "q")
		shows(`ended with (0|148)`)
		tmux("send-keys", "echo typed; stty size", "Enter")
		shows(`(?m)^typed\n40 90$`)
	})
}
