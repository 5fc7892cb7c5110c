//go:build linux

package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// seat is a terminal at which a program runs, and a person sits.
type seat struct {
	*typist
	cmd   *exec.Cmd
	ended chan error
	read  int // how much of the screen was read
}

// sits starts a command in a terminal of so many columns. typed is on its keyboard before it
// starts.
func (p *person) sits(columns int, typed string, cmd *exec.Cmd) *seat {
	t := p.t.(*testing.T)
	t.Helper()
	terminal, tty := openTerminal(t)
	must(t, unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}))
	s := &seat{typist: &typist{t: t, terminal: terminal}, cmd: cmd, ended: make(chan error, 1)}
	s.keys(typed)
	attr := syscall.SysProcAttr{}
	if p.attr != nil {
		attr = *p.attr
	}
	attr.Setsid, attr.Setctty = true, true
	cmd.SysProcAttr = &attr
	cmd.Env = append(cmd.Env, "TERM=xterm", "NO_COLOR=1")
	if cmd.Stdout == nil {
		cmd.Stdout = tty
	}
	cmd.Stdin, cmd.Stderr = tty, tty
	must(t, cmd.Start())
	must(t, tty.Close())
	seen := make(chan struct{})
	go func() { defer close(seen); s.typist.read() }()
	go func() { err := cmd.Wait(); <-seen; s.ended <- err }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = terminal.Close()
	})
	return s
}

// asks is a person in whose terminal a command asks.
func (p *person) asks(columns int, args ...string) *seat {
	p.t.Helper()
	return p.sits(columns, "", p.within(2*patience, nil, append([]string{"ask"}, args...)...))
}

// answers waits for the question, and types.
func (s *seat) answers(keys string) {
	s.t.Helper()
	eventually(s.t, "the question: "+s.screenText(), func() bool { return strings.Contains(s.screenText()[s.read:], "[no] ") })
	s.read = len(s.screenText())
	s.keys(keys)
}

func (s *seat) screenText() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ReplaceAll(s.screen.String(), "\r", "")
}

// ends waits for the end of the command, and holds how it ends and what the screen shows then.
func (s *seat) ends(code int, shows ...string) string {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatalf("it does not end: %s", s.screenText())
	}
	text := s.screenText()
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		s.t.Errorf("it ends with %d (%v), want %d: %s", got, s.cmd.ProcessState, code, text)
	}
	for _, part := range shows {
		if !strings.Contains(text, part) {
			s.t.Errorf("no %q in %s", part, text)
		}
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		s.t.Errorf("the last line does not end: %q", text[strings.LastIndex(text, "\n")+1:])
	}
	return text
}

// consents is where the decisions of a person are.
func (p *person) consents(name string) string {
	return filepath.Join(p.home, ".config", "usagectl", "consent", name)
}

// dayPasses makes what was asked about demo a day older.
func (p *person) dayPasses() {
	p.t.Helper()
	for _, file := range glob(p.consents("demo.asked-*")) {
		at, err := time.Parse(time.RFC3339, strings.TrimSpace(string(mustRead(p.t, file))))
		must(p.t, err)
		mustWrite(p.t, file, at.Add(-24*time.Hour).Format(time.RFC3339)+"\n")
	}
}

// decidedOn is whether telemetry of a tool is "on" or "off", and by which rule.
func (p *person) decidedOn(tool string) string {
	p.t.Helper()
	out, _, _ := p.run("", "status", "--json", tool)
	var doc struct {
		Tools []struct {
			Telemetry string
			Level     int
			Reason    struct{ Rule string }
		}
	}
	must(p.t, json.Unmarshal([]byte(out), &doc))
	return doc.Tools[0].Telemetry + " " + doc.Tools[0].Reason.Rule
}

