package sender

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Summary is what a delivery did for one tool.
type Summary struct {
	Tool     manifest.ID
	Sent     int
	Rejected int    // moved aside
	Dropped  int    // consent for them was withdrawn
	Held     string // why what waits is not delivered by this process, or ""
	Failed   string // why what waits was not delivered, or ""
	// RetryAfter is what the server asked for, or 0.
	RetryAfter time.Duration
}

func (s *Summary) add(o Summary) {
	s.Sent += o.Sent
	s.Rejected += o.Rejected
	s.Dropped += o.Dropped
	s.Held, s.Failed, s.RetryAfter = o.Held, o.Failed, o.RetryAfter
}

// answerFor is what a tool's manifest and its consent say at this moment.
type answerFor struct {
	manifest *manifest.Manifest
	verdict  consent.Verdict
	err      error
}

// ask reads the manifest and asks for consent, as it is now. Where the event was
// taken is not known any more, so .env files are not looked at again.
func (s Sender) ask(e Entry) answerFor {
	m, err := s.manifestOf(e)
	if err != nil {
		return answerFor{err: err}
	}
	return answerFor{m, consent.Decide(e.Tool, m, consent.Gather(e.Tool, m, s.Env, s.Dirs, "")), nil}
}

func (s Sender) manifestOf(e Entry) (*manifest.Manifest, error) {
	if e.Manifest == "" {
		return manifest.Library{Dirs: s.Dirs.Tools()}.Find(e.Tool)
	}
	m, err := manifest.ReadFile(e.Manifest)
	if err == nil && m.Tool.ID != e.Tool {
		err = fmt.Errorf("%s is now for the tool %s", e.Manifest, m.Tool.ID)
	}
	return m, err
}

// withdrawn tells whether a reason to be off holds for whoever looks, so that
// what waits will never be sent. The others hold for this process only, such as
// a variable in its environment, or can be mended, and what waits is kept.
func withdrawn(r consent.Rule) bool {
	return r == consent.User || r == consent.System || r == consent.EndpointChanged
}

// errDrop says that an entry must never be sent.
var errDrop = errors.New("consent was withdrawn")

// parcelOf makes a parcel of an entry, under what is agreed now. The error wraps
// errDrop if the entry must go; any other means to keep it for later.
func (a answerFor) parcelOf(e Entry) (parcel, error) {
	if a.err != nil {
		return parcel{}, a.err
	}
	if !a.verdict.On() {
		if reason := a.verdict.Reason; !withdrawn(reason.Rule) {
			return parcel{}, errors.New(reason.Detail)
		}
		return parcel{}, errDrop
	}
	event, ok := a.manifest.Event(e.Event)
	if !ok {
		return parcel{}, errDrop
	}
	permit, err := a.verdict.Permit(event)
	if err != nil {
		return parcel{}, errDrop
	}
	payload := Build(a.manifest, e.Event, permit.Terms(), e.Values)
	for _, f := range payload.Fields {
		if f.Field.Required && f.Withheld != "" {
			return parcel{}, errDrop
		}
	}
	p, err := newParcel(permit, e, payload)
	if err != nil {
		return parcel{}, errDrop
	}
	return p, nil
}

// batch is what goes out together: one manifest, one agreement, one transport.
type batch struct {
	file    string // [Entry.Manifest] of all
	answer  answerFor
	claims  []claim
	data    [][]byte
	parcels []parcel
	bytes   int
}

// drain delivers what waits for one tool until nothing is left, something fails,
// or ctx ends. progress is called after each batch with the number of events done.
func (s Sender) drain(ctx context.Context, tool manifest.ID, progress func(int)) Summary {
	sum := Summary{Tool: tool}
	r := round{Sender: s, outbox: s.Outbox(tool), self: thisProcess(), sum: &sum, progress: progress}
	for ctx.Err() == nil {
		now := s.Now()
		if err := errors.Join(r.outbox.reclaim(r.self, now), r.outbox.trim(now)); err != nil {
			sum.Failed = err.Error()
			return sum
		}
		names, before := r.outbox.names("new"), sum
		if len(names) == 0 {
			return sum
		}
		if err := r.outbox.create(); err != nil { // or nothing could be claimed
			sum.Failed = err.Error()
			return sum
		}
		if !r.run(ctx, names) || sum == before { // or others take them all
			return sum
		}
	}
	sum.Failed = "time ran out"
	return sum
}

// round is one pass over the events of a tool that wait.
type round struct {
	Sender
	outbox   Outbox
	self     owner
	sum      *Summary
	progress func(int)
	batch    batch
}

