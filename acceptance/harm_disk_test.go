//go:build linux

package acceptance

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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

// TestHarmUnkeptOnce sends an event that cannot be kept to a server that does not take it: it
// is tried once, and dropped.
func TestHarmUnkeptOnce(t *testing.T) {
	t.Parallel()
	p := newPerson(t, nobody, "")
	p.recorder.answer = func(int, string) string { return "503" }
	p.enable()
	p.losesState()
	p.send()
	eventually(t, "it is tried", func() bool { return len(p.recorder.all()) > 0 })
	eventually(t, "the deliverer gives up", func() bool { return len(deliverers(p.home)) == 0 })
	if n := len(p.recorder.all()); n != 1 {
		t.Errorf("it is tried %d times", n)
	}
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
	lease := p.state("outbox", ".deliverer")
	mustWrite(p.t, lease, fmt.Sprintf("%d.0123456789ab", os.Getpid()))
	must(p.t, os.Chtimes(lease, clock, clock))
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
