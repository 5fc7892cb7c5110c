package outbox

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
)

// A part of the outbox that is thrown away as a whole becomes a batch: a directory among
// what is discarded, ".REASON~OWNER~RANDOM", with the events as they were. One rename ends all
// of them, be they a million, and what is left to do takes no more memory than a few of them:
// they are recorded and removed some at a time, by the owner, or after a crash by whoever
// comes next.

// discardPart ends all events in a part, and returns how many; see [Outbox.discard] for what
// holds then. each is called with every event, while this goes on.
func (o Outbox) discardPart(part string, why Loss, now func() time.Time, each func(event string)) (int, error) {
	empty := true
	err := statefile.EachName(o.Path(part), func([]string) error { empty = false; return errStop })
	if errors.Is(err, os.ErrNotExist) || err == nil && empty {
		return 0, nil
	}
	if errors.Is(err, errStop) {
		batch := o.newBatch(why)
		_ = statefile.MkdirAll(o.Path(discarded), 0o700) // the rename tells
		if err = statefile.Rename(o.Path(part), batch); err == nil {
			made := statefile.MkdirAll(o.Path(part), 0o700) // if that fails, whoever needs it makes it
			n, err := o.recordBatch(batch, why, now(), each)
			return n, errors.Join(made, err)
		}
	}
	names, bundles, err := o.list(part) // one by one, where the directory cannot be moved
	n, discardErr := o.discardEach(part, names, why, now(), each)
	errs := []error{err, discardErr}
	for _, file := range bundles {
		ended, err := o.discardBundle(part, file, why, now(), each)
		n += ended
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}

// newBatch names a batch.
func (o Outbox) newBatch(why Loss) string {
	return o.Path(discarded, fmt.Sprintf(".%s~%s~%s", string(why), lease.This(), uuid.NewString()))
}

// errStop ends a list early.
var errStop = errors.New("that is enough")

// recordBatch records the events of a batch, and removes them. Those that another process
// moved into the directory as it became a batch have ended too.
func (o Outbox) recordBatch(dir string, why Loss, now time.Time, each func(event string)) (int, error) {
	ended := 0
	for {
		found := false
		kept := false
		var errs []error
		err := statefile.EachName(dir, func(names []string) error {
			found = true
			n, recorded, err := o.recordNames(dir, names, why, now, each)
			ended += n
			kept = kept || !recorded
			errs = append(errs, err)
			return nil
		})
		if errors.Is(err, os.ErrNotExist) { // somebody who took the owner for dead has done it
			return ended, errors.Join(errs...)
		}
		if err = errors.Join(append(errs, err)...); err != nil || kept {
			return ended, err
		}
		err = statefile.IgnoreMissing(statefile.Remove(dir))
		if err == nil || !found {
			return ended, err
		}
	}
}

// recordNames records some events of a batch, removes them, and returns how many they were. What
// could not be recorded stays, without what was in it, and counts.
func (o Outbox) recordNames(dir string, names []string, why Loss, now time.Time, each func(event string)) (n int, recorded bool, err error) {
	var files, events []string // with an event, and the events
	for _, name := range names {
		of := eventsIn(dir, name)
		if len(of) > 0 {
			files, events = append(files, name), append(events, of...)
		}
		for _, event := range of {
			each(event)
		}
	}
	for some := range slices.Chunk(events, recordedAtOnce) {
		if err := o.recordLosses(lossesOf(some, why, now)...); err != nil {
			return len(events), false, o.blankDiscarded(dir, files, err)
		}
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, removeDiscarded(filepath.Join(dir, name)))
	}
	return len(events), true, errors.Join(errs...)
}

// batch is one that is not removed yet.
type batch struct {
	dir   string
	why   Loss
	owner string
}

func (o Outbox) batches() ([]batch, error) {
	entries, err := statefile.ReadDir(o.Path(discarded))
	var list []batch
	for _, e := range entries {
		name, hidden := strings.CutPrefix(e.Name(), ".")
		parts := strings.Split(name, "~")
		if e.IsDir() && hidden && len(parts) == 3 {
			list = append(list, batch{o.Path(discarded, e.Name()), Loss(parts[0]), parts[1]})
		}
	}
	return list, statefile.IgnoreMissing(err)
}

// isWorkedAt reports whether the owner of a batch may be at work at it: each event that is
// removed changes the directory's time.
func (b batch) isWorkedAt() bool {
	owner, ok := lease.ParseOwner(b.owner)
	info, err := os.Lstat(b.dir)
	return ok && err == nil && !lease.This().KnowsDead(owner.ID) && time.Since(info.ModTime()).Abs() < claimTerm
}

// recordBatches goes on with the batches of processes that died over it, or with all.
func (o Outbox) recordBatches(now time.Time, all bool) error {
	list, err := o.batches()
	errs := []error{err}
	for _, b := range list {
		if all || !b.isWorkedAt() {
			_, err := o.recordBatch(b.dir, b.why, now, func(string) {})
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// EventSet is a set of events, by the names of their files, that takes 24 bytes for each.
// What is no event's name is never in it.
type EventSet map[eventKey]struct{}

// eventKey is the time and the ID in the name of an event's file.
type eventKey struct {
	taken uint64
	id    uuid.UUID
}

func keyOf(event string) (eventKey, bool) {
	if !IsEntryName(event) {
		return eventKey{}, false
	}
	taken, _ := strconv.ParseUint(event[:16], 16, 64)
	id, err := uuid.Parse(EventID(event))
	return eventKey{taken, id}, err == nil
}

func (k eventKey) String() string { return fmt.Sprintf("%016x-%s.json", k.taken, k.id) }

// Add adds an event.
func (s EventSet) Add(event string) {
	if k, ok := keyOf(event); ok {
		s[k] = struct{}{}
	}
}

// Remove removes an event.
func (s EventSet) Remove(event string) {
	if k, ok := keyOf(event); ok {
		delete(s, k)
	}
}

// All are the events, in no order.
func (s EventSet) All() iter.Seq[string] {
	return func(yield func(string) bool) {
		for k := range s {
			if !yield(k.String()) {
				return
			}
		}
	}
}

// EventSet lists the events that are queued or being delivered. Those that are moved meanwhile
// are in one of the three lists.
func (o Outbox) EventSet() EventSet {
	set := EventSet{}
	_ = o.packed(func(name string, _ []byte) { set.Add(name) })
	for _, part := range []string{"claimed", "new", "claimed"} {
		_ = statefile.EachName(o.Path(part), func(names []string) error { // what cannot be read is left out
			for _, name := range names {
				set.Add(eventOf(name))
			}
			return nil
		})
	}
	return set
}
