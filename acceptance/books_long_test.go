//go:build linux && long

package acceptance

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"
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

// keptEvents puts events taken at a time into the outbox.
func (p *person) keptEvents(taken time.Time, n int) int {
	p.t.Helper()
	for i := range n {
		mustWrite(p.t, p.outbox("new", entryName(taken.Add(time.Duration(i)).UnixNano())), "{}")
	}
	return n
}

// rejectedEvents has servers have rejected events.
func (p *person) rejectedEvents(n int) int {
	p.t.Helper()
	for i := range n {
		name := entryName(time.Now().Add(time.Duration(i)).UnixNano())
		mustWrite(p.t, p.outbox("rejected", name), `{"at":"2026-01-02T03:04:05Z","answer":"400"}`)
	}
	return n
}
