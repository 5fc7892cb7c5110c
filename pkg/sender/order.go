package sender

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// order keeps the events of one run in the order in which they were taken: as long as one
// is still queued, or is being delivered by somebody else, a later one of its run has to
// wait. Events of other runs do not. Within a batch the transport sees to it.
type order struct {
	outbox outbox.Outbox
	names  []string             // of events that this pass does not send before others, and of which the run is not known yet
	first  map[uuid.UUID]string // by run: the name of the earliest event that is still to be sent
}

// newOrder is the order at the beginning of a pass over the events of these names, which
// are sorted: what others deliver comes first, and so does what they have put back since.
func newOrder(o outbox.Outbox, names []string) order {
	return order{o, o.Others(names), map[uuid.UUID]string{}}
}

// ahead notes events that come before others which this pass may send first.
func (o *order) ahead(names ...string) { o.names = append(o.names, names...) }

// wait notes that an event is still to be sent.
func (o *order) wait(run uuid.UUID, name string) {
	if run == uuid.Nil {
		return
	}
	if first, ok := o.first[run]; !ok || name < first {
		o.first[run] = name
	}
}

// isBehind reports whether an event has to wait for one of its run.
func (o *order) isBehind(e outbox.Entry) bool {
	for name, run := range o.outbox.Runs(o.names) {
		o.wait(run, name)
	}
	o.names = nil
	first, ok := o.first[e.RunID]
	return ok && first < e.Name()
}

// putBack puts an event back, which has later ones of its run wait.
func (p *pass) putBack(c claimed) error {
	p.order.wait(c.entry.RunID, c.entry.Name())
	return c.Release()
}

// putAllBack puts back what was claimed and is not tried any more. It returns false.
func (p *pass) putAllBack(ctx context.Context, claims []claimed) bool {
	var errs []error
	for _, c := range claims {
		errs = append(errs, p.putBack(c))
	}
	p.sum.Failed = cmp.Or(errors.Join(errs...), p.timeRanOut(ctx, p.outbox))
	return false
}

// attempt is the context of one batch. What is under way when ctx ends goes on, if that
// is what the sender does, and ends soon all the same.
func (p *pass) attempt(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.underway(ctx), 2*transport.AttemptTimeout)
}

// until reports whether ctx has ended or a time has passed.
func until(ctx context.Context, d time.Duration) func() bool {
	end := time.Now().Add(d)
	return func() bool { return ctx.Err() != nil || time.Now().After(end) }
}
