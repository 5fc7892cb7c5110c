//go:build linux && long

package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/uuid"
)

// kinds are what can be where a file is expected.
func kinds(t *testing.T, victim string) map[string]func(path string) error {
	t.Helper()
	return map[string]func(string) error{
		"fifo":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"device":    func(path string) error { return os.Symlink("/dev/zero", path) },
		"terminal":  func(path string) error { return os.Symlink("/dev/tty", path) },
		"link":      func(path string) error { return os.Symlink(victim, path) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"huge": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 5<<30))
		},
		"numbers": func(path string) error {
			return os.WriteFile(path, []byte(`{"schema":-1,"failures":-1,"not_before":"9999-12-31T23:59:59Z","earlier":-9223372036854775808}`+"\n"), 0o600)
		},
	}
}

// TestOddKeptFiles puts everything that a file can be, and should not, in the place of
// every file that is kept. Every command ends on its own, within little memory and
// without a panic, and changes nothing through a link.
func TestOddKeptFiles(t *testing.T) {
	needProgram(t, "prlimit")
	id := uuid.NewString()
	state := ".local/state/usagectl/"
	places := []string{
		state + "outbox", state + "outbox/.deliverer", state + "outbox/harm", state + "outbox/harm/new", state + "outbox/harm/claimed",
		state + "outbox/harm/backoff.json", state + "outbox/harm/dropped", state + "outbox/harm/dropped.1",
		state + "outbox/harm/new/" + entryName(1<<60), state + "outbox/harm/claimed/" + entryName(1<<60) + "~1.2.x", state + "outbox/harm/claimed/~1.2.x",
		state + "outbox/harm/rejected/" + entryName(1<<60), state + "outbox/harm/discarded/" + entryName(1<<60) + "~refused",
		state + "journal", state + "journal/harm.jsonl", state + "journal/harm.jsonl.1", state + "keys", state + "keys/harm",
		state + "deletions", state + "deletions/" + strings.Repeat("0", 64) + ".json", state + "deletions/." + strings.Repeat("0", 64) + ".claim",
		".config/usagectl", ".config/usagectl/consent", ".config/usagectl/consent/all.toml", ".config/usagectl/consent/harm.refused",
		".local/share/usagectl/tools/other.toml", ".harm/source", ".env",
	}
	commands := [][]string{
		{"status"},
		{"status", "harm"},
		{"status", "--all", "--json"},
		{"inspect", "harm"},
		{"inspect", "harm", "--queued"},
		{"inspect", "harm", "--sent"},
		{"send", "harm", "run.end"},
		{"send", "harm", "run.end", "--wait=200ms"},
		{"flush", "--timeout", "500ms"},
		{"flush", "--rejected", "--timeout", "500ms"},
		{"env", "--all"},
		{"enable", "--all"},
		{"forget", "harm", "--yes"},
		{"disable", "harm"},
		{"status"},
	}
	var wg sync.WaitGroup
	free := make(chan bool, 4)
	for _, place := range places {
		wg.Go(func() {
			free <- true
			defer func() { <-free }()
			t.Run(strings.ReplaceAll(place, "/", " "), func(t *testing.T) {
				victim := filepath.Join(t.TempDir(), "victim")
				for kind, put := range kinds(t, victim) {
					p := newPerson(t, 0, "")
					p.enable()
					must(t, os.MkdirAll(filepath.Join(p.home, ".harm"), 0o700))
					mustWrite(t, filepath.Join(p.home, ".harm", "source"), id)
					mustWrite(t, victim, "victim\n")
					path := filepath.Join(p.home, filepath.FromSlash(place))
					must(t, os.MkdirAll(filepath.Dir(path), 0o700))
					must(t, os.RemoveAll(path))
					must(t, put(path))
					for _, args := range commands {
						cmd := p.by([]string{"prlimit", "--as=3000000000"}, args...)
						out, err := cmd.CombinedOutput()
						code := cmd.ProcessState.ExitCode()
						if code == 2 || code < 0 || bytes.Contains(out, []byte("panic")) || bytes.Contains(out, []byte("goroutine ")) {
							t.Errorf("%s: %q: %v\n%.2000s", kind, args, err, out)
						}
					}
					if got := string(mustRead(t, victim)); got != "victim\n" {
						t.Errorf("%s: the victim's file: %.100q", kind, got)
					}
				}
			})
		})
	}
	wg.Wait()
}

