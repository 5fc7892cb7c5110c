package acceptance

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wrapper is somebody who runs commands under exec, of a tool that is on or off.
func wrapper(t *testing.T, on bool) *person {
	t.Helper()
	p := newPersonIn(t, t.TempDir())
	p.toolID = "demo"
	if on {
		p.must("", "enable", "-q", "demo")
	}
	return p
}

// onAndOff runs a test for a tool that is on and for one that is off.
func onAndOff(t *testing.T, test func(t *testing.T, p *person)) {
	for name, on := range map[string]bool{"on": true, "off": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, wrapper(t, on))
		})
	}
}

// line is a line of shell, in which "$U" runs the command behind it under exec.
func (p *person) line(text string) *exec.Cmd {
	p.t.Helper()
	c := exec.Command("bash", "-c", text)
	c.Env, c.Dir = append(p.env, "U="+p.exe+" exec demo --"), p.dir
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // the test's own terminal is not theirs
	timer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	p.t.Cleanup(func() { timer.Stop() })
	return c
}

// says is what a line of shell prints, on both streams, and how it ends.
func (p *person) says(text string) string {
	p.t.Helper()
	c := p.line(text)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	_ = c.Run() // what it ends with is a part of the answer
	return fmt.Sprintf("%s%v\n", &out, c.ProcessState)
}

// ends are the exit codes and durations that were sent.
func (p *person) ends() []string {
	p.t.Helper()
	p.must("", "flush", "-q")
	data, err := os.ReadFile(filepath.Join(p.home, ".demo", "events.jsonl"))
	if err != nil {
		return nil
	}
	var list []string
	for _, m := range regexp.MustCompile(`"exit_code":(\d+)`).FindAllStringSubmatch(string(data), -1) {
		list = append(list, m[1])
	}
	return list
}

// TestExecAsWithout holds that a command sees and does the same under exec as without.
func TestExecAsWithout(t *testing.T) {
	t.Parallel()
	const state = `sh -c 'grep -E "^(Sig(Blk|Ign|Cgt)|Groups|Seccomp|NoNewPrivs)" /proc/self/status; umask; ulimit -a; ulimit -Hn; pwd; nice; id
		for fd in 0 1 2 5 7 9 63; do readlink "/proc/self/fd/$fd"; grep flags "/proc/self/fdinfo/$fd"; done 2>&1; ls /proc/self/fd; env | grep -v -e "^_=" -e ^USAGECTL_RUN_ID= | sort; cut -d " " -f 5-8 /proc/self/stat'`
	onAndOff(t, func(t *testing.T, p *person) {
		needProgram(t, "bash")
		for name, prepare := range map[string]string{
			"nothing":        ``,
			"nohup":          `trap "" HUP`,
			"in background":  `trap "" INT QUIT`,
			"no stop":        `trap "" HUP INT QUIT TSTP TTIN TTOU`,
			"descriptors":    `exec 5<>file 7<file 9>>lock 63>&1 </dev/null`,
			"limits":         `umask 027; ulimit -Sn 100; ulimit -c 0; cd /usr`,
			"an empty value": `export EMPTY= A=1 USAGECTL=x`,
			"nice":           `renice -n 3 $$ >/dev/null`,
			"stdin":          `exec <file`,
		} {
			mustWrite(t, filepath.Join(p.home, "file"), "content\n")
			want := p.says(prepare + "\n" + state + " >>~/out 2>&1; cat ~/out; rm ~/out")
			got := p.says(prepare + "\n$U " + state + " >>~/out 2>&1; cat ~/out; rm ~/out")
			same := regexp.MustCompile(`pipe:\[\d+\]|(?m)^\d+ \d+ `) // another pipe, another session
			want, got = withoutPipe(same.ReplaceAllString(want, "")), withoutPipe(same.ReplaceAllString(got, ""))
			if got != want || len(want) < 500 {
				t.Errorf("%s: under exec\n%s\nwithout\n%s", name, got, want)
			}
		}
	})
}

// withoutPipe is a text in which no process is said to ignore SIGPIPE, which other tests in this
// process ignore, and exec does not pass on.
func withoutPipe(text string) string {
	return regexp.MustCompile(`SigIgn:\t[0-9a-f]+`).ReplaceAllStringFunc(text, func(line string) string {
		mask, err := strconv.ParseUint(line[len("SigIgn:\t"):], 16, 64)
		return fmt.Sprintf("SigIgn: %x %v", mask&^(1<<(syscall.SIGPIPE-1)), err)
	})
}

