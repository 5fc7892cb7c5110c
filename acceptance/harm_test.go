//go:build linux

package acceptance

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Whoever calls "send" is never harmed: it ends with 0 and without a word,
// whatever is wrong with the network, the disk or the process, and the event is
// kept or delivered wherever that is possible.
//
// Nothing here leaves loopback: what is not loopback lives in a network
// namespace of the test's own.

// harmManifest declares the tool of these tests; %s is the endpoint.
const harmManifest = `schema = 1

[tool]
id      = "harm"
purpose = "To see that nobody is harmed."

[consent]
default = "opt-in"

[identity]
kind = "random"

[send]
transport = "http"
endpoint  = "%s"

[forget]
method = "none"

[[event]]
name = "run.end"

[[event]]
name = "run.strict"

[[field]]
name    = "id"
from    = "event.id"
purpose = "To count an event once that arrives twice."

[[field]]
name    = "source"
from    = "identity.source"
purpose = "To have an ID made, where one can be."

[[field]]
name    = "user"
from    = "host.user_hash"
purpose = "To have a key made, where one can be."

[[field]]
name    = "exit_code"
type    = "int"
min     = 0
max     = 255
purpose = "To tell one event from the other."

[[field]]
name    = "big"
type    = "int"
purpose = "To see large numbers arrive as they are."

[[field]]
name    = "word"
type    = "string"
purpose = "To see text left out that is too long."

[[field]]
name    = "detail"
type    = "json"
purpose = "To see large numbers arrive inside a document."

[[field]]
name     = "needed"
type     = "string"
events   = ["run.strict"]
required = true
purpose  = "To see an event left out without it."
`

// TestHarmBlackHole sends to a port where nobody picks up the phone, and again
// while the deliverer is stuck there.
func TestHarmBlackHole(t *testing.T) {
	t.Parallel()
	hole := digBlackHole(t)
	p := newPerson(t, 0, "http://"+hole.address)
	p.enable()
	p.send()
	p.awaitStuckDeliverer()
	p.send()
	p.send()
	if n := len(deliverers(p.home)); n > 1 {
		t.Errorf("%d deliverers are at work, one of them stuck; want no other", n)
	}
	p.holds(3)
	p.recorder = hole.heal(t)
	p.flushed()
	p.arrived(3)
}

// TestHarmLostNetwork sends where packets vanish, and where there is no way out.
func TestHarmLostNetwork(t *testing.T) {
	for name, network := range map[string]string{
		// The neighbour's address is known and nobody has it: all packets to it are lost.
		"packets dropped": `ip link set lo up
			ip link add out type veth peer name in
			ip addr add 192.0.2.1/24 dev out
			ip link set out up
			ip link set in up
			ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev out nud permanent`,
		"no route":    `ip link set lo up`,
		"no loopback": `true`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needProgram(t, "ip")
			private(t, unix.CLONE_NEWNET)
			inShell(t, network)
			p := newPerson(t, 0, "https://192.0.2.9/v1/event")
			p.enable()
			p.send()
			eventually(t, "a deliverer tries, or has tried", func() bool {
				return len(p.files("claimed")) > 0 || slices.Contains(p.files(""), "backoff.json")
			})
			p.send()
			p.holds(2)
		})
	}
}

// TestHarmNameLookupHangs sends to a name whose look-up gets no answer. It is the
// deliverer that waits for it, in a namespace that has nothing but loopback.
func TestHarmNameLookupHangs(t *testing.T) {
	t.Parallel()
	needProgram(t, "ip")
	private(t, unix.CLONE_NEWNET|unix.CLONE_NEWNS)
	inShell(t, `ip link set lo up`)
	asked := deafNameServer(t)
	p := newPerson(t, 0, "https://telemetry.invalid-host.example/v1/event")
	p.enable()
	p.send()
	select {
	case <-asked:
	case <-time.After(patience):
		t.Fatal("nobody asked the name server, so this showed nothing")
	}
	p.send()
	p.holds(2)
}

// TestHarmReadOnlyState sends as somebody who cannot write where the state
// belongs. The event cannot be kept, so it goes straight to a deliverer.
func TestHarmReadOnlyState(t *testing.T) {
	t.Parallel()
	p := newPerson(t, nobody, "")
	p.enable()
	p.losesState()
	p.send()
	p.arrived(1)
	if _, err := os.Lstat(p.state()); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the state directory can be written after all, so this showed nothing: %v", err)
	}
}

