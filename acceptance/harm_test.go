//go:build linux

package acceptance

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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

// stranger is a user of whom the user database knows nothing, and so no home.
const stranger = 2_000_123

// TestHarmNoHome sends where no home is found, with what the XDG variables still tell. It
// never takes the directory where it was called for a home, and makes none.
func TestHarmNoHome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		home          string // unset if it is ""
		config, state bool
		arrives, kept bool
	}{
		{name: "nothing known"},
		{name: "state known", state: true},
		{name: "consent known", config: true, arrives: true},
		{name: "both known", config: true, state: true, arrives: true, kept: true},
		{name: "home is relative", home: "."},
		{name: "home does not exist", home: "NOWHERE"},
		{name: "home does not exist, both known", home: "NOWHERE", config: true, state: true, arrives: true, kept: true},
		{name: "home is a device", home: "/dev/null"},
		{name: "home is below a device", home: "/dev/null/home"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, stranger, "")
			p.enable()
			p.dir = t.TempDir()
			must(t, os.Chmod(p.dir, 0o777))
			nowhere := filepath.Join(p.dir, "nowhere")
			p.env = slices.DeleteFunc(p.env, func(v string) bool { return strings.HasPrefix(v, "HOME=") })
			if c.home != "" {
				p.env = append(p.env, "HOME="+strings.ReplaceAll(c.home, "NOWHERE", nowhere))
			}
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
			} else if _, msg, _ := p.run("", "send", "harm", "run.end", "-v"); !strings.Contains(msg, "off: what you decided is not known: ") {
				t.Errorf("send -v says %q", msg)
			}
			if _, err := os.Lstat(p.state("outbox")); errors.Is(err, fs.ErrNotExist) == c.kept {
				t.Errorf("the outbox: %v", err)
			}
			for _, args := range [][]string{{"flush"}, {"flush", "harm"}, {"status"}, {"status", "harm"}, {"inspect", "harm"}, {"disable", "harm"}} {
				p.run("", args...)
			}
			if _, msg, code := p.run("", "forget", "harm", "--yes"); code != 73 || !strings.Contains(msg, "nothing was changed for harm: the home directory is not known") {
				t.Errorf("forget: exit code %d, stderr %q", code, msg)
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
	t.Parallel()
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