// TestExecIsReplaced holds that exec becomes the command if telemetry is off, and is its
// parent, in the same process group and session, if it is on.
func TestExecIsReplaced(t *testing.T) {
	t.Parallel()
	const line = `sh -c 'echo $$; exec $U sh -c "echo \$\$; cut -d \" \" -f 4-6 /proc/self/stat; cut -d \" \" -f 4-6 /proc/\$PPID/stat"'`
	onAndOff(t, func(t *testing.T, p *person) {
		var before, after, parent, group, session, pparent, pgroup, psession int
		out := p.says(line)
		if _, err := fmt.Sscan(out, &before, &after, &parent, &group, &session, &pparent, &pgroup, &psession); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		on := t.Name() == "TestExecIsReplaced/on"
		if on == (before == after) {
			t.Errorf("it was %d, and is %d", before, after)
		}
		if on && (group != pgroup || session != psession) {
			t.Errorf("groups %d and %d, sessions %d and %d", group, pgroup, session, psession)
		}
	})
}

// TestExecEnds holds that exec ends as the command does, and sends how.
func TestExecEnds(t *testing.T) {
	t.Parallel()
	onAndOff(t, func(t *testing.T, p *person) {
		mustWrite(t, filepath.Join(p.home, "bare"), "echo a script without an interpreter: $1; exit 4\n")
		must(t, os.Chmod(filepath.Join(p.home, "bare"), 0o700))
		must(t, os.Mkdir(filepath.Join(p.home, "directory"), 0o700))
		mustWrite(t, filepath.Join(p.home, "plain"), "")
		for _, test := range []struct{ command, says, code string }{
			{"true", "exit status 0\n", "0"},
			{"sh -c 'exit 7'", "exit status 7\n", "7"},
			{"sh -c 'exit 255'", "exit status 255\n", "255"},
			{"./bare word", "a script without an interpreter: word\nexit status 4\n", "4"},
			{"sh -c 'kill -TERM $$'", "signal: terminated\n", "143"},
			{"sh -c 'kill -INT $$'", "signal: interrupt\n", "130"},
			{"sh -c 'kill -HUP $$'", "signal: hangup\n", "129"},
			{"sh -c 'kill -KILL $$'", "signal: killed\n", "137"},
			{"sh -c 'kill -QUIT $$'", "signal: quit\n", "131"},
			{"sh -c 'kill -ABRT $$'", "signal: aborted\n", "134"},
			{"sh -c 'kill -SEGV $$'", "signal: segmentation fault\n", "139"},
			{"sh -c 'kill -USR1 $$'", "signal: user defined signal 1\n", "138"},
			{"sh -c 'kill -PIPE $$'", "signal: broken pipe\n", "141"},
			{"sh -c 'kill -36 $$'", "signal: signal 36\n", "164"},
			{"nosuch", "usagectl: error: nosuch: command not found\nexit status 127\n", ""},
			{"./nosuch", "usagectl: error: ./nosuch: no such file or directory\nexit status 127\n", ""},
			{"./plain", "usagectl: error: ./plain: permission denied\nexit status 126\n", ""},
			{"./directory", "usagectl: error: ./directory: is a directory\nexit status 126\n", ""},
		} {
			before := len(p.ends())
			// No core is to be left in the home.
			if got := p.says("ulimit -c 0; exec $U " + test.command); got != test.says {
				t.Errorf("%s: %q, want %q", test.command, got, test.says)
			}
			ends := p.ends()[before:]
			if t.Name() == "TestExecEnds/off" {
				test.code = ""
			}
			if test.code == "164" || test.code == "" { // the last one fits too
				continue
			}
			if len(ends) != 1 || ends[0] != test.code {
				t.Errorf("%s: it is sent that it ended with %q, want %s", test.command, ends, test.code)
			}
		}
		if t.Name() == "TestExecEnds/off" {
			if _, err := os.Stat(filepath.Join(p.home, ".demo")); err == nil {
				t.Error("something was sent")
			}
		}
	})
}

// TestExecLeavesOneCore holds that exec itself leaves no dump of core beside the command's.
func TestExecLeavesOneCore(t *testing.T) {
	t.Parallel()
	p := wrapper(t, true)
	c := p.line("ulimit -c unlimited; exec $U sh -c 'ulimit -c 0; kill -SEGV $$'")
	_ = c.Run()
	if status := c.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGSEGV || status.CoreDump() {
		t.Errorf("it ends with %v", c.ProcessState)
	}
}

// wrapped is a command under exec whose output is read as it comes.
type wrapped struct {
	t   *testing.T
	cmd *exec.Cmd
	out *os.File
	buf bytes.Buffer
}