// TestAskAtTerminal holds what a person at a terminal sees and does: each answer, and what
// becomes of the terminal.
func TestAskAtTerminal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys      []string
		code      int
		shows     string
		telemetry string
	}{
		"Enter":          {[]string{"\r"}, 1, "You refused the telemetry of Demo. Undo it with: usagectl enable demo\n", "off user"},
		"no":             {[]string{"no\r"}, 1, "You refused the telemetry of Demo.", "off user"},
		"yes":            {[]string{"yes\r"}, 0, "You agreed to the telemetry of Demo at level 1 of 2 (basic). Undo it with:", "on granted"},
		"a level":        {[]string{"2\r"}, 0, "You agreed to the telemetry of Demo at level 2 of 2 (details).", "on granted"},
		"a name":         {[]string{"details\r"}, 0, "You agreed to the telemetry of Demo at level 2 of 2 (details).", "on granted"},
		"corrected":      {[]string{"yes\x7f\x7f\x7fno\r"}, 1, "You refused the telemetry of Demo.", "off user"},
		"show":           {[]string{"show\r", "s 2\r", "n\r"}, 1, "\"source\": \"(made when the first event is sent)\"", "off user"},
		"no answer":      {[]string{"oui\r", "\r"}, 1, "\"oui\" is none of the answers: no, yes, a level from 1 to 2, or show\n", "off user"},
		"Ctrl-C":         {[]string{"\x03"}, 1, "[no] ^C\nNot now: nothing was decided. You are asked another day, 2 more times at most.\n", "off undecided"},
		"yes and Ctrl-C": {[]string{"yes\x03"}, 1, "^C\nNot now: ", "off undecided"},
		"Ctrl-D":         {[]string{"\x04"}, 1, "[no] \nNot now: ", "off undecided"},
		"yes and Ctrl-D": {[]string{"yes\x04\x04"}, 1, "Not now: ", "off undecided"},
		"Ctrl-\\":        {[]string{"\x1c"}, 1, "Not now: ", "off undecided"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPersonIn(t, t.TempDir())
			s := p.asks(100, "demo")
			before, err := unix.IoctlGetTermios(int(s.terminal.Fd()), unix.TCGETS)
			must(t, err)
			for _, keys := range c.keys {
				s.answers(keys)
			}
			s.ends(c.code, c.shows, "What you can answer\n  no ")
			if after, err := unix.IoctlGetTermios(int(s.terminal.Fd()), unix.TCGETS); err != nil || *after != *before {
				t.Errorf("the terminal is not as it was: %+v, %+v, %v", before, after, err)
			}
			if got := p.decidedOn("demo"); got != c.telemetry {
				t.Errorf("telemetry is %s", got)
			}
			if _, err := os.Lstat(filepath.Join(p.home, ".demo")); err == nil {
				t.Error("an ID is made")
			}
			if again := p.asks(100, "demo"); again.ends(c.code) != "" {
				t.Errorf("it asks again: %s", again.screenText())
			}
		})
	}
}

// TestAskThreeDays holds that somebody who never answers is asked on three days, and never
// again, and that forgetting and deciding end the count.
func TestAskThreeDays(t *testing.T) {
	t.Parallel()
	p := newPersonIn(t, t.TempDir())
	for _, left := range []string{"2 more times at most.\n", "once more at most.\n", "and you are not asked again."} {
		s := p.asks(80, "demo")
		s.answers("\x03")
		s.ends(1, "Not now: nothing was decided")
		if text := strings.Join(strings.Fields(s.screenText()), " "); !strings.Contains(text, strings.TrimSpace(left)) {
			t.Errorf("no %q in %s", left, text)
		}
		if again := p.asks(80, "demo"); again.ends(1) != "" {
			t.Errorf("it asks twice a day: %s", again.screenText())
		}
		p.dayPasses()
	}
	for range 40 {
		p.dayPasses()
	}
	if s := p.asks(80, "demo"); s.ends(1) != "" {
		t.Errorf("it asks a fourth time: %s", s.screenText())
	}
	p.run("", "forget", "--all", "--yes")
	s := p.asks(80, "demo")
	s.answers("y\r")
	s.ends(0)
	if left := glob(p.consents("demo.asked-*")); len(left) > 0 {
		t.Errorf("a decision leaves %q", left)
	}
}

// TestAskWidths holds that the question fits in the terminal in which it is asked.
func TestAskWidths(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{40, 80, 140} {
		p := newPersonIn(t, t.TempDir())
		s := p.asks(columns, "parsl")
		s.answers("\r")
		for line := range strings.Lines(s.ends(1)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns && len(strings.Fields(line)) > 2 {
				t.Errorf("at %d: %q", columns, line)
			}
		}
		if screen := s.screenText(); !regexp.MustCompile(`(?s)^Parsl \(parsl\) asks.*Why it is collected.*At level 1 .*At level 2 .*At level 3 .*Where it goes.*How long it is kept.*How to change your answer.*May Parsl collect this\? \[no\] \n`).MatchString(screen) {
			t.Errorf("at %d: %s", columns, screen)
		}
	}
}

