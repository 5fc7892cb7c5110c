package outbox

import (
	"errors"
	"slices"
	"sort"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Count is how many events are in an outbox, and how many others have ended there.
type Count struct {
	Queued   int
	Rejected int // by a server; they are kept for a while
	Dropped  int // ended without being delivered or rejected
}

// Count counts. An error means that there may be more.
func (o Outbox) Count() (Count, error) {
	waiting, err := o.Names("new")
	claimed, claimedErr := o.Names("claimed")
	rejected, rejectedErr := o.Names("rejected")
	lost, lostErr := o.Losses()
	queued := map[string]bool{} // an event that is claimed meanwhile is in both lists
	for _, name := range append(waiting, claimed...) {
		event := eventOf(name)
		queued[event] = true
	}
	rejected = slices.DeleteFunc(rejected, func(name string) bool { return queued[name] }) // on its way between the two
	return Count{len(queued), len(rejected), lost.Count()}, errors.Join(err, claimedErr, rejectedErr, lostErr)
}

// Entries reads the queued entries, the oldest first, without claiming them.
// What is no entry is passed over.
func (o Outbox) Entries() ([]Entry, error) {
	var list []Entry
	for _, part := range []string{"claimed", "new"} {
		names, err := o.Names(part)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, err := statefile.Read(o.Path(part, name), maxEntry)
			if err != nil {
				continue
			}
			name = eventOf(name)
			if e, err := o.parse(name, data); err == nil {
				list = append(list, e)
			}
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name() < list[j].Name() })
	return list, nil
}
