package outbox

import (
	"errors"
	"os"
	"slices"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Bounds of one tool's outbox. They are kept by deliverers, not by whoever adds
// an event, so a little more may lie there for a while. Of the
// events of streams, hundreds of which share a file, there may be more; those of a slow one
// have a file each.
const (
	MaxEvents   = 10_000  // and bundles: files
	MaxBundled  = 200_000 // events in bundles
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
	names, bundles, err := o.list("new")
	if err != nil {
		return 0, err
	}
	all := append(names, bundles...)
	slices.SortFunc(all, byAge)
	drop := map[string]bool{}
	size := int64(0)
	files, bundled := 0, 0
	for _, name := range slices.Backward(all) { // the newest first
		if drop[name] = expired(name, now); drop[name] {
			continue
		}
		info, err := os.Lstat(o.Path("new", name))
		if err != nil {
			continue
		}
		n, packed := sizeOfBundle(name)
		if packed {
			bundled += n
		}
		files++
		size += info.Size()
		drop[name] = size > MaxBytes || files > MaxEvents || packed && bundled > MaxBundled
	}
	stays := func(name string) bool { return !drop[name] }
	gone, err := o.discard("new", slices.DeleteFunc(names, stays), LostBounds, now)
	errs := []error{err}
	for _, name := range slices.DeleteFunc(bundles, stays) {
		n, err := o.discardBundle("new", name, LostBounds, now, func(string) {})
		gone += n
		errs = append(errs, err)
	}
	return gone, errors.Join(append(errs, o.sweepRejected(now), o.sweepTmp(now), o.recordDiscarded(now))...)
}

// firstYear is the first year that a clock can tell: one that shows an earlier
// time was never set, and says nothing about an event's age.
const firstYear = 2024

func expired(name string, now time.Time) bool {
	taken, ok := takenAt(ageOf(name))
	return ok && taken.Year() >= firstYear && now.Sub(taken) > MaxAge
}

// Expires reports whether an event is too old to be kept.
func (o Outbox) Expires(now time.Time) bool {
	for _, part := range []string{"new", "rejected"} {
		names, bundles, err := o.list(part)
		if err == nil && slices.ContainsFunc(append(names, bundles...), func(name string) bool { return expired(name, now) }) {
			return true
		}
	}
	return false
}

// Overdue reports whether an event other than e that was taken before a time is queued or
// is being delivered.
func (o Outbox) Overdue(e Entry, before time.Time) bool {
	queued, _ := queuedIn(func(part string) ([]string, error) { // what cannot be read is not waited for
		names, bundles, err := o.list(part)
		return append(names, bundles...), err
	})
	for name := range queued {
		if taken, ok := takenAt(ageOf(name)); ok && taken.Before(before) && name != e.Name() {
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
