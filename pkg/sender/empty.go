package sender

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
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
		all[tool] = s.Outbox(tool).Events() // what cannot be read is found out when the outbox is emptied
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
	return s.empty(ctx, tool, outbox.LostRefused, before[tool])
}

func (s Sender) empty(ctx context.Context, tool manifest.ID, why outbox.Loss, before []string) (Emptied, error) {
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
		ended, underway, err := o.DiscardAll(why, lease.This(), s.Now)
		all.Discarded += ended
		for _, name := range underway {
			seen[name] = true
		}
		still, listErr := o.Live(lease.This(), s.Now())
		all.Underway = len(still)
		if err = errors.Join(err, listErr); err != nil {
			errs = append(errs, err)
			break
		}
		if ended+len(underway)+len(still) == 0 || !sleep(ctx, pollInterval) {
			break
		}
	}
	errs = append(errs, o.RemoveTemporary(), o.ClearBackoff(), s.fatesOf(o, seen, why, &all))
	return all, errors.Join(errs...)
}

// AwaitDeliverers waits until every deliverer of this machine has asked for consent
// again, which stops deliveries of which nobody here knows: of events that could not be
// kept, or of other people. It also waits until what is being delivered of these tools
// has ended, and returns how many deliveries have not, in time or because ctx ended.
func (s Sender) AwaitDeliverers(ctx context.Context, tools ...manifest.ID) int {
	live := func() (claims []string) {
		for _, tool := range tools {
			list, _ := s.Outbox(tool).Live(lease.This(), s.Now()) // what cannot be read cannot be waited for
			for _, file := range list {
				claims = append(claims, s.Outbox(tool).Path("claimed", file))
			}
		}
		return claims
	}
	before := live()
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	for wait := 2 * gateInterval; ; wait = pollInterval {
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

// fatesOf finds out what became of events that somebody can have delivered. Those that
// were thrown away here are counted.
func (s Sender) fatesOf(o outbox.Outbox, events map[string]bool, why outbox.Loss, sum *Emptied) error {
	if len(events) == 0 {
		return nil
	}
	lost, err := o.Losses()
	records, journalErr := s.Journal(o.Tool()).Records()
	for name := range events {
		id := outbox.EventID(name)
		switch reason, isLost := lost.Why[id]; {
		case isLost && reason == why, o.IsClaimed(name): // counted already
		case isLost && reason == outbox.LostRejected, journal.Has(records, id):
			sum.Sent++
		case isLost && reason != outbox.LostInterrupted:
			sum.Discarded++
		default:
			sum.Interrupted++
		}
	}
	return errors.Join(err, journalErr)
}
