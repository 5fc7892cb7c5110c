package outbox

import (
	"errors"
	"os"
	"slices"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Bounds of one tool's outbox. They are kept by deliverers, not by whoever adds
// an event, so a little more may lie there for a while.
const (
	MaxEvents   = 10_000
	MaxBytes    = 16 << 20
	MaxAge      = 30 * 24 * time.Hour
	maxRejected = 1000
)

// Trim keeps the outbox within its bounds: the oldest go, and are counted.
func (o Outbox) Trim(now time.Time) error {
	_, err := o.trim(now)
	return err
}

// trim is [Outbox.Trim], and returns how many have gone.
func (o Outbox) trim(now time.Time) (int, error) {
	names, err := o.Names("new")
	if err != nil {
		return 0, err
	}
	drop := map[string]bool{}
	for _, name := range names {
		drop[name] = expired(name, now)
	}
	size := int64(0)
	kept := 0
	for _, name := range slices.Backward(names) { // the newest first
		if drop[name] {
			continue
		}
		info, err := os.Lstat(o.Path("new", name))
		if err != nil {
			continue
		}
		kept++
		size += info.Size()
		drop[name] = kept > MaxEvents || size > MaxBytes
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !drop[name] })
	gone, err := o.discard("new", names, LostBounds, now)
	return gone, errors.Join(err, o.sweepRejected(now), o.sweepTmp(now), o.recordDiscarded(now))
}

// firstYear is the first year that a clock can tell: one that shows an earlier
// time was never set, and says nothing about an event's age.
const firstYear = 2024

func expired(name string, now time.Time) bool {
	taken, ok := takenAt(name)
	return ok && taken.Year() >= firstYear && now.Sub(taken) > MaxAge
}

// Expires reports whether an event is too old to be kept.
func (o Outbox) Expires(now time.Time) bool {
	for _, part := range []string{"new", "rejected"} {
		names, err := o.Names(part)
		if err == nil && slices.ContainsFunc(names, func(name string) bool { return expired(name, now) }) {
			return true
		}
	}
	return false
}

// Overdue reports whether an event other than e that was taken before a time is queued or
// is being delivered.
func (o Outbox) Overdue(e Entry, before time.Time) bool {
	queued, _ := queuedIn(o.Names) // what cannot be read is not waited for
	for name := range queued {
		if taken, ok := takenAt(name); ok && taken.Before(before) && name != e.Name() {
			return true
		}
	}
	return false
}

func (o Outbox) sweepRejected(now time.Time) error {
	names, err := o.Names("rejected")
	tooMany := names[:max(0, len(names)-maxRejected)]
	old := slices.DeleteFunc(slices.Clone(names[len(tooMany):]), func(name string) bool { return !expired(name, now) })
	_, discardErr := o.discard("rejected", append(slices.Clone(tooMany), old...), LostRejected, now)
	return errors.Join(err, discardErr)
}

// sweepTmp removes the temporary files of killed processes.
func (o Outbox) sweepTmp(now time.Time) error {
	names, err := o.Names("tmp")
	errs := []error{err, statefile.Sweep(o.dir), statefile.Sweep(o.Path("rejected"))}
	for _, name := range names {
		info, err := os.Lstat(o.Path("tmp", name))
		if err == nil && now.Sub(info.ModTime()) > time.Hour {
			errs = append(errs, statefile.RemoveAll(o.Path("tmp", name)))
		}
	}
	return errors.Join(errs...)
}
