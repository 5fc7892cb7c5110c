package sender

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Flush delivers what is queued for the tools now, side by side, whether or not a
// back-off runs, and tries again until ctx ends. A server that asked for more
// time than there is left is left alone. If ctx ends by a [Stop] what is under way
// is finished. progress, which may be called from
// several goroutines at once, gets the number of events done after each batch.
func (s Sender) Flush(ctx context.Context, tools []manifest.ID, progress func(int)) []Summary {
	s = s.online().finishing(ctx)
	sums := make([]Summary, len(tools))
	if s.state() == "" {
		for i, tool := range tools {
			sums[i] = Summary{Tool: tool, Held: s.noState()}
		}
		return sums
	}
	if progress == nil {
		progress = func(int) {}
	}
	var wg sync.WaitGroup
	for i, tool := range tools {
		wg.Go(func() { sums[i] = s.flushTool(ctx, tool, progress) })
	}
	wg.Wait()
	return sums
}

func (s Sender) flushTool(ctx context.Context, tool manifest.ID, progress func(int)) Summary {
	total := Summary{Tool: tool}
	again := patienceWithAll()
	if b := s.backoff(s.outbox(tool)); b.ServerAsked(s.Now()) && !sleep(ctx, b.Asked.Sub(s.Now())) {
		total.Failed = fmt.Errorf("%s: %s", askedToWait(b), b.Error)
		return total
	}
	for {
		sum := s.drain(ctx, tool, progress)
		total.add(sum)
		left, err := s.outbox(tool).Count() // others deliver what is left, or have just put it back
		if err != nil {
			total.Failed = err
		}
		if err != nil || sum.Failed == nil && (sum.Held != nil || left.Queued <= len(sum.others)) {
			return total
		}
		if sum.Sent > 0 {
			again = patienceWithAll()
		}
		if !again.pause(ctx, sum.RetryAfter) {
			total.Failed = cmp.Or(total.Failed, s.timeRanOut(ctx, s.outbox(tool)))
			return total
		}
	}
}

func askedToWait(b backoff.Backoff) string {
	return "the server asked to wait until " + b.Asked.Format(time.RFC3339)
}

// patience is how long somebody who waits for a delivery waits between two attempts: twice
// as long each time, up to a bound, and in the end half of what time is left.
type patience struct{ next, most time.Duration }

// patienceWithOne is that of who waits for one event.
func patienceWithOne() patience { return patience{100 * time.Millisecond, time.Second} }

// patienceWithAll is that of who waits for everything that is queued.
func patienceWithAll() patience { return patience{500 * time.Millisecond, 8 * time.Second} }

// leastPatience is the time within which no further attempt is made.
const leastPatience = 50 * time.Millisecond

// pause waits for the next attempt, at least as long as the server asks for. It returns
// false, at once, if there is no time for one.
func (p *patience) pause(ctx context.Context, asked time.Duration) bool {
	wait := p.next
	p.next = min(2*p.next, p.most)
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)/2)
	}
	return wait >= leastPatience && sleep(ctx, max(wait, asked))
}

// sleep waits, and returns false, at once, if ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Retry puts the events that servers have rejected back into the tool's queue, and
// returns how many. What is no event any more stays where it is.
func (s Sender) Retry(tool manifest.ID) (int, error) {
	if s.state() == "" {
		return 0, s.noState()
	}
	return s.outbox(tool).Requeue()
}

// deliverOne delivers one event now, and tries again until ctx ends; kept says that it is
// in the outbox. If a deliverer was quicker it waits for that one. If the event stays in
// the outbox a deliverer is started for it, unless ctx ends by a [Stop]: who is told to end
// starts nothing.
func (s Sender) deliverOne(ctx context.Context, m *manifest.Manifest, e outbox.Entry, kept bool) Result {
	s = s.online().finishing(ctx)
	var out Result
	if kept {
		out = s.deliverKept(ctx, e)
	} else {
		unkept, unrecorded, err := s.deliverUnkept(ctx, e, true)
		out = resultOf(unkept, err)
		out.Unrecorded = unrecorded
	}
	out.EventID = e.EventID
	if _, stopped := stopOf(ctx); out.Outcome == Queued && !stopped {
		out.Err = s.wake(e, m)
	}
	return out
}

func (s Sender) deliverKept(ctx context.Context, e outbox.Entry) (out Result) {
	queued := func(why string) Result { return result(Queued, RuleNetwork, why) }
	o := s.outbox(e.Tool)
	if b := s.backoff(o); b.ServerAsked(s.Now()) && !sleep(ctx, b.Asked.Sub(s.Now())) {
		return queued(askedToWait(b))
	}
	p := s.newPass(e.Tool, func(int) {})
	defer func() { out.Unrecorded = p.sum.Unrecorded }()
	again := patienceWithOne()
	for {
		if err := o.UnpackRun(e, p.self, p.Now()); err != nil {
			return queued(err.Error())
		}
		p.run(ctx, append(o.Ahead(e), e.Name()))
		out := s.fate(e)
		switch {
		case p.last == e.Name(): // whether or not that could be recorded
			return delivered()
		case out.Outcome != Queued:
			return out
		case p.sum.Held != nil:
			return queued(p.sum.Held.Error())
		case p.sum.Failed != nil:
			if !again.pause(ctx, p.sum.RetryAfter) {
				return queued(p.sum.Failed.Error())
			}
			p.sum.Failed = nil
		case !sleep(ctx, pollInterval):
			return queued(p.timeRanOut(ctx, p.outbox).Error())
		}
	}
}

// fate finds out what became of an event that was in the outbox.
func (s Sender) fate(e outbox.Entry) Result {
	o := s.outbox(e.Tool)
	if o.Holds(e) {
		return result(Queued, RuleNetwork, "")
	}
	if answer, ok := o.AnswerTo(e); ok {
		return result(Rejected, RuleServer, answer)
	}
	if lost, err := o.Losses(); err == nil {
		if why, ok := lost.Why[e.EventID.String()]; ok {
			return result(Dropped, RuleNetwork, why.String())
		}
	}
	if arrived, err := s.journal(e.Tool).Arrived(e.EventID.String()); err == nil && len(arrived) > 0 {
		return delivered()
	}
	return result(Unknown, RuleState, "it is not queued any more, and nothing is recorded of it")
}

// resultOf is the result of the one attempt at an event that could not be kept.
func resultOf(out transport.Outcome, err error) Result {
	switch {
	case err != nil:
		return result(Dropped, RuleNetwork, err.Error())
	case out.Result == transport.Accepted:
		return delivered()
	case out.Result == transport.Rejected:
		return result(Rejected, RuleServer, out.Note)
	case out.Result == transport.Withheld:
		out.Note = outbox.LostWithdrawn.String()
	case out.Result == transport.Interrupted:
		out.Note = outbox.LostInterrupted.String()
	}
	return result(Dropped, RuleNetwork, out.Note)
}

func delivered() Result { return result(Sent, RuleServer, "delivered") }

func result(o Outcome, rule consent.Rule, detail string) Result {
	return Result{Outcome: o, Reason: consent.Reason{Rule: rule, Detail: detail}}
}