func (p *person) starts(text string) *wrapped {
	p.t.Helper()
	r, w, err := os.Pipe()
	must(p.t, err)
	s := &wrapped{t: p.t.(*testing.T), cmd: p.line(text), out: r}
	s.cmd.Stdout, s.cmd.Stderr = w, w
	must(p.t, s.cmd.Start())
	must(p.t, w.Close())
	p.t.Cleanup(func() { r.Close() })
	return s
}

// until reads until a text was printed as often as that.
func (s *wrapped) until(text string, times int) {
	s.t.Helper()
	must(s.t, s.out.SetReadDeadline(time.Now().Add(patience)))
	part := make([]byte, 1024)
	for strings.Count(s.buf.String(), text) < times {
		n, err := s.out.Read(part)
		s.buf.Write(part[:n])
		if err != nil {
			s.t.Fatalf("%q is not said %d times: %v: %q", text, times, err, &s.buf)
		}
	}
}

// number is the number behind a word.
func (s *wrapped) number(word string) int {
	s.t.Helper()
	s.until(word, 1)
	s.until("\n", 1)
	m := regexp.MustCompile(word + ` (\d+)`).FindStringSubmatch(s.buf.String())
	if m == nil {
		s.t.Fatalf("no %s: %q", word, &s.buf)
	}
	n, err := strconv.Atoi(m[1])
	must(s.t, err)
	return n
}

// rest is everything that it says, and how it ends.
func (s *wrapped) rest() string {
	s.t.Helper()
	must(s.t, s.out.SetReadDeadline(time.Now().Add(patience)))
	_, err := io.Copy(&s.buf, s.out)
	must(s.t, err)
	_ = s.cmd.Wait()
	return fmt.Sprintf("%s%v", &s.buf, s.cmd.ProcessState)
}

// TestExecPassesSignals holds that each signal that is sent to exec reaches the command, once.
func TestExecPassesSignals(t *testing.T) {
	t.Parallel()
	onAndOff(t, func(t *testing.T, p *person) {
		s := p.starts(`exec $U bash -c 'for s in HUP INT QUIT TERM USR1 USR2 ALRM WINCH PWR RTMIN+3; do trap "echo got $s." $s; done
			echo ready; until [ -e over ]; do sleep 0.01; done; exit 5'`)
		s.until("ready", 1)
		for name, n := range map[string]syscall.Signal{
			"HUP": 1, "INT": 2, "QUIT": 3, "USR1": 10, "USR2": 12, "ALRM": 14, "TERM": 15, "WINCH": 28, "PWR": 30, "RTMIN+3": 37,
		} {
			for times := range 3 {
				// Signals that are rarely sent are passed on only after a moment.
				eventually(t, name+" is passed on", func() bool {
					must(t, s.cmd.Process.Signal(n))
					must(t, s.out.SetReadDeadline(time.Now().Add(time.Second)))
					part := make([]byte, 1024)
					count, _ := s.out.Read(part)
					s.buf.Write(part[:count])
					return strings.Count(s.buf.String(), "got "+name+".") > times
				})
			}
		}
		mustWrite(t, filepath.Join(p.home, "over"), "")
		said := s.rest()
		for _, name := range []string{"HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "WINCH"} {
			if n := strings.Count(said, "got "+name+"."); n != 3 {
				t.Errorf("%s came %d times, want 3", name, n)
			}
		}
		if !strings.HasSuffix(said, "exit status 5") {
			t.Error(said)
		}
	})
}

// TestExecStopsAndContinues stops the command, and has it go on, where no shell controls jobs:
// exec is not stopped with it, for nobody would have it go on.
func TestExecStopsAndContinues(t *testing.T) {
	t.Parallel()
	p := wrapper(t, true)
	s := p.starts(`$U bash -c 'echo command $$; until [ -e over ]; do sleep 0.01; done; exit 5'`)
	command := s.number("command")
	stopped := func() bool {
		return strings.Contains(string(mustRead(t, fmt.Sprintf("/proc/%d/stat", command))), ") T ")
	}
	parent := strings.Fields(string(mustRead(t, fmt.Sprintf("/proc/%d/stat", command))))[3]
	exec, err := strconv.Atoi(parent)
	must(t, err)
	for _, to := range []int{command, exec, command} {
		// More than once, for a SIGCONT that was sent to exec before may be under way.
		eventually(t, "it stops", func() bool { must(t, syscall.Kill(command, syscall.SIGSTOP)); return stopped() })
		if strings.Contains(string(mustRead(t, "/proc/"+parent+"/stat")), ") T ") {
			t.Error("exec stops too")
		}
		eventually(t, "it goes on", func() bool { must(t, syscall.Kill(to, syscall.SIGCONT)); return !stopped() })
	}
	mustWrite(t, filepath.Join(p.home, "over"), "")
	if said := s.rest(); !strings.HasSuffix(said, "exit status 5") {
		t.Error(said)
	}
}

