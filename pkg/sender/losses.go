package sender

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
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
	// mostLosses bounds what is read of either file: more than maxLosses and one write.
	mostLosses = 8 << 20
	// mostEarlier bounds the number of earlier losses that is believed.
	mostEarlier = 1 << 30
)

// recordedAtOnce is how many losses are recorded in one write, so that no file grows
// much beyond its bound.
const recordedAtOnce = 1024

// discarded is the part of the outbox for events that have ended and are not recorded yet.
const discarded = "discarded"

// ErrUncounted says that events were thrown away, and that the disk did not take the
// record of that.
var ErrUncounted = errors.New("it could not be counted")

// discard ends events, and returns how many. No event that it has ended is ever
// delivered, and each is counted once, wherever a crash comes in between: an event
// ends with the rename into a part of its own, whose files are recorded and then
// removed; whoever comes next goes on with what is left there. An event that somebody
// else was quicker to take is passed over. The error wraps [ErrUncounted] if all of
// them have ended, and not all could be counted.
func (o Outbox) discard(part string, names []string, why loss, now time.Time) (int, error) {
	if len(names) == 0 {
		return 0, nil
	}
	// What could not be moved is recorded first. It goes in any case: better uncounted
	// than kept.
	_ = os.MkdirAll(o.path(discarded), 0o700) // the renames tell
	var stuck []string
	ended := 0
	for _, name := range names {
		event, _, _ := strings.Cut(name, "~") // what stands behind it in "claimed" is the owner
		err := statefile.Rename(o.path(part, name), o.path(discarded, event+"~"+string(why)))
		switch {
		case err == nil:
			ended++
		case !errors.Is(err, os.ErrNotExist) || o.has(part, name):
			stuck = append(stuck, name)
		}
	}
	errs := []error{o.recordDiscarded(now)}
	for _, name := range stuck {
		event, _, _ := strings.Cut(name, "~")
		uncounted := o.recordLosses(lostEventOf(event+"~"+string(why), now))
		err := ifThere(statefile.RemoveAll(o.path(part, name)))
		if err == nil {
			ended++
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
	names, err := o.names(discarded)
	if err != nil || len(names) == 0 {
		return err
	}
	var errs []error
	for chunk := range slices.Chunk(names, recordedAtOnce) {
		var lost []lostEvent
		for _, name := range chunk {
			lost = append(lost, lostEventOf(name, now))
		}
		if err := o.recordLosses(lost...); err != nil {
			errs = append(errs, o.blankDiscarded(chunk, err))
			continue
		}
		for _, name := range chunk {
			errs = append(errs, ifThere(statefile.RemoveAll(o.path(discarded, name))))
		}
	}
	return errors.Join(errs...)
}

// recordLosses adds to the record, and sets it aside if it has grown too large. The
// number of the losses that go with the file set aside before is noted in the one that
// takes its place, and counts from then on; until then the older file counts.
func (o Outbox) recordLosses(lost ...lostEvent) error {
	lines, err := linesOf(lost)
	if err != nil {
		return err
	}
	path := o.path(lossesFile)
	size := int64(len(lines))
	if info, err := os.Lstat(path); err == nil {
		size += info.Size()
	}
	if size > maxLosses { // it is set aside
		older := losses{}
		if err := older.read(path+".1", true); err != nil {
			return err
		}
		note, err := linesOf([]lostEvent{{At: lost[0].At, Earlier: older.count()}})
		if err != nil {
			return err
		}
		lines = append(lines, note...)
	}
	return statefile.Append(context.Background(), path, lines, maxLosses)
}

func linesOf(lost []lostEvent) ([]byte, error) {
	var lines bytes.Buffer
	for _, e := range lost {
		line, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	return lines.Bytes(), nil
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
// keeps their names, which count. why is the reason that it says if a name has to go.
func (o Outbox) blankDiscarded(names []string, why error) error {
	var errs []error
	for _, name := range names {
		aside := o.path("tmp", "."+name)
		err := writeNew(aside, nil)
		if err == nil {
			err = statefile.Rename(aside, o.path(discarded, name))
		}
		if err == nil {
			continue
		}
		err = errors.Join(ifThere(statefile.RemoveAll(aside)), ifThere(statefile.RemoveAll(o.path(discarded, name))))
		if err == nil {
			err = fmt.Errorf("%w: %w", ErrUncounted, why)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
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
