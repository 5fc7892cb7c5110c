package outbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
)

// fillWith puts n files of events, and something that is none, into a part of an outbox.
func fillWith(t *testing.T, o Outbox, part string, n int) {
	t.Helper()
	if err := o.Create(); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		name := eventKey{uint64(noon.UnixNano()) + uint64(i), uuid.New()}.String()
		if err := os.WriteFile(o.Path(part, name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(o.Path(part, ".other"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantLost holds how many events of an outbox are lost, that none is left, and that there
// is nothing else among what is discarded.
func wantLost(t *testing.T, o Outbox, want int) {
	t.Helper()
	count, err := o.Count()
	if err != nil || count != (Count{Dropped: want}) {
		t.Errorf("%+v, want %d that were dropped: %v", count, want, err)
	}
	lost, err := o.Losses()
	if err != nil {
		t.Error(err)
	}
	for event, why := range lost.Why {
		if why != LostRefused {
			t.Fatalf("%s is lost because of %q", event, string(why))
		}
	}
	if left, err := os.ReadDir(o.Path(discarded)); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := os.Stat(o.Path("new")); err != nil {
		t.Error(err)
	}
}

// TestDiscardAllAfterCrash has a process die at each of many points at which it throws away
// what is queued: whoever comes next goes on, and every event is counted once.
func TestDiscardAllAfterCrash(t *testing.T) {
	const events = 1100 // more than are recorded in one write
	for _, at := range []int{1, recordedAtOnce - 1, recordedAtOnce, recordedAtOnce + 1, events} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			o := outboxWith(t, 0)
			fillWith(t, o, "new", events)
			died := func() (died bool) {
				defer func() { died = recover() != nil }()
				n := 0
				_, _, _ = o.DiscardAll(LostRefused, lease.This(), time.Now, func(string) {
					if n++; n == at {
						panic("the process dies")
					}
				})
				return false
			}()
			if count, err := o.Count(); !died || err != nil || count != (Count{Dropped: events}) {
				t.Fatalf("died %v, %+v, %v", died, count, err)
			}
			if err := o.recordDiscarded(noon); err != nil {
				t.Fatal(err)
			}
			if list, err := o.batches(); err != nil || len(list) != 1 {
				t.Fatalf("a batch of a process that may be at work: %v, %v", list, err)
			}
			ofTheDead(t, o)
			if err := o.recordDiscarded(noon); err != nil {
				t.Fatal(err)
			}
			wantLost(t, o, events)
		})
	}
}

// ofTheDead gives the batches of an outbox to a process that nobody has heard of for long.
func ofTheDead(t *testing.T, o Outbox) {
	t.Helper()
	list, err := o.batches()
	for _, b := range list {
		if err == nil {
			err = os.Chtimes(b.dir, time.Time{}, time.Now().Add(-time.Hour))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestDiscardAllTakesLateComers holds that an event that another process moves among those that are
// thrown away has ended with them.
func TestDiscardAllTakesLateComers(t *testing.T) {
	o := outboxWith(t, 0)
	fillWith(t, o, "new", 3)
	late := 0
	n, _, err := o.DiscardAll(LostRefused, lease.This(), time.Now, func(string) {
		if late < 2 {
			late++
			list, err := o.batches()
			if err != nil || len(list) != 1 {
				t.Fatalf("%v, %v", list, err)
			}
			name := eventKey{uint64(late), uuid.New()}.String()
			if err := os.WriteFile(filepath.Join(list[0].dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	if n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	wantLost(t, o, 5)
}

// TestRemoveUnderTakesBatches holds that what is to be forgotten goes, whoever is at work at it.
func TestRemoveUnderTakesBatches(t *testing.T) {
	o := outboxWith(t, 0)
	fillWith(t, o, "new", 3)
	if err := statefile.Rename(o.Path("new"), o.Path(discarded, fmt.Sprintf(".%s~%s~x", string(LostRefused), lease.This()))); err != nil {
		t.Fatal(err)
	}
	if _, err := o.RemoveUnder("11111111-2222-4333-8444-555555555555", noon, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if list, err := o.batches(); err != nil || len(list) > 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestReleaseMakesThePart holds that a claim is put back although the part for queued events
// was thrown away this moment.
func TestReleaseMakesThePart(t *testing.T) {
	o := outboxWith(t, 0)
	fillWith(t, o, "new", 2)
	name := waiting(t, o)[0]
	c, err := o.Claim(name, lease.This(), time.Now())
	if err == nil {
		err = os.RemoveAll(o.Path("new"))
	}
	if err == nil {
		err = c.Release()
	}
	if err == nil {
		_, err = os.Stat(o.Path("new", name))
	}
	if err != nil {
		t.Error(err)
	}
}

func TestEventSet(t *testing.T) {
	o := outboxWith(t, 0)
	fillWith(t, o, "new", 3)
	fillWith(t, o, "claimed", 2)
	set := o.EventSet()
	set.Add("no event")
	if len(set) != 5 {
		t.Fatalf("%d events", len(set))
	}
	for name := range set.All() {
		if !IsEntryName(name) || !o.has("new", name) && !o.has("claimed", name) {
			t.Errorf("%s is not there", name)
		}
	}
	for _, name := range waiting(t, o) {
		set.Remove(name)
		set.Remove(strings.ToUpper(name))
	}
	if len(set) != 2 {
		t.Errorf("%d are left", len(set))
	}
}