// TestExecLetsGo holds that exec keeps open nothing that the command closes: a reader sees the
// end of a pipe, others get a lock, and the directory is not held.
func TestExecLetsGo(t *testing.T) {
	t.Parallel()
	needProgram(t, "flock")
	onAndOff(t, func(t *testing.T, p *person) {
		s := p.starts(`exec $U sh -c 'echo said; exec </dev/null >/dev/null 2>&1; until [ -e over ]; do sleep 0.01; done; exit 5'`)
		must(t, s.out.SetReadDeadline(time.Now().Add(patience)))
		if out, err := io.ReadAll(s.out); err != nil {
			t.Errorf("the pipe stays open: %v: %s", err, out)
		}
		if err := s.cmd.Process.Signal(syscall.Signal(0)); err != nil {
			t.Errorf("it has ended too early: %v", err)
		}
		mustWrite(t, filepath.Join(p.home, "over"), "")
		if _ = s.cmd.Wait(); s.cmd.ProcessState.ExitCode() != 5 {
			t.Errorf("it ends with %v", s.cmd.ProcessState)
		}
		if got, want := p.says(`exec 9>lock; flock -n 9 && exec $U sh -c 'exec 9>&-; exec 8>lock; flock 8 && echo locked'`), "locked\nexit status 0\n"; got != want {
			t.Errorf("%q", got)
		}
		if got, want := p.says(`exec 9>lock; flock -n 9 && $U sh -c 'flock -n 9 && ! flock -n lock true && echo mine' && ! flock -n lock true && exec 9>&- && flock -n lock echo free`), "mine\nfree\nexit status 0\n"; got != want {
			t.Errorf("%q", got)
		}
		if got, want := p.says(`mkdir here; cd here; exec $U sh -c 'cd ..; until rmdir here; do sleep 0.01; done; echo removed'`), "removed\nexit status 0\n"; got != want {
			t.Errorf("%q", got)
		}
	})
}

// TestExecDaemon holds that exec ends when the command has, though that left a process
// behind, with its streams or without.
func TestExecDaemon(t *testing.T) {
	t.Parallel()
	onAndOff(t, func(t *testing.T, p *person) {
		for _, streams := range []string{"", "</dev/null >/dev/null 2>&1"} {
			s := p.starts(`exec $U sh -c 'sleep 1000 ` + streams + ` & echo daemon $!; exit 3'`)
			daemon := s.number("daemon")
			if _ = s.cmd.Wait(); s.cmd.ProcessState.ExitCode() != 3 {
				t.Errorf("it ends with %v", s.cmd.ProcessState)
			}
			must(t, syscall.Kill(daemon, syscall.SIGKILL)) // it is there
		}
	})
}

// TestExecMake holds that make's job server goes through: two jobs that wait for each other run
// at once.
func TestExecMake(t *testing.T) {
	t.Parallel()
	needProgram(t, "make")
	onAndOff(t, func(t *testing.T, p *person) {
		mustWrite(t, filepath.Join(p.home, "Makefile"), "all:\n\t+@$(U) $(MAKE) -s inner\ninner: a b\n"+
			"a b:\n\t@touch $@; until [ -e a ] && [ -e b ]; do sleep 0.01; done; echo made $@\n")
		got := p.says("make -s -j2")
		if !strings.Contains(got, "made a\n") || !strings.Contains(got, "made b\n") || strings.Contains(got, "warning") || !strings.HasSuffix(got, "exit status 0\n") {
			t.Error(got)
		}
	})
}

// TestExecKilled holds that a command lives on when exec is killed, and that its end is not
// sent then.
func TestExecKilled(t *testing.T) {
	t.Parallel()
	p := wrapper(t, true)
	s := p.starts(`exec $U sh -c 'echo command $$; until [ -e over ]; do sleep 0.01; done; echo done'`)
	s.number("command")
	must(t, s.cmd.Process.Kill())
	_ = s.cmd.Wait()
	mustWrite(t, filepath.Join(p.home, "over"), "")
	s.until("done", 1)
	if ends := p.ends(); len(ends) > 0 {
		t.Errorf("its end is sent: %q", ends)
	}
}

