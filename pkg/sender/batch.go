package sender

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// batch is what is sent together: by one manifest and its transport.
type batch struct {
	manifest *manifest.Manifest
	file     string // [outbox.Entry.Manifest] of all
	claims   []claimed
	bytes    int
}

// claimed is an event that this process delivers.
type claimed struct {
	outbox.Claim
	entry  outbox.Entry
	data   []byte
	permit consent.Permit // under which it is sent
}

// fits reports whether an event of that size goes with the batch.
func (p *pass) fits(e outbox.Entry, size int) bool {
	messages, bytes := transportOf(p.transportConfig(), p.batch.manifest).Limits()
	return p.batch.file == e.Manifest && len(p.batch.claims) < messages && !p.singly && p.batch.bytes+size <= bytes
}

// send asks for consent, sends the batch, and ends each of its events: delivered, moved
// aside, dropped, or put back. It returns false if the tool has to wait.
func (p *pass) send(ctx context.Context) bool {
	b := p.batch
	p.batch = batch{}
	if len(b.claims) == 0 {
		return true
	}
	if ctx.Err() != nil { // it is late, and nothing new begins
		return p.putAllBack(ctx, b.claims)
	}
	permitted, messages, err := p.permitted(b)
	errs := []error{err}
	if len(messages) > 0 {
		attempt, cancel := p.attempt(ctx)
		defer cancel()
		c := p.transportConfig()
		failures := p.backoff(p.outbox).Failures
		c.Stop, c.Pace = until(ctx, transport.AttemptTimeout), p.pace
		c.Allow, c.Split = p.gate(b.manifest, permitted), failures > 1
		r := p.recording(failures > 0 || p.Now().Sub(permitted[0].entry.TakenAt) > attemptedAfter)
		c.Record = p.recordTo(r, b.manifest, b.file)
		outcomes := transportOf(c, b.manifest).Send(attempt, messages)
		err := p.flushRecords(r, messages) // before the events are removed: what is delivered twice was sent twice
		errs = append(errs, p.settle(attempt, b.manifest, permitted, outcomes))
		if err != nil { // on a full disk the events that are gone have made room
			err = p.flushRecords(r, messages)
		}
		if err != nil {
			p.giveUpRecords(r, p.outbox.Tool())
			p.sum.Unrecorded = notRecorded(err)
		}
		errs = append(errs, err)
	}
	p.sum.Failed = cmp.Or(p.sum.Failed, errors.Join(errs...))
	p.progress(len(b.claims))
	return p.sum.Failed == nil
}

// permitted makes messages of what may be sent at this moment. What consent was
// withdrawn for goes, and what has to wait is put back.
func (p *pass) permitted(b batch) (sent []claimed, messages []transport.Message, err error) {
	a := p.admission(b.manifest)
	var errs []error
	for _, c := range b.claims {
		permit, message, err := a.admit(c.entry)
		if err != nil {
			errs = append(errs, p.refused(c, err, ""))
			continue
		}
		c.permit = permit
		sent, messages = append(sent, c), append(messages, message)
	}
	return sent, messages, errors.Join(errs...)
}

// refused ends an event that must never leave, and puts back one that may later. why
// is the loss, if it is known better than from the error.
func (p *pass) refused(c claimed, err error, why outbox.Loss) error {
	var drop dropError
	if errors.As(err, &drop) {
		return p.drop(c.Claim, cmp.Or(why, drop.why))
	}
	p.sum.Held = err
	return p.putBack(c)
}

// settle does with each event what its outcome asks for, and notes how long the
// tool has to wait.
func (p *pass) settle(attempt context.Context, m *manifest.Manifest, sent []claimed, outcomes []transport.Outcome) error {
	var errs []error
	var failure transport.Outcome
	wait := p.backoff(p.outbox)
	for i, out := range outcomes {
		switch out.Result {
		case transport.Accepted:
			p.sum.Sent++
			p.last = sent[i].Name
			wait = backoff.Backoff{} // the server is well: only single events have to wait
			errs = append(errs, sent[i].Done())
		case transport.Rejected:
			p.sum.Rejected++
			errs = append(errs, sent[i].Reject(sent[i].data, out.Note, p.Now()))
		case transport.Withheld:
			errs = append(errs, p.stopped(m, sent[i], ""))
		case transport.Interrupted:
			errs = append(errs, p.stopped(m, sent[i], outbox.LostInterrupted))
		case transport.Retry:
			out.RetryAfter = max(out.RetryAfter, failure.RetryAfter)
			failure = out
			errs = append(errs, p.putBack(sent[i]))
		case transport.Untried:
			errs = append(errs, p.putBack(sent[i]))
		}
	}
	return errors.Join(append(errs, p.noteWait(attempt, m, wait, sent, outcomes, failure))...)
}

// noteWait notes how long the tool has to wait after a batch, if failure is one.
func (p *pass) noteWait(attempt context.Context, m *manifest.Manifest, wait backoff.Backoff, sent []claimed, outcomes []transport.Outcome, failure transport.Outcome) error {
	p.sum.Failed, p.sum.RetryAfter = nil, failure.RetryAfter
	if failure.Result != transport.Retry {
		if p.wentFrom != nil || !slices.ContainsFunc(outcomes, transport.Outcome.Answered) {
			return nil // what failed before has to wait all the same, and so if nobody was asked
		}
		return p.outbox.SetBackoffs(p.outbox.Backoffs().Succeed(p.goes(m.Tool.ID)))
	}
	p.failed, p.sum.Failed = failure, errors.New(failure.Note)
	if attempt.Err() != nil {
		p.sum.Failed = p.timeRanOut(attempt, p.outbox) // merely this process's time, which says nothing of the receiver
		return nil
	}
	wait = wait.Next(p.Now(), failure.RetryAfter, failure.Note)
	wait.After = sent[len(sent)-1].Name
	return p.outbox.SetBackoffs(p.outbox.Backoffs().Fail(wait, p.wayOf(failure, m.Tool.ID, m.Send)))
}

// stopped ends an event whose delivery the gate stopped. It may leave later if
// only what was agreed to has changed.
func (p *pass) stopped(m *manifest.Manifest, c claimed, why outbox.Loss) error {
	if _, _, err := p.admission(m).admit(c.entry); err != nil {
		return p.refused(c, err, why)
	}
	return p.putBack(c)
}
