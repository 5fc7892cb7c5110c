package sender

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
)

// loss says why an event ended without being delivered.
type loss string

// The losses.
const (
	lostBounds      loss = "bounds"      // the outbox was full, or the event too old
	lostRejected    loss = "rejected"    // a server rejected it, and it is not kept any longer
	lostRefused     loss = "refused"     // the person refused, and it was thrown away
	lostWithdrawn   loss = "withdrawn"   // a deliverer found that consent for it was withdrawn
	lostForgotten   loss = "forgotten"   // its source ID was to be forgotten
	lostUnkept      loss = "unkept"      // it could not be kept, and was not delivered at the one try
	lostInterrupted loss = "interrupted" // consent was withdrawn while it was being sent: it may have arrived
)

// String says what became of the event, for people.
func (l loss) String() string {
	switch l {
	case lostBounds:
		return "the outbox was full, or the event too old"
	case lostRejected:
		return "the server rejected it"
	case lostRefused, lostWithdrawn:
		return "consent was withdrawn"
	case lostForgotten:
		return "its source ID was to be forgotten"
	case lostUnkept:
		return "it could not be kept, nor delivered at once"
	case lostInterrupted:
		return "consent was withdrawn while it was being sent, so it may have arrived"
	}
	return "it was dropped"
}

// lostEvent is a line of the outbox's record of losses.
type lostEvent struct {
	At      time.Time `json:"at"`
	Event   string    `json:"event,omitempty"` // names the event: its ID, or the file's name if that has none
	Why     loss      `json:"why,omitempty"`
	Earlier int       `json:"earlier,omitempty"` // instead of an event: the losses in the file that this one replaces
}

const (
	lossesFile = "dropped"
	// maxLosses is the size, in bytes, at which the record is set aside as dropped.1,
	// replacing the one set aside before, of which only the number is kept.
	maxLosses = 1 << 20
	// mostLosses bounds what is read of either file: one batch more than maxLosses.
	mostLosses = 8 << 20
	// mostEarlier bounds the number of earlier losses that is believed.
	mostEarlier = 1 << 30
)

// discarded is the part of the outbox for events that have ended and are not recorded yet.
const discarded = "discarded"

// discard ends events, and returns how many. No event that it has ended is ever
// delivered, and each is counted once, wherever a crash comes in between: an event
// ends with the rename into a part of its own, whose files are recorded and then
// removed; whoever comes next goes on with what is left there. An event that somebody
// else was quicker to take is passed over.
func (o Outbox) discard(part string, names []string, why loss, now time.Time) (int, error) {
	if len(names) == 0 {
		return 0, nil
	}
	errs := []error{os.MkdirAll(o.path(discarded), 0o700)}
	ended := 0
	for _, name := range names {
		event, _, _ := strings.Cut(name, "~") // what stands behind it in "claimed" is the owner
		err := statefile.Rename(o.path(part, name), o.path(discarded, event+"~"+string(why)))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			// On a full disk: better uncounted than kept.
			err = statefile.RemoveAll(o.path(part, name))
		}
		if err == nil {
			ended++
		}
		errs = append(errs, ifThere(err))
	}
	return ended, errors.Join(append(errs, o.recordDiscarded(now))...)
}

// recordDiscarded records the events that were discarded, and removes them.
func (o Outbox) recordDiscarded(now time.Time) error {
	names, err := o.names(discarded)
	if err != nil || len(names) == 0 {
		return err
	}
	var lost []lostEvent
	for _, name := range names {
		lost = append(lost, lostEventOf(name, now))
	}
	if err := o.recordLosses(lost...); err != nil {
		return errors.Join(err, o.blankDiscarded(names))
	}
	errs := []error{o.rotateLosses(now)}
	for _, name := range names {
		errs = append(errs, ifThere(statefile.RemoveAll(o.path(discarded, name))))
	}
	return errors.Join(errs...)
}

func (o Outbox) recordLosses(lost ...lostEvent) error {
	var lines [][]byte
	for _, e := range lost {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		lines = append(lines, line)
	}
	return appendLine(o.path(lossesFile), bytes.Join(lines, []byte("\n")))
}

func lostEventOf(name string, now time.Time) lostEvent {
	event, why, _ := strings.Cut(name, "~")
	return lostEvent{At: now.UTC(), Event: eventID(event), Why: loss(why)}
}

// eventID is the event's ID in the name of its file; the name itself if there is none.
func eventID(name string) string {
	_, id, ok := strings.Cut(strings.TrimSuffix(name, ".json"), "-")
	if _, err := uuid.Parse(id); !ok || err != nil || len(id) != 36 {
		return name
	}
	return id
}

// blankDiscarded erases what is in discarded events that could not be recorded, and
// keeps their names, which count.
func (o Outbox) blankDiscarded(names []string) error {
	var errs []error
	for _, name := range names {
		aside := o.path("tmp", "."+name)
		err := writeNew(aside, nil)
		if err == nil {
			err = statefile.Rename(aside, o.path(discarded, name))
		}
		if err != nil {
			err = errors.Join(ifThere(statefile.RemoveAll(aside)), ifThere(statefile.RemoveAll(o.path(discarded, name))))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// rotateLosses keeps the record of losses within its bounds. The number of the
// losses that go with the older file is noted in the newer one before that takes its
// place, and counts from then on; until then the older file counts.
func (o Outbox) rotateLosses(now time.Time) error {
	info, err := os.Lstat(o.path(lossesFile))
	if err != nil || info.Size() <= maxLosses {
		return ifThere(err)
	}
	older := losses{}
	if err := older.read(o.path(lossesFile+".1"), true); err != nil {
		return err
	}
	if err := o.recordLosses(lostEvent{At: now.UTC(), Earlier: older.count()}); err != nil {
		return err
	}
	return statefile.Rename(o.path(lossesFile), o.path(lossesFile+".1"))
}

// losses are the events of an outbox that ended without being delivered.
type losses struct {
	why     map[string]loss // by event
	earlier int             // of which only the number is known
}

func (l *losses) count() int { return l.earlier + len(l.why) }

// losses reads what is recorded, and what is still to be recorded.
func (o Outbox) losses() (losses, error) {
	l := losses{why: map[string]loss{}}
	err := errors.Join(l.read(o.path(lossesFile+".1"), true), l.read(o.path(lossesFile), false))
	names, namesErr := o.names(discarded)
	for _, name := range names {
		e := lostEventOf(name, time.Time{})
		l.why[e.Event] = e.Why
	}
	return l, errors.Join(err, namesErr)
}

// read adds a file of losses. Lines that are none are passed over. Of the notes of
// how many there were earlier the last one counts, and only in a file set aside: in
// the other it is about a file that is still there.
func (l *losses) read(path string, aside bool) error {
	data, err := statefile.ReadTail(path, mostLosses)
	if l.why == nil {
		l.why = map[string]loss{}
	}
	earlier := 0
	for line := range bytes.Lines(data) {
		var e lostEvent
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		if e.Event != "" {
			l.why[e.Event] = e.Why
		}
		if e.Earlier > 0 {
			earlier = min(e.Earlier, mostEarlier)
		}
	}
	if aside {
		l.earlier += earlier
	}
	return ifThere(err)
}