// TestHarmNothingWorks sends as somebody who cannot write, to a receiver that does
// not answer. The event is lost in the end, and the deliverer goes with it.
func TestHarmNothingWorks(t *testing.T) {
	t.Parallel()
	p := newPerson(t, nobody, "http://"+digBlackHole(t).address)
	p.enable()
	p.losesState()
	p.send()
	p.send()
	eventually(t, "the deliverers give up", func() bool { return len(deliverers(p.home)) == 0 })
}

// TestHarmFullDisk sends where nothing can be written any more: no byte, or no file.
func TestHarmFullDisk(t *testing.T) {
	for _, c := range []struct {
		name, options string
		fill          func(t *testing.T, dir string)
	}{
		{"no space", "size=256k", fillSpace},
		{"no inodes", "nr_inodes=64", fillInodes},
	} {
		for _, used := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, used before %v", c.name, used), func(t *testing.T) {
				t.Parallel()
				private(t, unix.CLONE_NEWNS)
				p := newPerson(t, 0, "")
				for _, dir := range []string{p.state(), filepath.Join(p.home, ".harm")} {
					mountTmpfs(t, dir, c.options)
				}
				p.enable()
				if used {
					p.send()
					p.arrived(1)
					endDeliverers(t, p.home)
				}
				before := len(p.recorder.taken())
				c.fill(t, p.state())
				c.fill(t, filepath.Join(p.home, ".harm"))
				p.send()
				p.arrived(before + 1)
				if half := p.files("tmp"); len(half) > 0 {
					t.Errorf("half an event was left: %q", half)
				}
			})
		}
	}
}

// TestHarmFullDiskLater has the disk fill up while an event waits. It leaves all
// the same, once.
func TestHarmFullDiskLater(t *testing.T) {
	t.Parallel()
	private(t, unix.CLONE_NEWNS)
	p := newPerson(t, 0, "")
	mountTmpfs(t, p.state(), "size=256k")
	p.enable()
	p.holdBack()
	p.send()
	p.holds(1)
	fillSpace(t, p.state())
	p.flushed()
	p.arrived(1)
	p.holds(0)
}

// TestHarmNoHome sends without HOME, with what the XDG variables still tell. It
// never takes the directory where it was called for a home.
func TestHarmNoHome(t *testing.T) {
	for _, c := range []struct {
		name          string
		config, state bool
		arrives, kept bool
	}{
		{name: "nothing known"},
		{name: "state known", state: true},
		{name: "consent known", config: true, arrives: true},
		{name: "both known", config: true, state: true, arrives: true, kept: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, 0, "")
			p.enable()
			p.dir = t.TempDir()
			p.env = slices.DeleteFunc(p.env, func(v string) bool { return strings.HasPrefix(v, "HOME=") })
			p.env = append(p.env, "XDG_DATA_HOME="+filepath.Join(p.home, ".local", "share"), "MARK="+p.home)
			if c.config {
				p.env = append(p.env, "XDG_CONFIG_HOME="+filepath.Join(p.home, ".config"))
			}
			if c.state {
				p.env = append(p.env, "XDG_STATE_HOME="+filepath.Join(p.home, ".local", "state"))
			}
			p.send()
			if c.arrives {
				p.arrived(1)
			}
			if _, err := os.Lstat(p.state("outbox")); errors.Is(err, fs.ErrNotExist) == c.kept {
				t.Errorf("the outbox: %v", err)
			}
			for _, args := range [][]string{{"flush"}, {"flush", "harm"}, {"status"}, {"status", "harm"}, {"inspect", "harm"}, {"disable", "harm"}} {
				p.run("", args...)
			}
			if files := filesIn(p.dir); len(files) > 0 {
				t.Errorf("in the directory where it was called there is now %q", files)
			}
			if requests := len(p.recorder.all()); !c.arrives && requests > 0 {
				t.Errorf("%d events left without consent", requests)
			}
		})
	}
}

