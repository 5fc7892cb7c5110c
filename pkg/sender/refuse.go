package sender

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
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

// Refusal is what a refusal did.
type Refusal struct {
	Events Emptied
	// Recorded is the error of what was to record it; nil if it is recorded.
	Recorded error
	// Emptied is why not all events are thrown away, or, if it wraps [ErrUncounted], not
	// all that are could be counted; nil if all are.
	Emptied error
	// Unkept says that events cannot be kept now, so that nobody knows whether one was
	// stopped while it was being sent.
	Unkept bool
}

// ErrUncounted says that events were thrown away, and that the disk did not take the
// record of that.
var ErrUncounted = outbox.ErrUncounted

// Refuse records a refusal by record, of a tool or with the zero ID of all but those
// excepted, and throws away what is queued, even if it could not be recorded. Deliverers ask for consent
// before each request, and while one is under way; Refuse waits for those that are
// delivering, so that nothing leaves once it has returned, unless Underway says
// otherwise. It ends early if ctx does.
func (s Sender) Refuse(ctx context.Context, id manifest.ID, record func() error, except ...manifest.ID) Refusal {
	var r Refusal
	before := map[manifest.ID]outbox.EventSet{} // what deliverers stop right after the refusal is to be reported too
	for _, tool := range s.refusable(id, except, nil) {
		if s.state() == "" {
			break
		}
		before[tool] = s.outbox(tool).EventSet() // what cannot be read is found out when the outbox is emptied
	}
	r.Recorded = record()
	r.Events, r.Emptied = s.emptyAll(ctx, id, except, before)
	if r.Unkept = !s.keeps(); r.Unkept {
		s.AwaitDeliverers(ctx)
	}
	return r
}

// refusable are the tools that a refusal is about: one, or with the zero ID all that
// have an outbox now, but for the exceptions.
func (s Sender) refusable(id manifest.ID, except []manifest.ID, failed *error) []manifest.ID {
	if !id.IsZero() {
		return []manifest.ID{id}
	}
	tools, err := outbox.Tools(s.state())
	if failed != nil {
		*failed = err
	}
	return slices.DeleteFunc(tools, func(id manifest.ID) bool { return slices.Contains(except, id) })
}

// emptyAll empties the outboxes that a refusal is about, side by side.
func (s Sender) emptyAll(ctx context.Context, id manifest.ID, except []manifest.ID, before map[manifest.ID]outbox.EventSet) (Emptied, error) {
	var sum Emptied
	if s.state() == "" {
		return sum, s.flawed()
	}
	var err error
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, tool := range s.refusable(id, except, &err) {
		wg.Go(func() {
			emptied, emptyErr := s.empty(ctx, tool, outbox.LostRefused, before[tool])
			mu.Lock()
			defer mu.Unlock()
			sum = sum.Add(emptied)
			if emptyErr != nil {
				err = errors.Join(err, fmt.Errorf("%s: %w", tool, emptyErr))
			}
		})
	}
	wg.Wait()
	return sum, err
}

// empty throws away what a tool's outbox holds. others is what was in it before; of those that
// are not thrown away here it is found out what became of them.
func (s Sender) empty(ctx context.Context, tool manifest.ID, why outbox.Loss, others outbox.EventSet) (Emptied, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseWait)
	defer cancel()
	o := s.outbox(tool)
	var all Emptied
	var errs []error
	if others == nil {
		others = outbox.EventSet{}
	}
	each := func(event string) {
		others.Remove(event)
		s.progressed()
	}
	for {
		ended, underway, err := o.DiscardAll(why, lease.This(), s.Now, each)
		all.Discarded += ended
		for _, name := range underway {
			others.Add(name)
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
	errs = append(errs, o.RemoveTemporary(), o.ClearBackoffs(), s.fatesOf(o, others, why, &all))
	return all, errors.Join(errs...)
}

// AwaitDeliverers waits until every deliverer of this machine has asked for consent
// again, which stops deliveries of which nobody here knows: of events that could not be
// kept, or of other people. It also waits until what is being delivered of these tools
// has ended, and returns how many deliveries have not, in time or because ctx ended.
func (s Sender) AwaitDeliverers(ctx context.Context, tools ...manifest.ID) int {
	live := func() (claims []string) {
		for _, tool := range tools {
			list, _ := s.outbox(tool).Live(lease.This(), s.Now()) // what cannot be read cannot be waited for
			for _, file := range list {
				claims = append(claims, s.outbox(tool).Path("claimed", file))
			}
		}
		return claims
	}
	before := live()
	ctx, cancel := context.WithTimeout(ctx, leaseWait)
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

// keeps reports whether events can be kept now. Those that cannot are delivered
// at once or not at all, and nothing is known of them.
func (s Sender) keeps() bool {
	if s.state() == "" {
		return false
	}
	f, err := os.CreateTemp(s.state(), ".*.tmp")
	if err != nil {
		return errors.Is(err, os.ErrNotExist) // nothing was ever kept
	}
	return errors.Join(f.Close(), statefile.Remove(f.Name())) == nil
}

// fatesOf finds out what became of events that somebody can have delivered. Those that
// were thrown away here are counted.
func (s Sender) fatesOf(o outbox.Outbox, events outbox.EventSet, why outbox.Loss, sum *Emptied) error {
	if len(events) == 0 {
		return nil
	}
	lost, err := o.Losses()
	ids := make([]string, 0, len(events))
	for name := range events.All() {
		ids = append(ids, outbox.EventID(name))
	}
	arrived, journalErr := s.journal(o.Tool()).Arrived(ids...)
	for name := range events.All() {
		id := outbox.EventID(name)
		switch reason, isLost := lost.Why[id]; {
		case isLost && reason == why, o.IsClaimed(name): // counted already
		case isLost && reason == outbox.LostRejected, arrived[id]:
			sum.Sent++
		case isLost && reason != outbox.LostInterrupted:
			sum.Discarded++
		default:
			sum.Interrupted++
		}
	}
	return errors.Join(err, journalErr)
}
