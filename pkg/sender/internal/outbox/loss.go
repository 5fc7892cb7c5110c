package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Loss says why an event ended without being delivered.
type Loss string

// The losses.
const (
	LostBounds      Loss = "bounds"      // the outbox was full, or the event too old
	LostRejected    Loss = "rejected"    // a server rejected it, and it is not kept any longer
	LostRefused     Loss = "refused"     // the person refused, and it was thrown away
	LostWithdrawn   Loss = "withdrawn"   // a deliverer found that consent for it was withdrawn
	LostForgotten   Loss = "forgotten"   // its source ID was to be forgotten
	LostUnkept      Loss = "unkept"      // it could not be kept, and was not delivered at the one try
	LostInterrupted Loss = "interrupted" // consent was withdrawn while it was being sent: it may have arrived
)

// String says what became of the event, for people.
func (l Loss) String() string {
	switch l {
	case LostBounds:
		return "the outbox was full, or the event too old"
	case LostRejected:
		return "the server rejected it"
	case LostRefused, LostWithdrawn:
		return "consent was withdrawn"
	case LostForgotten:
		return "its source ID was to be forgotten"
	case LostUnkept:
		return "it could not be kept, nor delivered at once"
	case LostInterrupted:
		return "consent was withdrawn while it was being sent, so it may have arrived"
	}
	return "it was dropped"
}

// lostEvent is a line of the outbox's record of losses, or one of the two notes in it.
type lostEvent struct {
	At      time.Time `json:"at"`
	Event   string    `json:"event,omitempty"` // names the event: its ID, or the file's name if that has none
	Why     Loss      `json:"why,omitempty"`
	Earlier int       `json:"earlier,omitempty"` // instead of an event: the losses in the file that this one replaces
	Told    bool      `json:"told,omitempty"`    // instead of an event: the person was told of what the bounds had dropped by then
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

// recordLosses adds to the record, and sets it aside if it has grown too large. The
// number of the losses that go with the file set aside before is noted in the one that
// takes its place, and counts from then on; until then the older file counts.
func (o Outbox) recordLosses(lost ...lostEvent) error {
	lines, err := linesOf(lost)
	if err != nil {
		return err
	}
	path := o.Path(lossesFile)
	size := int64(len(lines))
	if info, err := os.Lstat(path); err == nil {
		size += info.Size()
	}
	if size > maxLosses { // it is set aside
		older := Losses{}
		if err := older.read(path+".1", true); err != nil {
			return err
		}
		note, err := linesOf([]lostEvent{{At: lost[0].At, Earlier: older.Count()}})
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
	return lostEvent{At: now.UTC(), Event: EventID(event), Why: Loss(why)}
}

// Losses are the events of an outbox that ended without being delivered.
type Losses struct {
	Why     map[string]Loss // by event, as [EventID] names it
	earlier int             // of which only the number is known
	untold  map[string]bool // of those that the bounds have dropped and that are recorded: since the person was told last
	told    bool            // untold is known: what was read had a note of that
}

// Count is how many there are.
func (l *Losses) Count() int { return l.earlier + len(l.Why) }

// Untold is how many of those that are recorded the bounds have dropped since
// [Outbox.RecordTold].
func (l *Losses) Untold() int { return len(l.untold) }

// overBounds is how many of those whose reason is known the bounds have dropped.
func (l *Losses) overBounds() int {
	n := 0
	for _, why := range l.Why {
		if why == LostBounds {
			n++
		}
	}
	return n
}

// Losses reads what is recorded, and what is still to be recorded. It follows the way that
// a loss takes, so that none is missed that another process records meanwhile.
func (o Outbox) Losses() (Losses, error) {
	l := Losses{Why: map[string]Loss{}}
	names, err := o.Names(discarded)
	for _, name := range names {
		e := lostEventOf(name, time.Time{})
		l.Why[e.Event] = e.Why
	}
	batches, batchErr := o.batches()
	for _, b := range batches {
		batchErr = errors.Join(batchErr, statefile.IgnoreMissing(statefile.EachName(b.dir, func(names []string) error {
			for _, name := range names {
				for _, event := range eventsIn(b.dir, name) {
					l.Why[EventID(event)] = b.why
				}
			}
			return nil
		})))
	}
	return l, errors.Join(err, batchErr, l.read(o.Path(lossesFile), false), l.read(o.Path(lossesFile+".1"), true))
}

// read adds a file of losses. Lines that are none are passed over. Of the notes of
// how many there were earlier the last one counts, and only in a file set aside: in
// the other it is about a file that is still there.
func (l *Losses) read(path string, aside bool) error {
	data, err := statefile.ReadTail(path, mostLosses)
	if l.Why == nil {
		l.Why = map[string]Loss{}
	}
	if l.untold == nil {
		l.untold = map[string]bool{}
	}
	earlier := 0
	since, told := map[string]bool{}, false
	for line := range bytes.Lines(data) {
		var e lostEvent
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		if e.Event != "" {
			l.Why[e.Event] = e.Why
		}
		if e.Why == LostBounds {
			since[e.Event] = true
		}
		if e.Told {
			told = true
			clear(since)
		}
		if e.Earlier > 0 {
			earlier = min(e.Earlier, mostEarlier)
		}
	}
	if aside {
		l.earlier += earlier
	}
	if !l.told { // else what is in this file, which was set aside before, was told
		maps.Copy(l.untold, since)
	}
	l.told = l.told || told
	return statefile.IgnoreMissing(err)
}

// RecordTold notes that the person was told of what the bounds have dropped.
func (o Outbox) RecordTold(now time.Time) error {
	return o.recordLosses(lostEvent{At: now.UTC(), Told: true})
}

// RecordLoss records the loss of an event that was in no outbox.
func (o Outbox) RecordLoss(eventID string, why Loss, now time.Time) error {
	return o.recordLosses(lostEvent{At: now.UTC(), Event: eventID, Why: why})
}