// TestHarmCircumstances calls send as badly as a process can be called. The
// event arrives each time.
func TestHarmCircumstances(t *testing.T) {
	for name, call := range map[string]func(p *person, args ...string) *exec.Cmd{
		"no streams": func(p *person, args ...string) *exec.Cmd {
			return p.by([]string{"sh", "-c", `exec "$@" <&- >&- 2>&-`, "sh"}, args...)
		},
		"no directory": func(p *person, args ...string) *exec.Cmd {
			return p.by([]string{"sh", "-c", `mkdir gone && cd gone && rmdir ../gone && exec "$@"`, "sh"}, args...)
		},
		"no file may grow": func(p *person, args ...string) *exec.Cmd {
			if testing.CoverMode() != "" {
				p.t.Skip("what is covered could not be written down, and the program would say so")
			}
			return p.by([]string{"prlimit", "--fsize=0"}, args...)
		},
		"TMPDIR nowhere": func(p *person, args ...string) *exec.Cmd {
			p.env = append(p.env, "TMPDIR=/nowhere")
			return p.command(args...)
		},
		"TMPDIR empty": func(p *person, args ...string) *exec.Cmd {
			p.env = append(p.env, "TMPDIR=")
			return p.command(args...)
		},
		"no PATH": func(p *person, args ...string) *exec.Cmd {
			p.env = append(p.env, "PATH=")
			return p.command(args...)
		},
		"signals ignored": func(p *person, args ...string) *exec.Cmd {
			return p.by([]string{"sh", "-c", `trap "" HUP INT PIPE TERM CHLD; exec "$@"`, "sh"}, args...)
		},
		"umask 0777": func(p *person, args ...string) *exec.Cmd {
			return p.by([]string{"sh", "-c", `umask 0777; exec "$@"`, "sh"}, args...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, 0, "")
			p.enable()
			cmd := call(p, "send", "harm", "run.end")
			needProgram(t, cmd.Path)
			unharmed(t, cmd)
			p.arrived(1)
		})
	}
}

// TestHarmBrokenPipes has nobody read what send says: its answer, and what it
// tells the author of the script.
func TestHarmBrokenPipes(t *testing.T) {
	for name, args := range map[string][]string{
		"stdout": {"--json"},
		"stderr": {"--set", "nothing=1"},
	} {
		for how, open := range map[string]func(*testing.T) *os.File{"no reader": brokenPipe, "full": fullDevice} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				p := newPerson(t, 0, "")
				p.enable()
				cmd := p.command(append([]string{"send", "harm", "run.end"}, args...)...)
				if name == "stdout" {
					cmd.Stdout = open(t)
				} else {
					cmd.Stderr = open(t)
				}
				if err := cmd.Run(); err != nil {
					t.Errorf("%q: %v", args, err)
				}
				p.arrived(1)
			})
		}
	}
}

// TestHarmWaitRunsOut waits for a delivery that takes longer. The caller goes on,
// and so does the delivery, in the background.
func TestHarmWaitRunsOut(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.recorder.hangs(1, "200")
	p.enable()
	p.send("--wait=500ms")
	p.arrived(1)
}

// TestHarmProgramGone has the program be replaced while it runs, as an upgrade
// does. No deliverer can be started then, and the event is kept.
func TestHarmProgramGone(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.enable()
	program, err := os.Open(p.exe)
	must(t, err)
	defer program.Close()
	must(t, os.Remove(p.exe))
	cmd := p.command("send", "harm", "run.end")
	cmd.Path = fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), program.Fd())
	unharmed(t, cmd)
	p.holds(1)
}

// TestHarmNoProcesses lets a person have too few processes for a deliverer. Go's
// own runtime dies where there are even fewer; nothing can be done about that.
func TestHarmNoProcesses(t *testing.T) {
	needProgram(t, "prlimit")
	const loner = 61937 // the limit counts a user's processes, so it takes one of the test's own
	p := newPerson(t, loner, "")
	p.enable()
	kept := 0
	for most := 16; most > 3; most-- {
		endDeliverers(t, p.home)
		cmd := p.by([]string{"prlimit", fmt.Sprintf("--nproc=%d", most)}, "send", "harm", "run.end")
		var out, msg bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &msg
		err := cmd.Run()
		if strings.Contains(msg.String(), "pthread_create failed") || strings.Contains(msg.String(), "failed to create new OS thread") {
			continue
		}
		if kept++; err != nil || out.Len() > 0 || msg.Len() > 0 {
			t.Errorf("with %d processes: %v, stdout %q, stderr %q", most, err, out.String(), msg.String())
		}
	}
	endDeliverers(t, p.home)
	p.flushed()
	// Some of those that died had done their work before.
	if n := len(p.recorder.taken()); kept == 0 || n < kept {
		t.Errorf("%d events were taken, %d arrived", kept, n)
	}
}