// TestAskTyped holds that what was typed before the question is no answer to it.
func TestAskTyped(t *testing.T) {
	t.Parallel()
	p := newPersonIn(t, t.TempDir())
	s := p.sits(100, "yes\r", p.within(2*patience, nil, "ask", "demo"))
	s.answers("\x03")
	s.ends(1, "usagectl: note: what was typed before the question does not count as an answer\n", "Not now: ")
	if got := p.decidedOn("demo"); got != "off undecided" {
		t.Error(got)
	}
}

// TestAskRaw holds that somebody can answer, and leave, in a terminal that a program has left
// so that no key is more than a character.
func TestAskRaw(t *testing.T) {
	t.Parallel()
	for keys, c := range map[string]struct {
		code      int
		telemetry string
	}{"yes\r": {0, "on granted"}, "\r": {1, "off user"}, "yes\x03": {1, "off undecided"}, "\x04": {1, "off undecided"}} {
		t.Run(fmt.Sprintf("%q", keys), func(t *testing.T) {
			t.Parallel()
			p := newPersonIn(t, t.TempDir())
			cmd := p.within(2*patience, nil)
			cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", `stty raw -echo; exec "$0" ask demo`, p.exe}
			s := p.sits(100, "", cmd)
			s.answers(keys)
			s.ends(c.code)
			if got := p.decidedOn("demo"); got != c.telemetry {
				t.Error(got)
			}
		})
	}
}

// TestAskInScripts holds that Ctrl-C ends the question in a script that ignores it for itself,
// that a job in the background is not stopped by a question, that stdout stays the script's, and
// that a script with set -e goes on.
func TestAskInScripts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script, keys string
		shows        []string
		asks         bool
	}{
		"ignores Ctrl-C": {`trap "" INT; "$0" ask demo; echo "code $?"`, "\x03", []string{"^C\nNot now: ", "code 1\n"}, true},
		"goes on":        {`set -eu; "$0" ask demo || true; echo "code $?"`, "\r", []string{"You refused", "code 0\n"}, true},
		"background":     {`set -m; "$0" ask demo -v & wait $!; echo "code $?"`, "", []string{"usagectl: note: demo does not ask: it runs in the background\n", "code 1\n"}, false},
		"no stdin":       {`"$0" ask demo -v </dev/null; echo "code $?"`, "", []string{"usagectl: note: demo does not ask: stdin or stderr is no terminal\n", "code 1\n"}, false},
		"no stderr":      {`"$0" ask demo -v 2>/dev/null; echo "code $?"`, "", []string{"code 1\n"}, false},
		"CI":             {`CI=1 "$0" ask demo -v; echo "code $?"`, "", []string{"usagectl: note: demo does not ask: this is a CI system", "code 1\n"}, false},
		"stdout":         {`out=$("$0" ask demo); echo "code $? <$out>"`, "yes\r", []string{"You agreed", "code 0 <>\n"}, true},
		"json":           {`out=$("$0" ask demo --json); echo "code $? <$out>"`, "yes\r", []string{`<{"schema":1,"tool":"demo","telemetry":"on",`, `"level":1,"asked":true,"answer":"yes"}>`}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPersonIn(t, t.TempDir())
			cmd := p.within(2*patience, nil)
			cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", c.script, p.exe}
			s := p.sits(140, "", cmd)
			if c.asks {
				s.answers(c.keys)
			}
			if text := s.ends(0, c.shows...); strings.Contains(text, "[no]") != c.asks {
				t.Error(text)
			}
		})
	}
}

// TestAskSignals checks that a question that ends with its terminal or by a signal counts as asked and
// not as answered, and that a question that was stopped continues.
func TestAskSignals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do        func(s *seat)
		code      int
		telemetry string
	}{
		"the terminal goes": {func(s *seat) { must(t, s.terminal.Close()) }, 1, "off undecided"},
		"SIGTERM":           {func(s *seat) { must(t, s.cmd.Process.Signal(syscall.SIGTERM)) }, 1, "off undecided"},
		"SIGHUP":            {func(s *seat) { must(t, s.cmd.Process.Signal(syscall.SIGHUP)) }, 1, "off undecided"},
		"SIGKILL":           {func(s *seat) { must(t, s.cmd.Process.Kill()) }, -1, "off undecided"},
		"stopped": {func(s *seat) {
			must(t, s.cmd.Process.Signal(syscall.SIGSTOP))
			s.keys("yes\r")
			must(t, s.cmd.Process.Signal(syscall.SIGCONT))
		}, 0, "on granted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPersonIn(t, t.TempDir())
			s := p.asks(80, "demo")
			s.answers("")
			c.do(s)
			<-s.ended
			if got := s.cmd.ProcessState.ExitCode(); got != c.code {
				t.Errorf("it ends with %d: %s", got, s.screenText())
			}
			if got := p.decidedOn("demo"); got != c.telemetry {
				t.Error(got)
			}
			if again := p.asks(80, "demo"); again.ends(max(c.code, -c.code)) != "" {
				t.Errorf("it asks again: %s", again.screenText())
			}
		})
	}
}

