package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestBooksBalance kills a command that ends events without delivering them, before
// each of its system calls that change something, and holds that every event is counted
// once all the same: right after, and when the next command has gone on.
func TestBooksBalance(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	for name, c := range map[string]struct {
		events  func(p *person) int // makes them, and returns how many
		command []string
		then    []string // what goes on
	}{
		"refused": {
			func(p *person) int { return p.keptEvents(time.Now(), 3) + p.rejectedEvents(2) },
			[]string{"disable", "harm"},
			[]string{"disable", "harm"},
		},
		"too old": {
			func(p *person) int { return p.keptEvents(time.Now().AddDate(0, 0, -31), 3) },
			[]string{"flush"},
			[]string{"flush"},
		},
		"rejected, and too many": {
			func(p *person) int { return p.rejectedEvents(1000 + 3) },
			[]string{"deliver"},
			[]string{"deliver"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			const calls = "rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdirat,write"
			survived := false
			for n := 1; n <= 200 && !survived && !t.Failed(); n++ {
				t.Run(fmt.Sprint(n), func(t *testing.T) {
					p := newPerson(t, 0, "http://"+closedPort(t))
					p.enable()
					p.holdBack() // so that the outbox is there
					p.letGo()
					want := c.events(p)
					cmd := p.by([]string{
						"strace", "-f", "-qq", "-o", filepath.Join(t.TempDir(), "trace"),
						"-e", "trace=" + calls, "-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", calls, n),
					}, c.command...)
					err := cmd.Run()
					survived = err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL
					if got := p.status(); got.Queued+got.Rejected+got.Dropped != want {
						t.Errorf("after the kill: %+v, want %d in all", got, want)
					}
					p.run("", c.then...)
					if got := p.status(); got.Queued+got.Rejected+got.Dropped != want || got.Queued > 0 {
						t.Errorf("in the end: %+v, want %d in all", got, want)
					}
					if left := p.files("discarded"); len(left) > 0 {
						t.Errorf("left: %q", left)
					}
				})
			}
			if !survived {
				t.Error("it was killed in every run")
			}
		})
	}
}

// TestBooksBalanceOnAFullDisk empties an outbox where the record of losses cannot be
// written. What was queued goes, and counts.
func TestBooksBalanceOnAFullDisk(t *testing.T) {
	t.Parallel()
	private(t, unix.CLONE_NEWNS)
	p := newPerson(t, 0, "http://"+closedPort(t))
	mountTmpfs(t, p.state(), "size=256k")
	p.enable()
	p.holdBack()
	for range 3 {
		p.send()
	}
	fillSpace(t, p.state())
	p.run("", "disable", "harm")
	for _, part := range []string{"new", "claimed", "tmp", "discarded"} {
		for file, data := range contents(t, p.outbox(part)) {
			if len(data) > 0 {
				t.Errorf("%s%s still holds %s", part, file, data)
			}
		}
	}
	if got := p.status(); got != (counts{Dropped: 3}) {
		t.Errorf("%+v", got)
	}
	if _, err := os.Lstat(p.outbox("dropped")); err == nil {
		for line := range strings.Lines(string(mustRead(t, p.outbox("dropped")))) {
			if !json.Valid([]byte(line)) {
				t.Errorf("half a line: %q", line)
			}
		}
	}
}

// TestBooksFullJournal delivers where the journal cannot be written. Flush says so, and
// does not end as if all were well.
func TestBooksFullJournal(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	p.send()
	must(t, os.MkdirAll(p.state("journal", "harm.jsonl"), 0o700))
	p.letGo()
	out, _, code := p.run("", "flush")
	if code != 74 || !strings.Contains(out, "1 sent, nothing waits, what was sent is not in the journal: ") {
		t.Errorf("exit code %d, %q", code, out)
	}
	if _, msg, code := p.run("", "inspect", "harm", "--sent"); code != 74 || !strings.Contains(msg, "journal") {
		t.Errorf("exit code %d, %q", code, msg)
	}
	out, _, _ = p.run("", "status", "harm")
	if !strings.Contains(out, "Last sent    unknown; the journal cannot be read or written: not a regular file") {
		t.Errorf("%q", out)
	}
	must(t, os.Remove(p.state("journal", "harm.jsonl")))
	out, msg, _ := p.run("", "inspect", "harm", "--sent")
	if !strings.Contains(out, "Nothing is recorded as sent for harm.") || !strings.Contains(msg, "something that was sent at 20") {
		t.Errorf("%q, %q", out, msg)
	}
}