// TestHarmFewFiles delivers where only so many files may be open. What cannot be
// read for that reason is an event all the same.
func TestHarmFewFiles(t *testing.T) {
	t.Parallel()
	needProgram(t, "prlimit")
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	const events = 30
	for range events {
		p.send()
	}
	for most := 8; most < 24; most++ {
		cmd := p.by([]string{"prlimit", fmt.Sprintf("--nofile=%d", most)}, "flush", "--timeout=300ms")
		if out, err := cmd.CombinedOutput(); err == nil && p.queued() > 0 {
			t.Errorf("with %d files flush says that nothing waits, and %d events do: %s", most, p.queued(), out)
		}
	}
	p.flushed()
	p.arrived(events)
	if got := p.status(); got != (counts{}) {
		t.Errorf("status tells %+v", got)
	}
}

// TestHarmUnreadableEntry has an event in the outbox that the deliverer may not
// read, such as one that root queued in this home. It is no rubbish to be thrown
// away, and it does not stand in the way of the others.
func TestHarmUnreadableEntry(t *testing.T) {
	t.Parallel()
	p := newPerson(t, nobody, "")
	p.enable()
	p.holdBack()
	p.send()
	theirs := p.outbox("new", entryName(time.Now().Add(-time.Hour).UnixNano()))
	const content = `{"schema":1,"tool":"harm","event":"run.end"}`
	mustWrite(t, theirs, content) // of root, mode 0600
	p.run("", "flush", "--timeout=5s")
	p.arrived(1)
	if data, err := os.ReadFile(theirs); err != nil || string(data) != content {
		t.Errorf("the event that could not be read is gone: %q, %v", data, err)
	}
}

// TestHarmFullOutbox has more events wait than the outbox is meant to hold. Send
// takes the new one all the same; it is the deliverer that lets the oldest go.
func TestHarmFullOutbox(t *testing.T) {
	t.Parallel()
	const most, over = 10_000, 50
	p := newPerson(t, 0, "http://"+closedPort(t))
	p.enable()
	p.holdBack()
	p.send()
	first := p.outbox("new", p.files("new")[0])
	begin := time.Now().Add(-time.Hour)
	var old []string
	for i := range most + over - 1 {
		old = append(old, entryName(begin.Add(time.Duration(i)).UnixNano()))
		must(t, os.Link(first, p.outbox("new", old[i])))
	}
	p.send()
	p.holds(most + over + 1)
	p.letGo()
	p.send() // wakes a deliverer
	eventually(t, "the outbox is back within its bounds", func() bool { return p.queued() <= most })
	endDeliverers(t, p.home)

	gone := over + 2
	p.holds(most)
	if got := p.status(); got != (counts{Queued: most, Dropped: gone}) {
		t.Errorf("status tells %+v, want %d dropped", got, gone)
	}
	left := strings.Join(append(p.files("new"), p.files("claimed")...), " ")
	for i, name := range old {
		if dropped := i < gone; strings.Contains(left, name) == dropped {
			t.Fatalf("event %d of %d, from the oldest: dropped %v", i, len(old), !dropped)
		}
	}
}

// TestHarmClocks has been used under clocks that were wrong, in the past and in
// the future. Whatever they left behind, nothing is lost and nothing waits for
// a time that never comes.
func TestHarmClocks(t *testing.T) {
	far := time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, clock := range map[string]time.Time{
		"1970":      time.Unix(1, 0),
		"yesterday": time.Now().Add(-24 * time.Hour),
		"tomorrow":  time.Now().Add(24 * time.Hour),
		"2199":      far,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, 0, "")
			p.enable()
			p.holdBack()
			for range 4 {
				p.send()
			}
			p.letGo()
			p.relive(clock)
			p.send()
			p.arrived(5) // by itself, without flush
			eventually(t, "the outbox is empty", func() bool { return p.queued() == 0 })
			if got := p.status(); got != (counts{}) {
				t.Errorf("status tells %+v", got)
			}
		})
	}
}

