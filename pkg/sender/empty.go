package sender

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Emptied is what became of the events of an outbox that was emptied.
type Emptied struct {
	Discarded   int `json:"discarded"`   // thrown away: nothing of them was sent
	Sent        int `json:"sent"`        // answered by the server before their delivery could be stopped
	Interrupted int `json:"interrupted"` // stopped while they were being sent: they may have arrived
	Underway    int `json:"underway"`    // still being delivered, by a process that did not stop in time
}

// Add adds what became of the events of another outbox.
func (e Emptied) Add(o Emptied) Emptied {
	return Emptied{e.Discarded + o.Discarded, e.Sent + o.Sent, e.Interrupted + o.Interrupted, e.Underway + o.Underway}
}

// Snapshot is which events were in outboxes at some moment, by tool.
type Snapshot map[manifest.ID][]string

// Snapshot lists the events that are queued or being delivered now. Whoever refuses
// asks before the refusal is recorded: what deliverers stop right after that is theirs
// to report too.
func (s Sender) Snapshot(tools ...manifest.ID) Snapshot {
	all := Snapshot{}
	for _, tool := range tools {
		o := s.Outbox(tool)
		waiting, _ := o.names("new") // what cannot be read is found out when the outbox is emptied
		claimed, _ := o.names("claimed")
		for _, name := range append(waiting, claimed...) {
			event, _, _ := strings.Cut(name, "~")
			all[tool] = append(all[tool], event)
		}
	}
	return all
}

// Empty throws away everything that a tool's outbox holds, after a refusal was
// recorded. Deliverers ask for consent before each request, and while one is under
// way; Empty waits for those that are delivering, so that nothing leaves once it has
// returned, unless Underway says otherwise. It ends early if ctx does. before is what
// was there before the refusal.
func (s Sender) Empty(ctx context.Context, tool manifest.ID, before Snapshot) (Emptied, error) {
	if s.State() == "" {
		return Emptied{}, nil
	}
	return s.empty(ctx, tool, lostRefused, before[tool])
}

func (s Sender) empty(ctx context.Context, tool manifest.ID, why loss, before []string) (Emptied, error) {
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	o := s.Outbox(tool)
	var all Emptied
	var errs []error
	seen := map[string]bool{} // events that somebody can have delivered
	for _, event := range before {
		seen[event] = true
	}
	for {
		ended, underway, err := o.discardAll(why, thisProcess(), s.Now)
		all.Discarded += ended
		for _, name := range underway {
			seen[name] = true
		}
		still, listErr := o.live(thisProcess(), s.Now())
		all.Underway = len(still)
		if err = errors.Join(err, listErr); err != nil {
			errs = append(errs, err)
			break
		}
		if ended+len(underway)+len(still) == 0 || !sleep(ctx, pollInterval) {
			break
		}
	}
	names, err := o.names("tmp")
	errs = append(errs, err, o.removeFiles("tmp", names), o.clearBackoff())
	err = s.fatesOf(o, seen, why, &all)
	return all, errors.Join(append(errs, err)...)
}

// AwaitDeliverers waits until every deliverer of this machine has asked for consent
// again, which stops deliveries of which nobody here knows: of events that could not be
// kept, or of other people. It also waits until what is being delivered of these tools
// has ended, and returns how many deliveries have not, in time or because ctx ended.
func (s Sender) AwaitDeliverers(ctx context.Context, tools ...manifest.ID) int {
	live := func() (claims []string) {
		for _, tool := range tools {
			list, _ := s.Outbox(tool).live(thisProcess(), s.Now()) // what cannot be read cannot be waited for
			for _, file := range list {
				claims = append(claims, s.Outbox(tool).path("claimed", file))
			}
		}
		return claims
	}
	before := live()
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	for wait := 2 * transport.AskInterval; ; wait = pollInterval {
		goesOn := sleep(ctx, wait)
		now := live()
		before = slices.DeleteFunc(before, func(claim string) bool { return !slices.Contains(now, claim) })
		if len(before) == 0 || !goesOn {
			return len(before)
		}
	}
}

// Keeps reports whether events can be kept now. Those that cannot are delivered
// at once or not at all, and nothing is known of them.
func (s Sender) Keeps() bool {
	if s.State() == "" {
		return false
	}
	f, err := os.CreateTemp(s.State(), ".*.tmp")
	if err != nil {
		return errors.Is(err, os.ErrNotExist) // nothing was ever kept
	}
	return errors.Join(f.Close(), statefile.Remove(f.Name())) == nil
}

// discardAll throws away what nobody is delivering, and lists the events that somebody
// is. An event that is put back meanwhile goes too: it is in the part that is read later.
func (o Outbox) discardAll(why loss, self owner, now func() time.Time) (ended int, underway []string, err error) {
	var errs []error
	for _, part := range []string{"claimed", "rejected", "new"} {
		names, err := o.names(part)
		errs = append(errs, err)
		reason := why
		switch part {
		case "claimed":
			names = slices.DeleteFunc(names, func(file string) bool {
				live := self.isDelivering(file, now())
				if live {
					event, _, _ := strings.Cut(file, "~")
					underway = append(underway, event)
				}
				return live
			})
		case "rejected":
			reason = lostRejected
		}
		n, err := o.discard(part, names, reason, now())
		errs = append(errs, err)
		if part != "rejected" {
			ended += n
		}
	}
	return ended, underway, errors.Join(append(errs, o.recordDiscarded(now()))...)
}

// fatesOf finds out what became of events that somebody can have delivered. Those that
// were thrown away here are counted.
func (s Sender) fatesOf(o Outbox, events map[string]bool, why loss, sum *Emptied) error {
	if len(events) == 0 {
		return nil
	}
	lost, err := o.losses()
	records, journalErr := s.Journal(o.tool).Records()
	for name := range events {
		id := eventID(name)
		switch reason, isLost := lost.why[id]; {
		case isLost && reason == why, o.isClaimed(name): // counted already
		case isLost && reason == lostRejected, recorded(records, id):
			sum.Sent++
		case isLost && reason != lostInterrupted:
			sum.Discarded++
		default:
			sum.Interrupted++
		}
	}
	return errors.Join(err, journalErr)
}

// recorded reports whether the journal has an event.
func recorded(records []Record, id string) bool {
	return slices.ContainsFunc(records, func(r Record) bool { return r.EventID.String() == id })
}

// isClaimed reports whether somebody is delivering an event.
func (o Outbox) isClaimed(name string) bool {
	files, err := o.names("claimed")
	return err != nil || slices.ContainsFunc(files, func(file string) bool { return strings.HasPrefix(file, name+"~") })
}