// TestExecTrace holds what the command of a tool that sends by OTLP has in its environment: the
// trace and the span of the start event, unless it is in somebody else's trace.
func TestExecTrace(t *testing.T) {
	t.Parallel()
	server := newRecorder(t, "200")
	p := wrapper(t, true)
	p.declare("traced", strings.NewReplacer(
		`"mytool"`, `"traced"`, `"http"`, `"otlp"`, `"run"`, `"run.start"}, {name = "run.end"`, `name = "id"`, `name = "id", key = "/attributes/id"`,
	).Replace(oneEvent(server.url()))+"exec = {start = \"run.start\", end = \"run.end\"}\n")
	p.must("", "enable", "-q", "traced")
	const run, foreign = "11111111-2222-4333-8444-555555555555", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
	// environment is the run and the parent that commands print, each a line.
	environment := func(before, tool, command string) [][]string {
		t.Helper()
		var list [][]string
		said := p.says("print='echo run=$USAGECTL_RUN_ID parent=$TRACEPARENT'\n" + before + "\n" + p.exe + " exec " + tool + " -- " + command)
		for _, m := range regexp.MustCompile(`run=(.*) parent=(.*)`).FindAllStringSubmatch(said, -1) {
			list = append(list, m[1:])
		}
		if len(list) == 0 {
			t.Fatalf("nothing is printed: %s", said)
		}
		return list
	}
	// span is the one in a parent that has to be of a run.
	span := func(of []string) string {
		t.Helper()
		span, ok := strings.CutPrefix(of[1], "00-"+strings.ReplaceAll(of[0], "-", "")+"-")
		span, sampled := strings.CutSuffix(span, "-01")
		if !ok || !sampled || len(span) != 16 {
			t.Errorf("%q", of)
		}
		return span
	}

	own := environment("", "traced", `sh -c "$print"`)
	p.must("", "flush", "-q")
	if sent := p.must("", "inspect", "traced", "--sent", "--json"); !strings.Contains(strings.ReplaceAll(sent, "-", ""), `"`+span(own[0])) {
		t.Errorf("no event begins with %s: %s", span(own[0]), sent)
	}
	span(environment("export TRACEPARENT=", "traced", `sh -c "$print"`)[0])
	if got := environment("export TRACEPARENT="+foreign, "traced", `sh -c "$print"`); got[0][1] != foreign {
		t.Errorf("somebody else's trace does not go on: %q", got)
	}
	if got := environment("export USAGECTL_RUN_ID="+run, "traced", `sh -c "$print"`); got[0][0] != run || span(got[0]) == "" {
		t.Errorf("a run does not go on: %q", got)
	}
	if got := environment("", "traced", `sh -c "$print; exec `+p.exe+` exec traced -- sh -c '$print'"`); got[0][0] != got[1][0] || span(got[0]) == span(got[1]) {
		t.Errorf("within another: %q", got)
	}
	if got := environment("", "demo", `sh -c "$print"`); got[0][0] == "" || got[0][1] != "" {
		t.Errorf("of a tool that does not send by OTLP: %q", got)
	}
	if got := environment("export DO_NOT_TRACK=1", "traced", `sh -c "$print"`); got[0][0] != "" || got[0][1] != "" {
		t.Errorf("off: %q", got)
	}
}

// TestExecFields holds how a command's end is written into the fields that take it.
func TestExecFields(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]string{
		`{name = "code", type = "int"}, {name = "sign", type = "string"}, {name = "took", type = "float"}`: `"code":137,"sign":"SIGKILL","took":[0-9.]+,`,
		`{name = "sign", type = "int"}, {name = "took", type = "int"}, {name = "code", type = "int"}`:      `"sign":9,"took":0,"code":137,`,
	} {
		server := newRecorder(t, "200")
		p := newPersonIn(t, t.TempDir())
		p.declare("mytool", strings.NewReplacer(
			`"run"`, `"start"}, {name = "end"`, `field = [`, `field = [`+strings.ReplaceAll(fields, "}", `, events = ["end"], purpose = "Shows it."}`)+", ",
		).Replace(oneEvent(server.url()))+`exec = {start = "start", end = "end", exit_code = "code", signal = "sign", duration = "took"}`+"\n")
		p.must("", "enable", "-q", "mytool")
		if said := p.says("exec " + p.exe + " exec mytool -- sh -c 'kill -KILL $$'"); said != "signal: killed\n" {
			t.Error(said)
		}
		p.must("", "flush", "-q")
		bodies := strings.Join(server.bodies(), "\n")
		if !regexp.MustCompile(want).MatchString(bodies) || len(server.bodies()) != 2 {
			t.Errorf("want %s: %s", want, bodies)
		}
	}
}