const mostCalls = 12 // of a kind that a decision makes, at least

// TestDecisionIsWhatWasSaid fails each system call by which a decision is recorded, and
// compares what the program says with what is on disk then.
func TestDecisionIsWhatWasSaid(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	for _, call := range []string{"fsync", "rename,renameat,renameat2", "write", "close", "fchmod", "mkdirat,mkdir"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, 0, "")
			for n := 1; n <= mostCalls; n++ {
				fault := fmt.Sprintf("%s:error=EIO:when=%d", call, n)
				must(t, os.RemoveAll(filepath.Join(p.home, ".config")))
				code, said := p.injected(fault, "enable", "harm")
				if code == 127 {
					continue // it was not even loaded
				}
				on := p.telemetry() == "on"
				unprinted := call == "write" && code == 74 // what it then says may be lost too
				if on != (code == 0) && !unprinted || on && strings.Contains(said, "not recorded") {
					t.Errorf("enable, %s: exit code %d, telemetry is on: %v: %s", fault, code, on, said)
				}
				p.enable()
				code, said = p.injected(fault, "disable", "harm")
				off := p.telemetry() == "off"
				if off == (code == 73) || off && strings.Contains(said, "not recorded") {
					t.Errorf("disable, %s: exit code %d, telemetry is off: %v: %s", fault, code, off, said)
				}
				for _, all := range []string{"disable", "enable"} {
					code, said = p.injected(fault, all, "--all")
					_, err := os.Lstat(filepath.Join(p.home, ".config", "usagectl", "consent", "all.toml"))
					if done := (err == nil) == (all == "disable"); done == (code == 73) {
						t.Errorf("%s --all, %s: exit code %d, done: %v: %s", all, fault, code, done, said)
					}
					if _, msg, code := p.run("", all, "--all"); code != 0 {
						t.Errorf("%s --all: %d, %s", all, code, msg)
					}
				}
			}
		})
	}
}

// TestForgetIsWhatWasSaid does the same with "forget": it never says that nothing was
// changed when something was.
func TestForgetIsWhatWasSaid(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	for _, call := range []string{"fsync", "rename,renameat,renameat2", "link,linkat", "write", "unlinkat,unlink"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, 0, "")
			for n := 1; n <= mostCalls; n++ {
				fault := fmt.Sprintf("%s:error=EIO:when=%d", call, n)
				id := uuid.NewString()
				source := filepath.Join(p.home, ".harm", "source")
				must(t, os.MkdirAll(filepath.Dir(source), 0o700))
				mustWrite(t, source, id)
				code, said := p.injected(fault, "forget", "harm", "--yes")
				left, err := os.ReadFile(source)
				kept := err == nil && string(left) == id
				filed := len(filesIn(p.state("deletions"))) > 0
				if strings.Contains(said, "nothing was changed") && (!kept || filed) || code == 0 && kept {
					t.Errorf("%s: exit code %d, the ID is there: %v, filed: %v: %s", fault, code, kept, filed, said)
				}
				endDeliverers(t, p.home)
				must(t, os.RemoveAll(p.state("deletions")))
			}
		})
	}
}

// telemetry is what "status --json" says of the tool.
func (p *person) telemetry() string {
	p.t.Helper()
	out, msg, _ := p.run("", "status", "harm", "--json")
	var s struct{ Tools []struct{ Telemetry string } }
	if err := json.Unmarshal([]byte(out), &s); err != nil || len(s.Tools) != 1 {
		p.t.Fatalf("%v: %s%s", err, out, msg)
	}
	return s.Tools[0].Telemetry
}