// relive makes the outbox look as if its events had been taken, one of them
// claimed, a delivery failed and a deliverer begun under another clock.
func (p *person) relive(clock time.Time) {
	p.t.Helper()
	for i, name := range p.files("new") {
		_, id, _ := strings.Cut(name, "-")
		then := fmt.Sprintf("%016x-%s", clock.UnixNano(), id)
		to := p.outbox("new", then)
		if i == 0 { // by a process that lives: this one
			to = p.outbox("claimed", fmt.Sprintf("%s~%d.%d.0123456789ab", then, clock.Unix()+120, os.Getpid()))
		}
		must(p.t, os.Rename(p.outbox("new", name), to))
	}
	// A wait that this clock takes for a true one is the one thing to be respected.
	if time.Until(clock).Abs() > 48*time.Hour {
		mustWrite(p.t, p.outbox("backoff.json"), backoffUntil(clock.Add(time.Minute)))
	}
	baton := p.state("outbox", ".deliverer")
	mustWrite(p.t, baton, fmt.Sprintf("%d.0123456789ab", os.Getpid()))
	must(p.t, os.Chtimes(baton, clock, clock))
}

// TestHarmMissingDirectories finds the outbox as a command leaves it that is
// killed while it makes or empties it. Events are kept all the same.
func TestHarmMissingDirectories(t *testing.T) {
	for _, gone := range [][]string{{"new"}, {"claimed"}, {"rejected"}, {"new", "claimed"}, {"tmp"}, {"tmp", "new", "claimed", "rejected"}} {
		t.Run(strings.Join(gone, " "), func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, 0, "")
			p.enable()
			p.holdBack()
			for _, part := range gone {
				must(t, os.Remove(p.outbox(part)))
			}
			p.send()
			p.send()
			p.holds(2)
			p.flushed()
			p.arrived(2)
		})
	}
}

// TestHarmZombie kills a deliverer where nobody collects the dead, as in most
// containers. Dead is dead: the next event starts another one, which takes over
// what the dead one had in hand.
func TestHarmZombie(t *testing.T) {
	const inside = "USAGECTL_TEST_SUBREAPER"
	if os.Getenv(inside) == "" {
		t.Parallel()
		aside := exec.Command(os.Args[0], "-test.run=^TestHarmZombie$", "-test.v")
		aside.Env = append(os.Environ(), inside+"=1")
		if out, err := aside.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	// This process inherits the orphans, and collects none.
	must(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
	p := newPerson(t, 0, "")
	p.recorder.hangs(1, "200")
	p.enable()
	p.send()
	eventually(t, "the event is under way", func() bool { return p.recorder.waiting() == 1 })
	dead := deliverers(p.home)
	if len(dead) != 1 {
		t.Fatalf("deliverers: %v", dead)
	}
	must(t, syscall.Kill(dead[0], syscall.SIGKILL))
	eventually(t, "it is a zombie", func() bool {
		return bytes.Contains(mustRead(t, fmt.Sprintf("/proc/%d/stat", dead[0])), []byte(") Z "))
	})
	p.send()
	p.arrived(2)
}

// mistake is one of the caller's.
type mistake struct {
	name  string
	args  []string
	stdin string
	told  string // must be in what the caller is told
	kept  bool   // the event is taken, without what is wrong
}

func mistakes(t *testing.T) []mistake {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	must(t, syscall.Mkfifo(fifo, 0o600))
	large := strings.Repeat("x", 100_000) // the system takes 128 KiB in one argument
	megabyte := []string{"harm", "run.end"}
	for range 12 {
		megabyte = append(megabyte, "--set", "word="+large)
	}
	set := func(text string) []string { return []string{"harm", "run.end", "--set", text} }
	data := func(file string) []string { return []string{"harm", "run.end", "--data", file} }
	return []mistake{
		{name: "unknown tool", args: []string{"harn", "run.end"}, told: `did you mean "harm"?`},
		{name: "no tool ID", args: []string{"No Tool", "run.end"}, told: "No Tool"},
		{name: "unknown event", args: []string{"harm", "run.ned"}, told: `did you mean "run.end"?`},
		{name: "empty event", args: []string{"harm", ""}, told: "no event"},
		{name: "unknown field", args: set("exit_cod=1"), told: `did you mean "exit_code"?`, kept: true},
		{name: "field that is not the caller's", args: set("source=me"), told: "cannot be set", kept: true},
		{name: "field of another event", args: set("needed=1"), told: "run.strict", kept: true},
		{name: "wrong type", args: set("exit_code=one"), told: `"one" is no int`, kept: true},
		{name: "out of range", args: set("exit_code=256"), told: "256 is more than 255", kept: true},
		{name: "no equals sign", args: set("exit_code"), told: "NAME=VALUE", kept: true},
		{name: "empty name", args: set("=1"), told: "NAME=VALUE", kept: true},
		{name: "nothing", args: set(""), told: "NAME=VALUE", kept: true},
		{name: "line breaks", args: set("a\nb\r\x1b[2J=1"), told: "no field", kept: true},
		{name: "no UTF-8", args: set("word=\xff\xfe"), told: "UTF-8", kept: true},
		{name: "a megabyte", args: megabyte, told: "more than 1024", kept: true},
		{name: "a long name", args: set(large + "=1"), told: "no field", kept: true},
		{name: "several", args: append(set("exit_code=1.5"), "--set", "huh=1", "--run", "7"), told: "UUID", kept: true},
		{name: "required field", args: []string{"harm", "run.strict"}, told: "needed"},
		{name: "required field that does not fit", args: []string{"harm", "run.strict", "--set", "needed=\xff"}, told: "needed"},
		{name: "data is no object", args: data("-"), stdin: `[1]`, told: "--data", kept: true},
		{name: "data is no JSON", args: data("-"), stdin: "{\n'a': 1}\n", told: "--data", kept: true},
		{name: "data is empty", args: data("-"), told: "--data", kept: true},
		{name: "data twice the same", args: data("-"), stdin: `{"exit_code": 1, "exit_code": 2}`, told: "exit_code", kept: true},
		{name: "data with a megabyte", args: data("-"), stdin: `{"word": "` + strings.Repeat("x", 1<<20-100) + `"}`, told: "more than 1024", kept: true},
		{name: "data too large", args: data("-"), stdin: `{"word": "` + strings.Repeat("x", 1<<20) + `"}`, told: "--data", kept: true},
		{name: "data in a FIFO", args: data(fifo), told: "not a regular file", kept: true},
		{name: "data in a directory", args: data(dir), told: "not a regular file", kept: true},
		{name: "data nowhere", args: data(filepath.Join(dir, "nowhere")), told: "no such file", kept: true},
		{name: "data in a device", args: data("/dev/zero"), told: "not a regular file", kept: true},
	}
}

// TestHarmMistakes holds that a mistake of the caller is told in one line and
// costs no more than what was wrong, and that --fail makes all of it an error.
func TestHarmMistakes(t *testing.T) {
	for _, m := range mistakes(t) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, 0, "")
			p.enable()
			p.holdBack()
			p.oneLine(m, 65, "--fail")
			p.holds(0)
			p.oneLine(m, 0)
			if m.kept {
				p.holds(1)
			} else {
				p.holds(0)
			}
		})
	}
}

