package outbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
)

// discarded is the part of the outbox for events that have ended and are not recorded yet.
const discarded = "discarded"

// recordedAtOnce is how many losses are recorded in one write, so that no file grows
// much beyond its bound.
const recordedAtOnce = 1024

// ErrUncounted says that events were thrown away, and that the disk did not take the
// record of that.
var ErrUncounted = errors.New("it could not be counted")

// discard ends events, and returns how many. No event that it has ended is ever
// delivered, and each is counted once, wherever a crash comes in between: an event
// ends with the rename into a part of its own, whose files are recorded and then
// removed; whoever comes next goes on with what is left there. An event that somebody
// else was quicker to take is passed over. The error wraps [ErrUncounted] if all of
// them have ended, and not all could be counted.
func (o Outbox) discard(part string, names []string, why Loss, now time.Time) (int, error) {
	return o.discardEach(part, names, why, now, func(string) {})
}

// discardEach is discard, and calls each with the event of each file that it has ended.
func (o Outbox) discardEach(part string, names []string, why Loss, now time.Time, each func(event string)) (int, error) {
	if len(names) == 0 {
		return 0, nil
	}
	// What could not be moved is recorded first. It goes in any case: better uncounted
	// than kept.
	_ = statefile.MkdirAll(o.Path(discarded), 0o700) // the renames tell
	var stuck []string
	ended := 0
	for _, name := range names {
		event := eventOf(name) // what stands behind it in "claimed" is the owner
		err := statefile.Rename(o.Path(part, name), o.Path(discarded, event+"~"+string(why)))
		switch {
		case err == nil:
			ended++
			each(event)
		case !errors.Is(err, os.ErrNotExist) || o.has(part, name):
			stuck = append(stuck, name)
		}
	}
	errs := []error{o.recordDiscarded(now)}
	for _, name := range stuck {
		event := eventOf(name)
		uncounted := o.recordLosses(lostEventOf(event+"~"+string(why), now))
		err := statefile.IgnoreMissing(statefile.RemoveAll(o.Path(part, name)))
		if err == nil {
			ended++
			each(event)
		}
		if err == nil && uncounted != nil {
			err = fmt.Errorf("%w: %w", ErrUncounted, uncounted)
		}
		errs = append(errs, err)
	}
	return ended, errors.Join(errs...)
}

// recordDiscarded records the events that were discarded, and removes them.
func (o Outbox) recordDiscarded(now time.Time) error {
	names, err := o.Names(discarded)
	if err != nil {
		return err
	}
	errs := []error{o.recordBatches(now, false)}
	for chunk := range slices.Chunk(names, recordedAtOnce) {
		var lost []lostEvent
		for _, name := range chunk {
			lost = append(lost, lostEventOf(name, now))
		}
		if err := o.recordLosses(lost...); err != nil {
			errs = append(errs, o.blankDiscarded(o.Path(discarded), chunk, err))
			continue
		}
		for _, name := range chunk {
			errs = append(errs, removeDiscarded(o.Path(discarded, name)))
		}
	}
	return errors.Join(errs...)
}

// removeDiscarded removes a file, or whatever else is there.
func removeDiscarded(path string) error {
	err := statefile.IgnoreMissing(statefile.Remove(path))
	if err != nil {
		err = statefile.IgnoreMissing(statefile.RemoveAll(path))
	}
	return err
}

// blankDiscarded erases what is in discarded events that could not be recorded, and
// keeps their names, which count. why is the reason that it says if a name has to go.
func (o Outbox) blankDiscarded(dir string, names []string, why error) error {
	var errs []error
	for _, name := range names {
		aside := o.Path("tmp", "."+name)
		err := writeNew(aside, blank(dir, name))
		if err == nil {
			err = statefile.Rename(aside, filepath.Join(dir, name))
		}
		if err == nil {
			continue
		}
		err = errors.Join(statefile.IgnoreMissing(statefile.RemoveAll(aside)), statefile.IgnoreMissing(statefile.RemoveAll(filepath.Join(dir, name))))
		if err == nil {
			err = fmt.Errorf("%w: %w", ErrUncounted, why)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// DiscardAll throws away what nobody is delivering, and lists the events that somebody
// is. An event that is put back meanwhile goes too: it is in the part that is read later.
// each is called with every queued event that has ended, while this goes on.
func (o Outbox) DiscardAll(why Loss, self lease.Owner, now func() time.Time, each func(event string)) (ended int, underway []string, err error) {
	names, bundles, err := o.list("claimed")
	dead := func(files []string) []string {
		return slices.DeleteFunc(files, func(file string) bool {
			live := isDelivering(file, self, now())
			if live {
				underway = append(underway, eventOf(file))
			}
			return live
		})
	}
	claimed, claimedErr := o.discardEach("claimed", dead(names), why, now(), each)
	for _, file := range dead(bundles) {
		n, bundleErr := o.discardBundle("claimed", file, why, now(), each)
		claimed, claimedErr = claimed+n, errors.Join(claimedErr, bundleErr)
	}
	_, rejectedErr := o.discardPart("rejected", LostRejected, now, func(string) {})
	queued, queuedErr := o.discardPart("new", why, now, each)
	return claimed + queued, underway, errors.Join(err, claimedErr, rejectedErr, queuedErr, o.recordDiscarded(now()))
}

// RemoveTemporary removes what processes are writing, or were when they were killed.
func (o Outbox) RemoveTemporary() error {
	names, err := o.Names("tmp")
	return errors.Join(err, o.removeFiles("tmp", names))
}

func (o Outbox) removeFiles(part string, names []string) error {
	var errs []error
	for _, name := range names {
		errs = append(errs, statefile.IgnoreMissing(statefile.Remove(o.Path(part, name))))
	}
	return errors.Join(errs...)
}
