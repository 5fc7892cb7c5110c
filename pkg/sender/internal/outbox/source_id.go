package outbox

import (
	"bytes"
	"errors"
	"slices"
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
// are in, durably, and returns how many were queued.
func (o Outbox) RemoveUnder(sourceID string, now time.Time) (int, error) {
	removed := 0
	var errs []error
	for _, part := range []string{"claimed", "new", "rejected", "tmp"} {
		names, err := o.Names(part)
		names = slices.DeleteFunc(names, func(name string) bool { return !o.isUnder(sourceID, part, name) })
		errs = append(errs, err)
		if part == "tmp" {
			errs = append(errs, o.removeFiles(part, names))
			continue
		}
		n, err := o.discard(part, names, LostForgotten, now)
		errs = append(errs, err)
		if part != "rejected" {
			removed += n
		}
	}
	for _, part := range []string{"rejected", "tmp"} {
		files, err := o.temporary(part)
		files = slices.DeleteFunc(files, func(name string) bool { return !o.isUnder(sourceID, part, name) })
		errs = append(errs, err, o.removeFiles(part, files))
	}
	errs = append(errs, o.recordDiscarded(now), o.recordBatches(now, true)) // what a crash left there
	for _, part := range []string{"claimed", "new", "rejected", "tmp", discarded} {
		errs = append(errs, statefile.Settle(o.Path(part)))
	}
	if b := o.Backoff(); b.Error != "" { // it quotes a server, which knew the ID; how long to wait stays
		b.Error = ""
		errs = append(errs, o.SetBackoff(b))
	}
	return removed, errors.Join(errs...)
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
	data, err := statefile.Read(o.Path(part, name), 4*maxEntry)
	return err == nil && bytes.Contains(data, []byte(sourceID))
}