func (p *person) oneLine(m mistake, want int, extra ...string) {
	p.t.Helper()
	out, msg, code := p.run(m.stdin, append(append([]string{"send"}, m.args...), extra...)...)
	if code != want || out != "" {
		p.t.Errorf("%q: exit code %d, stdout %q; want %d and nothing", extra, code, out, want)
	}
	if !strings.HasPrefix(msg, "usagectl: ") || strings.Index(msg, "\n") != len(msg)-1 || !strings.Contains(msg, m.told) || len(msg) > 2000 {
		p.t.Errorf("%q: stderr %.3000q; want one line with %q", extra, msg, m.told)
	}
	if strings.ContainsAny(msg, "\r\x1b\x00") {
		p.t.Errorf("%q: stderr %q holds control characters", extra, msg)
	}
}

// TestHarmUsage holds that only the words of the command line make send fail.
func TestHarmUsage(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	for _, args := range [][]string{
		{},
		{"harm"},
		{"harm", "run.end", "more"},
		{"harm", "run.end", "--sett", "a=b"},
		{"harm", "run.end", "--wait=soon"},
		{"harm", "run.end", "--set"},
		{"harm", "run.end", "-x"},
	} {
		out, msg, code := p.run("", append([]string{"send"}, args...)...)
		if code != 64 || out != "" || !strings.HasPrefix(msg, "usagectl: ") {
			t.Errorf("send %q: exit code %d, stdout %q, stderr %q; want 64", args, code, out, msg)
		}
	}
	p.holds(0)
}

