package outbox

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
)

// DeliversUnder reports whether a live process delivers an event under a source ID.
func (o Outbox) DeliversUnder(sourceID string, self lease.Owner, now time.Time) (bool, error) {
	files, err := o.Live(self, now)
	return slices.ContainsFunc(files, func(file string) bool { return o.isUnder(sourceID, "claimed", file) }), err
}

// RemoveUnder removes the events under a source ID, whatever part of the outbox they
// are in, durably, and returns how many were queued. each is called with every queued event
// that has ended, while this goes on: there may be a million.
func (o Outbox) RemoveUnder(sourceID string, now time.Time, each func(event string)) (int, error) {
	packed, packedErr := o.discardPackedUnder(sourceID, now, each)
	claimed, claimedErr := o.discardUnder(sourceID, "claimed", now, each)
	queued, queuedErr := o.discardUnder(sourceID, "new", now, each)
	_, rejectedErr := o.discardUnder(sourceID, "rejected", now, func(string) {})
	names, err := o.Names("tmp")
	names = slices.DeleteFunc(names, func(name string) bool { return !o.isUnder(sourceID, "tmp", name) })
	errs := []error{packedErr, claimedErr, queuedErr, rejectedErr, err, o.removeFiles("tmp", names)}
	for _, part := range []string{"rejected", "tmp"} {
		files, err := o.temporary(part)
		files = slices.DeleteFunc(files, func(name string) bool { return !o.isUnder(sourceID, part, name) })
		errs = append(errs, err, o.removeFiles(part, files))
	}
	errs = append(errs, o.recordDiscarded(now), o.recordBatches(now, true)) // what a crash left there
	for _, part := range []string{"claimed", "new", "rejected", "tmp", discarded} {
		errs = append(errs, statefile.Settle(o.Path(part)))
	}
	if w, had := o.Backoffs().WithoutErrors(); had { // they quote a server, which knew the ID; how long to wait stays
		errs = append(errs, o.SetBackoffs(w))
	}
	return packed + claimed + queued, errors.Join(errs...)
}

// discardUnder ends the events under a source ID in a part, some at a time, so that it takes
// little memory, and returns how many; see [Outbox.discard] for what holds then.
func (o Outbox) discardUnder(sourceID, part string, now time.Time, each func(event string)) (ended int, err error) {
	for {
		found := 0
		var errs []error
		err := statefile.EachName(o.Path(part), func(names []string) error {
			names = slices.DeleteFunc(names, func(name string) bool {
				return strings.HasPrefix(name, ".") || !o.isUnder(sourceID, part, name)
			})
			n, err := o.discardEach(part, names, LostForgotten, now, each)
			found += n
			errs = append(errs, err)
			return nil
		})
		ended += found
		err = errors.Join(append(errs, statefile.IgnoreMissing(err))...)
		if err != nil || found == 0 { // some file systems pass over files where others are removed meanwhile
			return ended, err
		}
	}
}

// temporary lists what processes that were killed when they moved an event aside left
// in a part of the outbox, which [Outbox.Names] passes over.
func (o Outbox) temporary(part string) ([]string, error) {
	entries, err := statefile.ReadDir(o.Path(part))
	var list []string
	for _, e := range entries {
		if name := e.Name(); statefile.IsTemporary(name) {
			list = append(list, name)
		}
	}
	return list, statefile.IgnoreMissing(err)
}

// isUnder reports whether a file of the outbox names the source ID, be it whole or what
// a crash left.
func (o Outbox) isUnder(sourceID, part, name string) bool {
	path := o.Path(part, name)
	var data []byte
	var err error
	if _, is := sizeOfBundle("." + ageOf(name)); is { // in "tmp" it has no dot
		data, _, err = readBundle(path)
	} else {
		data, err = statefile.Read(path, 4*maxEntry)
	}
	return err == nil && bytes.Contains(data, []byte(sourceID))
}
