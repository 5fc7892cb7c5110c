package outbox

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Rejected is an event that was moved aside, with the reason.
type Rejected struct {
	At     time.Time       `json:"at"`
	Answer string          `json:"answer"` // of the server, or what else was wrong
	Entry  json.RawMessage `json:"entry,omitempty"`
	Raw    string          `json:"raw,omitempty"` // what lay there, if it was no entry
}

// Quarantine moves aside, as it is, what is queued under a name that is no event's, and
// reports whether it could; otherwise it is discarded.
func (o Outbox) Quarantine(name string, now time.Time) (bool, error) {
	err := statefile.Rename(o.Path("new", name), o.Path("rejected", name))
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return err == nil, err
	}
	_, err = o.discard("new", []string{name}, LostRejected, now)
	return false, err
}

// Requeue puts the events that servers rejected back among those that wait, and
// returns how many. What is no event any more stays where it is. A crash in between
// can leave an event in both places; its ID is the same in both.
func (o Outbox) Requeue() (int, error) {
	names, err := o.Names("rejected")
	errs := []error{err}
	n := 0
	for _, name := range names {
		data, err := statefile.Read(o.Path("rejected", name), 2*maxEntry)
		var r Rejected
		if err != nil || json.Unmarshal(data, &r) != nil {
			continue
		}
		e, err := ParseEntry(r.Entry)
		if err != nil || e.Tool != o.tool || e.Name() != name {
			continue
		}
		if err = o.keep(name, r.Entry); err == nil {
			n++
			err = statefile.IgnoreMissing(statefile.Remove(o.Path("rejected", name)))
		}
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}

// AnswerTo is what was said when an event was moved aside; false if it was not.
func (o Outbox) AnswerTo(e Entry) (string, bool) {
	data, err := statefile.Read(o.Path("rejected", e.Name()), 2*maxEntry)
	if err != nil {
		return "", false
	}
	var r Rejected
	if err := json.Unmarshal(data, &r); err != nil {
		return "", false
	}
	return r.Answer, true
}