// TestHarmLargeNumbers holds that numbers beyond 2^53 arrive as they were given.
func TestHarmLargeNumbers(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	p.send("--set", "big=9007199254740993")
	p.send("--set", "big=-9223372036854775808")
	if _, msg, code := p.run(`{"big": 9223372036854775807, "detail": {"n": [123456789012345678901234567890, 9007199254740993]}}`,
		"send", "harm", "run.end", "--data", "-"); code != 0 || msg != "" {
		t.Errorf("exit code %d, stderr %q", code, msg)
	}
	p.flushed()
	p.arrived(3)
	all := fmt.Sprint(p.recorder.taken())
	for _, want := range []string{
		`"big":9007199254740993`, `"big":-9223372036854775808`, `"big":9223372036854775807`,
		`"detail":{"n":[123456789012345678901234567890,9007199254740993]}`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%s did not arrive: %s", want, all)
		}
	}
}

// TestHarmOff holds that off is complete: whatever it is that says so, send
// changes no file, opens no socket and starts no process.
func TestHarmOff(t *testing.T) {
	for _, c := range []struct {
		rule    string
		env     string
		prepare func(p *person)
	}{
		{rule: "undecided"},
		{rule: "ci", env: "CI=true"},
		{rule: "do-not-track", env: "DO_NOT_TRACK=1", prepare: (*person).enable},
		{rule: "usagectl-env", env: "USAGECTL_TELEMETRY=0", prepare: (*person).enable},
		{rule: "user", prepare: func(p *person) {
			p.enable()
			p.run("", "disable", "harm")
		}},
		{rule: "unreadable", prepare: func(p *person) {
			p.enable()
			must(p.t, os.Chmod(filepath.Join(p.home, ".config", "usagectl", "consent", "harm.toml"), 0o666))
		}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			needProgram(t, "strace")
			p := newPerson(t, 0, "")
			if c.prepare != nil {
				c.prepare(p)
			}
			p.env = append(p.env, c.env)
			if out, _, _ := p.run("", "send", "harm", "run.end", "--json"); !strings.Contains(out, fmt.Sprintf(`"rule":%q`, c.rule)) {
				t.Fatalf("send tells %s, want the rule %q", out, c.rule)
			}
			before := listing(t, p.home)
			cmd, trace := p.traced("send", "harm", "run.end")
			unharmed(t, cmd)
			if after := listing(t, p.home); after != before {
				t.Errorf("the home was\n%sand is\n%s", before, after)
			}
			onlyReads(t, trace())
			if requests := len(p.recorder.all()); requests > 0 {
				t.Errorf("%d requests were sent", requests)
			}
		})
	}
}

// TestHarmNoNetworkForCaller holds that taking an event opens no socket.
func TestHarmNoNetworkForCaller(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	cmd, trace := p.traced("send", "harm", "run.end")
	unharmed(t, cmd)
	p.holds(1)
	for _, call := range trace() {
		// A program that was built with cgo may ask a local name service who the user is.
		if network.MatchString(call) && !strings.Contains(call, "AF_UNIX") {
			t.Errorf("send did %s", call)
		}
	}
}

// TestHarmOldAgreement puts an event back that was queued before a refusal, as a
// slow sender could. It never leaves, whatever is agreed to later.
func TestHarmOldAgreement(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	p.send()
	late := p.files("new")[0]
	entry := mustRead(t, p.outbox("new", late))
	p.run("", "disable", "harm")
	p.holds(0)
	p.enable()
	p.holdBack()
	p.send()
	mustWrite(t, p.outbox("new", late), string(entry))
	p.flushed()
	p.arrived(1)
	if strings.Contains(fmt.Sprint(p.recorder.taken()), eventID(t, entry)) {
		t.Error("the event of the old agreement left")
	}
	if got := p.status(); got != (counts{Dropped: 1}) {
		t.Errorf("status tells %+v, want 1 dropped", got)
	}
}

// TestHarmDisableWhileDelivering refuses while a deliverer waits for the
// receiver, with whatever the receiver says in the end. What was on its way is
// gone; nothing else leaves, and nothing comes back into the outbox.
func TestHarmDisableWhileDelivering(t *testing.T) {
	for _, answer := range []string{"200", "503:1", "400", "close"} {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, enabled again %v", answer, again), func(t *testing.T) {
				t.Parallel()
				p := newPerson(t, 0, "")
				p.recorder.hangs(underWay, answer)
				p.enable()
				p.holdBack()
				for range 2 * underWay {
					p.send()
				}
				p.letGo()
				p.send()
				eventually(t, "a deliverer waits", func() bool { return p.recorder.waiting() == underWay })
				p.run("", "disable", "harm")
				if again {
					p.enable()
				}
				p.recorder.goOn()
				eventually(t, "the deliverer ends", func() bool { return len(deliverers(p.home)) == 0 })
				p.run("", "flush")
				if requests := len(p.recorder.all()); requests != underWay {
					t.Errorf("%d events left after the refusal", requests-underWay)
				}
				for _, part := range []string{"new", "claimed", "tmp", "rejected"} {
					if files := p.files(part); len(files) > 0 {
						t.Errorf("after the refusal %s/ holds %q", part, files)
					}
				}
			})
		}
	}
}