// run claims and delivers the events of these names, in batches. It returns
// false if the tool has to wait.
func (r *round) run(ctx context.Context, names []string) bool {
	for _, name := range names {
		if ctx.Err() != nil {
			break
		}
		c, err := r.outbox.claim(name, r.self, r.Now())
		if errors.Is(err, os.ErrNotExist) { // taken by another
			continue
		}
		if err == nil {
			err = r.take(ctx, c)
		}
		if err != nil {
			r.sum.Failed = cmp.Or(r.sum.Failed, err.Error())
			break
		}
		if r.sum.Held != "" || r.sum.Failed != "" {
			break
		}
	}
	return r.flush(ctx) && r.sum.Held == "" && r.sum.Failed == ""
}

// take adds a claimed event to the batch, and sends the batch first if the event
// does not go with it.
func (r *round) take(ctx context.Context, c claim) error {
	e, data, err := c.read()
	if err != nil {
		return r.unreadable(c, data, err)
	}
	if len(r.batch.parcels) > 0 && !r.fits(e, len(data)) && !r.flush(ctx) {
		return c.release()
	}
	if len(r.batch.parcels) == 0 {
		r.batch = batch{file: e.Manifest, answer: r.ask(e)}
	}
	p, err := r.batch.answer.parcelOf(e)
	switch {
	case errors.Is(err, errDrop):
		return r.drop(c)
	case err != nil:
		r.sum.Held = err.Error()
		return c.release()
	}
	r.batch.add(c, data, p)
	return nil
}

func (r *round) fits(e Entry, size int) bool {
	parcels, bytes := r.medium().transportOf(r.batch.answer.manifest).limits()
	return r.batch.file == e.Manifest && len(r.batch.parcels) < parcels && r.batch.bytes+size <= bytes
}

func (b *batch) add(c claim, data []byte, p parcel) {
	b.claims, b.data, b.parcels = append(b.claims, c), append(b.data, data), append(b.parcels, p)
	b.bytes += len(data)
}

// unreadable moves aside what is no entry. What a newer program wrote is put
// back for it.
func (r *round) unreadable(c claim, data []byte, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist): // the outbox was emptied
		return nil
	case errors.Is(err, errNewer):
		return c.release()
	}
	r.sum.Rejected++
	return c.reject(data, "not a readable entry: "+err.Error(), r.Now())
}

func (r *round) drop(c claim) error {
	r.sum.Dropped++
	return errors.Join(c.done(), r.outbox.countDropped(1, r.Now()))
}

// flush sends the batch and settles each of its events: delivered, moved aside,
// or put back. It returns false if the tool has to wait.
func (r *round) flush(ctx context.Context) bool {
	b := r.batch
	r.batch = batch{}
	if len(b.parcels) == 0 {
		return true
	}
	attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	outcomes := r.medium().transportOf(b.answer.manifest).carry(attempt, b.parcels)

	errs := []error{r.record(r.outbox.tool, b.parcels, outcomes)}
	var failure outcome
	for i, out := range outcomes {
		switch out.result {
		case accepted:
			r.sum.Sent++
			errs = append(errs, b.claims[i].done())
		case rejected:
			r.sum.Rejected++
			errs = append(errs, b.claims[i].reject(b.data[i], out.note, r.Now()))
		case retry:
			failure = out
			errs = append(errs, b.claims[i].release())
		}
	}
	switch {
	case failure.result != retry:
		errs = append(errs, r.outbox.clearBackoff())
	case ctx.Err() == nil: // not merely this process running out of time
		errs = append(errs, r.outbox.setBackoff(r.outbox.Backoff().next(r.Now(), failure.retryAfter, failure.note)))
	}
	r.sum.Failed, r.sum.RetryAfter = failure.note, failure.retryAfter
	if err := errors.Join(errs...); err != nil {
		r.sum.Failed = cmp.Or(r.sum.Failed, err.Error())
	}
	r.progress(len(b.parcels))
	return r.sum.Failed == ""
}

// record journals what left, before it is removed from the outbox: what is
// delivered twice was sent twice, and stands there twice.
func (s Sender) record(tool manifest.ID, parcels []parcel, outcomes []outcome) error {
	var records []Record
	for i, p := range parcels {
		if outcomes[i].result == accepted {
			records = append(records, Record{
				Schema: 1, At: s.Now().UTC(), Event: p.event, EventID: p.eventID,
				Endpoint: p.permit.Terms().Endpoint, Note: outcomes[i].note, Payload: p.document(),
			})
		}
	}
	if len(records) == 0 {
		return nil
	}
	return s.Journal(tool).add(records)
}
