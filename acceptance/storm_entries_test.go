//go:build unix

package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newerEntries are what a later version of the program may write: more members,
// and others of another type.
var newerEntries = map[string]string{
	"more members": `{"schema":2,"tool":"storm","event":"run.end","event_id":"6f1c2f0e-6f56-4c07-9dbb-0c8a2a4f1c11","novel":true,"values":{}}`,
	"other types":  `{"schema":2,"tool":{"id":"storm"},"event":["run.end"],"event_id":7,"taken_at":"sequence 12","values":"zstd:AAAA"}`,
}

// TestStormNewerEntries lets two versions of the program share an outbox: what
// the newer one wrote stays as it is, and does not stand in the other's way.
func TestStormNewerEntries(t *testing.T) {
	t.Parallel()
	for kind, content := range newerEntries {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newStorm(t, inTurn([]string{"200"}))
			s.holdBack()
			ids := s.sendMany(3, 1)
			name := entryName(1) // the oldest: its turn comes first
			mustWrite(t, s.outbox("new", name), content)
			s.run("", "flush")
			s.arrivedOnce(ids)
			if got := s.files("new"); !slices.Equal(got, []string{name}) {
				t.Fatalf("new/ holds %q, not what the newer program wrote and nothing else", got)
			}
			if got := string(mustRead(t, s.outbox("new", name))); got != content {
				t.Errorf("what the newer program wrote was changed to %s", got)
			}
			s.nothingIn("claimed", "rejected")
		})
	}
}

// TestStormNewerEntryLetsDeliverersEnd holds that an event which this version
// cannot deliver does not keep its deliverer busy: it would run for most of a
// minute after each event, on every machine that shares the home.
func TestStormNewerEntryLetsDeliverersEnd(t *testing.T) {
	needProc(t)
	t.Parallel()
	s := newStorm(t, inTurn([]string{"200"}))
	s.holdBack()
	s.sendMany(1, 1)
	mustWrite(t, s.outbox("new", entryName(1)), newerEntries["more members"])
	s.letGo()
	ids := s.sendMany(1, 1)
	eventually(t, "the event arrives", func() bool { return len(s.recorder.taken()[ids[0]]) == 1 })
	const ceiling = 30 * time.Second // less than a deliverer lives at most
	if !within(ceiling, func() bool { return len(deliverers(s.home)) == 0 }) {
		t.Errorf("a deliverer with nothing to deliver was still at work after %v", ceiling)
	}
}

// TestStormBurstBesideNewerEntry sends while a deliverer is still at work that has
// passed over an event it cannot deliver. No sender starts another one then, so
// this one has to deliver what comes.
func TestStormBurstBesideNewerEntry(t *testing.T) {
	t.Parallel()
	s := newStorm(t, inTurn([]string{"200"}))
	mustWrite(t, s.outbox("new", entryName(1)), newerEntries["more members"])
	for i := range 5 {
		s.arrivedOnce([]string{s.sendNumber(i)}) // and on at once
	}
}

// TestStormLitter leaves in the outbox's own directories what cannot be removed
// or read. It is not in the way of any event.
func TestStormLitter(t *testing.T) {
	t.Parallel()
	old := time.Now().Add(-40 * 24 * time.Hour)
	for _, part := range []string{"tmp", "rejected", "claimed"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			s := newStorm(t, inTurn([]string{"200"}))
			s.holdBack()
			ids := s.sendMany(2, 1)
			leftovers := s.outbox(part, entryName(old.UnixNano()))
			must(t, os.MkdirAll(filepath.Join(leftovers, "more"), 0o700))
			must(t, os.Chtimes(leftovers, old, old))
			s.run("", "flush", "--timeout=5s")
			s.arrivedOnce(ids)
		})
	}
}

// TestStormLostManifest queues an event under a manifest of its own, which is
// gone when it is to be delivered. The others leave without it.
func TestStormLostManifest(t *testing.T) {
	t.Parallel()
	s := newStorm(t, inTurn([]string{"200"}))
	s.holdBack()
	own := filepath.Join(t.TempDir(), "own.toml")
	mustWrite(t, own, fmt.Sprintf(stormManifest, s.recorder.url()))
	if _, msg, code := s.run("", "send", "storm", "run.end", "--manifest", own); code != 0 || msg != "" {
		t.Fatalf("exit code %d, stderr %q", code, msg)
	}
	ids := s.sendMany(3, 1)
	must(t, os.Remove(own))
	s.run("", "flush", "--timeout=5s")
	s.arrivedOnce(ids)
	if got := s.status(); got != (counts{Queued: 1}) {
		t.Errorf("status tells %+v, want 1 that waits for its manifest", got)
	}
}

// spoiled makes, at a path in the outbox, what is no event.
var spoiled = map[string]func(t *testing.T, path string){
	"truncated": func(t *testing.T, path string) {
		mustWrite(t, path, `{"schema":1,"tool":"storm","event":"run.e`)
	},
	"NUL bytes": func(t *testing.T, path string) { mustWrite(t, path, strings.Repeat("\x00", 300)) },
	"empty":     func(t *testing.T, path string) { mustWrite(t, path, "") },
	"huge":      func(t *testing.T, path string) { mustWrite(t, path, strings.Repeat(" ", 1<<20)) },
	"no object": func(t *testing.T, path string) { mustWrite(t, path, `[1, 2]`) },
	"directory": func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o700)) },
	"full directory": func(t *testing.T, path string) {
		must(t, os.Mkdir(path, 0o700))
		mustWrite(t, filepath.Join(path, "file"), "")
	},
	"FIFO":          func(t *testing.T, path string) { must(t, syscall.Mkfifo(path, 0o600)) },
	"link":          func(t *testing.T, path string) { must(t, os.Symlink("/etc/hostname", path)) },
	"dangling link": func(t *testing.T, path string) { must(t, os.Symlink("/nowhere", path)) },
}

// TestStormSpoiledEntries puts what is no event before and between events. It is
// moved aside, and the events leave.
func TestStormSpoiledEntries(t *testing.T) {
	t.Parallel()
	for kind, spoil := range spoiled {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newStorm(t, inTurn([]string{"200"}))
			s.holdBack()
			spoil(t, s.outbox("new", entryName(1)))
			ids := s.sendMany(2, 1)
			spoil(t, s.outbox("new", entryName(time.Now().UnixNano())))
			ids = append(ids, s.sendMany(1, 1)...)
			s.flushAll()
			s.arrivedOnce(ids)
			s.nothingIn("new", "claimed", "tmp")
			if got := s.status(); got != (counts{Rejected: 2}) {
				t.Errorf("status tells %+v, want 2 moved aside", got)
			}
		})
	}
}