// TestAskInTwoTerminals checks that two terminals do not ask the same at once. If two answers contradict
// each other, the refusal counts, and the person who answers second is told.
func TestAskInTwoTerminals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, second string
		codes         [2]int
		shows         string // in the second
		telemetry     string
	}{
		"no, then yes":  {"no\r", "yes\r", [2]int{1, 1}, "your yes is not recorded, because it was decided meanwhile: telemetry of demo is off: you refused", "off user"},
		"yes, then no":  {"yes\r", "no\r", [2]int{0, 1}, "you had agreed to demo meanwhile, elsewhere: this refusal counts", "off user"},
		"yes, then all": {"yes\r", "2\r", [2]int{0, 0}, "your yes is not recorded, because it was decided meanwhile: telemetry of demo is on: you agreed", "on granted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPersonIn(t, t.TempDir())
			one := p.asks(200, "demo")
			one.answers("")
			if two := p.asks(200, "demo"); two.ends(1) != "" {
				t.Fatalf("both ask: %s", two.screenText())
			}
			p.dayPasses() // and the question still stands
			two := p.asks(200, "demo")
			two.answers("")
			one.keys(c.first)
			one.ends(c.codes[0])
			two.keys(c.second)
			two.ends(c.codes[1], c.shows)
			if got := p.decidedOn("demo"); got != c.telemetry {
				t.Error(got)
			}
		})
	}
}

// TestAskWithNowhereToRecord holds that a person is not asked for an answer that cannot be
// recorded, and learns why.
func TestAskWithNowhereToRecord(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("it takes root, to run the program as another user; .ci/run is root")
	}
	p := newPerson(t, nobody, "http://127.0.0.1:9/")
	must(t, os.Chown(p.home, 0, 0))
	must(t, os.Chmod(p.home, 0o755))
	s := p.asks(200, "harm")
	s.ends(73, "usagectl: error: nothing was asked about harm: the answer could not be recorded: ", "permission denied")
	if strings.Contains(s.screenText(), "[no]") {
		t.Error(s.screenText())
	}
	if got := p.decidedOn("harm"); got != "off undecided" {
		t.Error(got)
	}
}

// TestAskUnheard holds what somebody learns whose no could not be recorded: that it does not
// count, how to say it again, and what works at once where the tool would send without it.
func TestAskUnheard(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("it takes root, to run the program as another user; .ci/run is root")
	}
	const again = " unless you say no again: usagectl disable harm\n"
	for name, c := range map[string]struct {
		byDefault string
		meanwhile []string
		why       string
		telemetry string
	}{
		"opt-in":  {"opt-in", nil, "", "off undecided"},
		"opt-out": {"opt-out", nil, "harm is on by default, and sends after its notice" + again, "off notice"},
		"on":      {"opt-in", []string{"enable", "-q", "harm"}, "harm goes on sending" + again, "on granted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, nobody, "http://127.0.0.1:9/")
			p.declare("harm", strings.Replace(fmt.Sprintf(harmManifest, "http://127.0.0.1:9/"), "opt-in", c.byDefault, 1))
			s := p.asks(300, "harm")
			s.answers("")
			if c.meanwhile != nil {
				p.must("", c.meanwhile...)
			}
			must(t, os.Chmod(p.consents(""), 0o500))
			s.keys("no\r")
			text := s.ends(73, "usagectl: error: your no does not count: the decision is not recorded: ", c.why)
			if at := strings.Contains(text, "export USAGECTL_TELEMETRY=off"); at != (c.why != "") {
				t.Error(text)
			}
			if got := p.decidedOn("harm"); got != c.telemetry {
				t.Error(got)
			}
		})
	}
}

// TestAskInAnotherHome holds that root is not asked for the person whose home it is.
func TestAskInAnotherHome(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("it takes root, to run the program as another user; .ci/run is root")
	}
	p := newPerson(t, nobody, "http://127.0.0.1:9/")
	p.attr = nil
	before := listing(t, p.home)
	p.asks(200, "harm", "-v").ends(1, "usagectl: note: harm does not ask: root in somebody else's home, "+p.home)
	if after := listing(t, p.home); after != before {
		t.Errorf("there is\n%s\nand there was\n%s", after, before)
	}
}
