package outbox

import (
	"errors"
	"maps"
	"os"
	"slices"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Count is how many events are in an outbox, and how many others have ended there.
type Count struct {
	Queued   int
	Rejected int // by a server; they are kept for a while
	Dropped  int // ended without being delivered or rejected
	// OverBounds is how many of them the bounds of the outbox have dropped, as far as the
	// reason is recorded: of old losses only the number is.
	OverBounds int
}

// Count counts. An error means that there may be more.
func (o Outbox) Count() (Count, error) {
	before, beforeErr := o.Names("rejected")
	queued, err := o.queued(nil)
	after, afterErr := o.Names("rejected")
	lost, lostErr := o.Losses() // last: an event can end meanwhile, and does not come back from there
	rejected := map[string]bool{}
	for _, name := range append(before, after...) {
		if _, moving := queued[name]; !moving {
			rejected[name] = true
		}
	}
	return Count{len(queued), len(rejected), lost.Count(), lost.overBounds()}, errors.Join(o.owned(), err, beforeErr, afterErr, lostErr)
}

// queuedIn lists the events that are queued or being delivered, with the part and the
// file of each. Several processes move them while list lists one part after the other:
// an event that goes into "claimed" or comes back is in one of three lists.
func queuedIn(list func(part string) ([]string, error)) (map[string][2]string, error) {
	queued := map[string][2]string{}
	var errs []error
	for _, part := range []string{"claimed", "new", "claimed"} {
		files, err := list(part)
		errs = append(errs, err)
		for _, file := range files {
			queued[eventOf(file)] = [2]string{part, file}
		}
	}
	return queued, errors.Join(errs...)
}

// queued is [queuedIn] with the events that are in bundles, which have no place; see gets what is
// in each of those, if it is not nil.
func (o Outbox) queued(see func(event string, entry []byte)) (map[string][2]string, error) {
	packed := map[string][2]string{}
	packedErr := o.packed(func(event string, entry []byte) {
		if _, known := packed[event]; !known && see != nil {
			see(event, entry)
		}
		packed[event] = [2]string{}
	})
	queued, err := queuedIn(o.Names) // last: an event comes out of a bundle, and not into one
	maps.Copy(packed, queued)
	return packed, errors.Join(packedErr, err)
}

// Holds reports whether the event is queued or is being delivered; in doubt it is.
func (o Outbox) Holds(e Entry) bool {
	queued, err := queuedIn(func(part string) ([]string, error) {
		switch {
		case part != "new":
			return o.Names(part)
		case o.has(part, e.Name()): // without listing what can be long
			return []string{e.Name()}, nil
		}
		return nil, nil
	})
	_, held := queued[e.Name()]
	return held || err != nil
}

// Entries reads the queued entries, the oldest first, without claiming them.
// What is no entry is passed over.
func (o Outbox) Entries() ([]Entry, error) {
	inBundle := map[string]Entry{}
	queued, err := o.queued(func(event string, entry []byte) {
		if e, err := o.parse(event, entry); err == nil {
			inBundle[event] = e
		}
	})
	if err != nil {
		return nil, err
	}
	var list []Entry
	for _, event := range slices.Sorted(maps.Keys(queued)) {
		place := queued[event]
		if e, packed := inBundle[event]; packed {
			list = append(list, e)
			continue
		}
		data, err := statefile.Read(o.Path(place[:]...), maxEntry)
		if errors.Is(err, os.ErrNotExist) { // it was moved meanwhile
			data, err = o.readMoved(event)
		}
		if err != nil {
			continue
		}
		if e, err := o.parse(event, data); err == nil {
			list = append(list, e)
		}
	}
	return list, nil
}

// readMoved reads an event that was claimed or put back after it was listed.
func (o Outbox) readMoved(event string) ([]byte, error) {
	queued, err := queuedIn(o.Names)
	place, ok := queued[event]
	if err != nil || !ok {
		return nil, errors.Join(err, os.ErrNotExist)
	}
	return statefile.Read(o.Path(place[:]...), maxEntry)
}
