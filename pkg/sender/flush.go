package sender

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Waits between the attempts of somebody who waits for the delivery.
const (
	minPatience = 500 * time.Millisecond
	maxPatience = 8 * time.Second
)

// Flush delivers what waits for the tools now, side by side, whether or not a
// back-off runs, and tries again until ctx ends. A server that asked for more
// time than there is left is left alone. progress, which may be called from
// several goroutines at once, gets the number of events done after each batch.
func (s Sender) Flush(ctx context.Context, tools []manifest.ID, progress func(int)) []Summary {
	sums := make([]Summary, len(tools))
	var wg sync.WaitGroup
	for i, tool := range tools {
		wg.Go(func() { sums[i] = s.flushTool(ctx, tool, progress) })
	}
	wg.Wait()
	return sums
}

func (s Sender) flushTool(ctx context.Context, tool manifest.ID, progress func(int)) Summary {
	total := Summary{Tool: tool}
	wait := minPatience
	if b := s.Outbox(tool).Backoff(); b.ServerAsked(s.Now()) {
		if !sleep(ctx, b.Asked.Sub(s.Now())) {
			total.Failed = "the server asked to wait until " + b.Asked.Format(time.RFC3339) + ": " + b.Error
			return total
		}
	}
	for {
		sum := s.drain(ctx, tool, progress)
		total.add(sum)
		claimed, err := s.Outbox(tool).names("claimed")
		if err != nil {
			total.Failed = err.Error()
		}
		if err != nil || sum.Failed == "" && (sum.Held != "" || len(claimed) == 0) {
			return total
		}
		if sum.Sent > 0 {
			wait = minPatience
		}
		if !sleep(ctx, max(wait, sum.RetryAfter)) {
			return total
		}
		wait = min(2*wait, maxPatience)
	}
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

// Fate is what became of one event that somebody waited for. If none of the first
// three is true it was dropped, or nobody knows.
type Fate struct {
	Sent     bool
	Rejected bool
	Kept     bool   // it is in the outbox
	Unknown  bool   // it is not in the outbox any more, and nothing says what became of it
	Note     string // what the receiver said, or why it was not sent
}

// DeliverOne delivers one event of the outbox, now and once. If a deliverer was
// quicker it waits for that one.
func (s Sender) DeliverOne(ctx context.Context, e Entry) Fate {
	o := s.Outbox(e.Tool)
	if b := o.Backoff(); b.ServerAsked(s.Now()) {
		return Fate{Kept: true, Note: "the server asked to wait until " + b.Asked.Format(time.RFC3339)}
	}
	sum := Summary{Tool: e.Tool}
	r := round{Sender: s, outbox: o, self: thisProcess(), sum: &sum, progress: func(int) {}}
	for {
		r.run(ctx, []string{e.name()})
		fate := s.fate(e)
		switch {
		case sum.Sent > 0:
			return Fate{Sent: true}
		case !fate.Kept:
			return fate
		case sum.Held != "" || sum.Failed != "":
			fate.Note = sum.Held + sum.Failed
			return fate
		case !sleep(ctx, pollInterval):
			fate.Note = "time ran out"
			return fate
		}
	}
}

// fate finds out what became of an event that was in the outbox.
func (s Sender) fate(e Entry) Fate {
	o := s.Outbox(e.Tool)
	if o.holds(e) {
		return Fate{Kept: true}
	}
	if answer, ok := o.answerTo(e); ok {
		return Fate{Rejected: true, Note: answer}
	}
	if lost, err := o.losses(); err == nil {
		if why, ok := lost.why[e.EventID.String()]; ok {
			return Fate{Note: why.String()}
		}
	}
	if records, err := s.Journal(e.Tool).Records(); err == nil && recorded(records, e.EventID.String()) {
		return Fate{Sent: true}
	}
	return Fate{Unknown: true, Note: "it is not queued any more, and nothing is recorded of it"}
}

// DeliverUnkept delivers, once, an event that could not be kept.
func (s Sender) DeliverUnkept(ctx context.Context, e Entry) Fate {
	out, err := s.deliverNow(ctx, e)
	if err != nil {
		return Fate{Note: err.Error()}
	}
	switch out.Result {
	case transport.Withheld:
		out.Note = lostWithdrawn.String()
	case transport.Interrupted:
		out.Note = lostInterrupted.String()
	}
	return Fate{Sent: out.Result == transport.Accepted, Rejected: out.Result == transport.Rejected, Note: out.Note}
}

func (o Outbox) has(part, name string) bool {
	_, err := os.Lstat(o.path(part, name))
	return !errors.Is(err, os.ErrNotExist)
}

// holds tells whether the event waits or is being delivered.
func (o Outbox) holds(e Entry) bool {
	if o.has("new", e.name()) {
		return true
	}
	files, err := o.names("claimed")
	isIt := func(file string) bool { return strings.HasPrefix(file, e.name()+"~") }
	return err != nil || slices.ContainsFunc(files, isIt) || o.has("new", e.name()) // put back in between
}