// TestHarmWaitThrownAway refuses while somebody waits for a delivery. They are not told
// that it was sent.
func TestHarmWaitThrownAway(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.recorder.hangs(1, "200")
	p.enable()
	cmd := p.command("send", "harm", "run.end", "--wait=25s", "--fail", "--json")
	var out bytes.Buffer
	cmd.Stdout = &out
	must(t, cmd.Start())
	eventually(t, "the receiver has it", func() bool { return p.recorder.waiting() == 1 })
	said, msg, code := p.run("", "disable", "harm")
	if code != 0 || !strings.Contains(said, "One was stopped while it was being sent, and may have arrived.") {
		t.Errorf("disable: exit code %d, %q, %q", code, said, msg)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 69 || !regexp.MustCompile(`"outcome":"dropped".*may have arrived`).MatchString(out.String()) {
		t.Errorf("send: %v, %s", err, out.String())
	}
	p.recorder.goOn()
	if got := p.status(); got != (counts{Dropped: 1}) {
		t.Errorf("%+v", got)
	}
}

// TestHarmDisableDuringHandshake refuses while a server delays its handshake. It gets
// nothing, whenever it goes on, and the event was thrown away as disable says.
func TestHarmDisableDuringHandshake(t *testing.T) {
	for _, c := range []struct {
		command []string
		says    string
	}{
		{[]string{"disable", "harm"}, "One queued event was thrown away."},
		{[]string{"disable", "--all"}, "One queued event was thrown away."},
		{[]string{"disable", "--all", "--system"}, "Refused for everybody"},
	} {
		t.Run(strings.Join(c.command, " "), func(t *testing.T) {
			t.Parallel()
			private(t, unix.CLONE_NEWNS)
			mountTmpfs(t, "/etc/xdg", "size=256k")
			var requests atomic.Int32
			hello, goOn := make(chan bool, 8), make(chan bool)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
				hello <- true
				<-goOn
				return nil, nil
			}}
			server.StartTLS()
			defer server.Close()
			p := newPerson(t, 0, server.URL+"/v1/event")
			roots := filepath.Join(t.TempDir(), "roots.pem")
			mustWrite(t, roots, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
			p.env = append(p.env, "SSL_CERT_FILE="+roots)
			p.enable()
			p.send()
			<-hello
			out, msg, code := p.run("", c.command...)
			if code != 0 || !strings.Contains(out, c.says) {
				t.Errorf("exit code %d, %q, %q", code, out, msg)
			}
			close(goOn)
			eventually(t, "the deliverer ends", func() bool { return len(deliverers(p.home)) == 0 })
			if n := requests.Load(); n != 0 {
				t.Errorf("%d requests arrived after the refusal", n)
			}
			p.holds(0)
			// It is the refusal that stopped it: with an agreement the same server gets one.
			p.run("", "enable", "--all", "--system")
			p.run("", "enable", "--all")
			p.enable()
			p.send()
			eventually(t, "an event arrives", func() bool { return requests.Load() == 1 })
		})
	}
}

// TestHarmDisableRace refuses in the middle of a burst of events. None of them
// leaves once everybody has come to rest, whatever is agreed to then.
func TestHarmDisableRace(t *testing.T) {
	p := newPerson(t, 0, "")
	for range 4 {
		p.enable()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 4 {
					p.run("", "send", "harm", "run.end")
				}
			})
		}
		p.run("", "disable", "harm")
		wg.Wait()
		eventually(t, "the deliverers end", func() bool { return len(deliverers(p.home)) == 0 })
		before := len(p.recorder.all())
		p.enable()
		p.flushed()
		if after := len(p.recorder.all()); after != before {
			t.Errorf("%d events of an earlier agreement left", after-before)
		}
	}
}
