package sender

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
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

	seen []string // what waited when the outbox was listed last
}

// done is how many events are settled.
func (s Summary) done() int { return s.Sent + s.Rejected + s.Dropped }

func (s *Summary) add(o Summary) {
	s.Sent += o.Sent
	s.Rejected += o.Rejected
	s.Dropped += o.Dropped
	s.Held, s.Failed, s.RetryAfter = o.Held, o.Failed, o.RetryAfter
}

// askConsent asks for consent, as it is now. Where the event was taken is not known any
// more, so .env files are not looked at again.
func (s Sender) askConsent(m *manifest.Manifest) consent.Verdict {
	id := m.Tool.ID
	return consent.Decide(id, m, consent.Gather(id, m, s.Env, s.Dirs, ""))
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

// errDrop says that an entry must never be sent: it was taken under an agreement
// or a source ID that is no more.
var errDrop = errors.New("consent was withdrawn")

// parcelOf makes a parcel of an entry, under what is agreed now. The error wraps
// errDrop if the entry must go; any other means to keep it for later.
func parcelOf(m *manifest.Manifest, v consent.Verdict, gone forgotten, e Entry) (parcel, error) {
	if gone.in(e.Values) {
		return parcel{}, errDrop
	}
	if !v.On() && !withdrawn(v.Reason.Rule) {
		return parcel{}, errors.New(v.Reason.Detail)
	}
	event, ok := m.Event(e.Event)
	if !ok || m.IsDeletion(e.Event) {
		return parcel{}, errDrop
	}
	permit, err := v.Permit(event)
	if err != nil {
		return parcel{}, errDrop
	}
	payload := Build(m, e.Event, permit.Terms(), e.Values)
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

// batch is what goes out together: by one manifest and its transport.
type batch struct {
	manifest *manifest.Manifest
	file     string // [Entry.Manifest] of all
	claims   []claimed
	bytes    int
}

// claimed is an event that this process delivers.
type claimed struct {
	claim
	entry Entry
	data  []byte
}

// drain delivers what waits for one tool until nothing is left that this process
// can deliver, something fails, or ctx ends. progress is called after each batch
// with the number of events done.
func (s Sender) drain(ctx context.Context, tool manifest.ID, progress func(int)) Summary {
	sum := Summary{Tool: tool}
	r := round{Sender: s, outbox: s.Outbox(tool), self: thisProcess(), sum: &sum, progress: progress}
	for ctx.Err() == nil {
		names, err := r.prepare()
		if err != nil {
			sum.Failed = err.Error()
			return sum
		}
		before := sum.done()
		sum.Held, sum.seen = "", names
		if len(names) == 0 || !r.run(ctx, names) || sum.done() == before { // or others take them all
			return sum
		}
	}
	sum.Failed = "time ran out"
	return sum
}

// prepare puts the outbox in order and lists what waits.
func (r *round) prepare() ([]string, error) {
	now := r.Now()
	if err := r.outbox.reclaim(r.self, now); err != nil {
		return nil, err
	}
	_ = r.outbox.trim(now) // what cannot be tidied up is not in the way of what can be delivered
	names, err := r.outbox.names("new")
	if err == nil && len(names) > 0 {
		err = r.outbox.create()
	}
	return names, err
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
// false if the tool has to wait. What only this process cannot deliver, or cannot
// read, is passed over and put back; Held says why.
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
		if r.sum.Failed != "" {
			break
		}
	}
	return r.flush(ctx) && r.sum.Failed == ""
}

// take adds a claimed event to the batch, and sends the batch first if the event
// does not go with it.
func (r *round) take(ctx context.Context, c claim) error {
	e, data, err := c.read()
	if err != nil {
		return r.unreadable(c, data, err)
	}
	if len(r.batch.claims) > 0 && !r.fits(e, len(data)) && !r.flush(ctx) {
		return c.release()
	}
	if len(r.batch.claims) == 0 {
		m, err := r.manifestOf(e)
		if err != nil {
			r.sum.Held = err.Error()
			return c.release()
		}
		r.batch = batch{manifest: m, file: e.Manifest}
	}
	r.batch.claims = append(r.batch.claims, claimed{c, e, data})
	r.batch.bytes += len(data)
	return nil
}

func (r *round) fits(e Entry, size int) bool {
	parcels, bytes := r.medium().transportOf(r.batch.manifest).limits()
	return r.batch.file == e.Manifest && len(r.batch.claims) < parcels && r.batch.bytes+size <= bytes
}

// unreadable moves aside what is no entry. What a newer program wrote is put back
// for it, and so is what this process may only not be allowed to read.
func (r *round) unreadable(c claim, data []byte, err error) error {
	var pathErr *os.PathError
	switch {
	case errors.Is(err, os.ErrNotExist): // the outbox was emptied
		return nil
	case errors.Is(err, statefile.ErrNotRegular):
		r.sum.Rejected++
		return c.spoil()
	case errors.Is(err, errNewer), errors.As(err, &pathErr) && !errors.Is(err, statefile.ErrTooLarge):
		r.sum.Held = "an event cannot be read: " + err.Error()
		return c.release()
	}
	r.sum.Rejected++
	return c.reject(data, "not a readable entry: "+err.Error(), r.Now())
}

func (r *round) drop(c claim) error {
	r.sum.Dropped++
	return errors.Join(c.done(), r.outbox.countDropped(1, r.Now()))
}

// flush asks for consent, sends the batch, and settles each of its events:
// delivered, moved aside, or put back. It returns false if the tool has to wait.
func (r *round) flush(ctx context.Context) bool {
	b := r.batch
	r.batch = batch{}
	if len(b.claims) == 0 {
		return true
	}
	sent, parcels, err := r.permitted(b)
	errs := []error{err}
	if len(parcels) > 0 {
		attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
		defer cancel()
		outcomes := r.medium().transportOf(b.manifest).carry(attempt, parcels)
		errs = append(errs, r.record(r.outbox.tool, b.manifest.Send.Endpoint, parcels, outcomes), r.settle(ctx, sent, outcomes))
	}
	if err := errors.Join(errs...); err != nil {
		r.sum.Failed = cmp.Or(r.sum.Failed, err.Error())
	}
	r.progress(len(b.claims))
	return r.sum.Failed == ""
}

// permitted makes parcels of what may be sent at this moment. What consent was
// withdrawn for goes, and what has to wait is put back.
func (r *round) permitted(b batch) (sent []claimed, parcels []parcel, err error) {
	verdict := r.askConsent(b.manifest)
	gone, goneErr := r.Deletions().forgotten()
	var errs []error
	for _, c := range b.claims {
		p, err := parcelOf(b.manifest, verdict, gone, c.entry)
		if goneErr != nil {
			err = goneErr
		}
		switch {
		case errors.Is(err, errDrop):
			errs = append(errs, r.drop(c.claim))
		case err != nil:
			r.sum.Held = err.Error()
			errs = append(errs, c.release())
		default:
			sent, parcels = append(sent, c), append(parcels, p)
		}
	}
	return sent, parcels, errors.Join(errs...)
}

// settle does with each event what its outcome asks for, and notes how long the
// tool has to wait.
func (r *round) settle(ctx context.Context, sent []claimed, outcomes []outcome) error {
	var errs []error
	var failure outcome
	for i, out := range outcomes {
		switch out.result {
		case accepted:
			r.sum.Sent++
			errs = append(errs, sent[i].done())
		case rejected:
			r.sum.Rejected++
			errs = append(errs, sent[i].reject(sent[i].data, out.note, r.Now()))
		case retry:
			failure = out
			errs = append(errs, sent[i].release())
		}
	}
	switch {
	case failure.result != retry:
		errs = append(errs, r.outbox.clearBackoff())
	case ctx.Err() == nil: // not merely this process running out of time
		errs = append(errs, r.outbox.setBackoff(r.outbox.Backoff().next(r.Now(), failure.retryAfter, failure.note)))
	}
	r.sum.Failed, r.sum.RetryAfter = failure.note, failure.retryAfter
	return errors.Join(errs...)
}

// record journals what left, before it is removed from the outbox: what is
// delivered twice was sent twice, and stands there twice.
func (s Sender) record(tool manifest.ID, endpoint string, parcels []parcel, outcomes []outcome) error {
	gone, err := s.Deletions().forgotten()
	if err != nil {
		return err
	}
	var records []Record
	for i, p := range parcels {
		if outcomes[i].result == accepted && !gone.in(p.document()) { // forgotten while it was on its way
			records = append(records, Record{
				Schema: 1, At: s.Now().UTC(), Event: p.event, EventID: p.eventID,
				Endpoint: endpoint, Note: outcomes[i].note, Payload: p.document(),
			})
		}
	}
	if len(records) == 0 {
		return nil
	}
	return s.Journal(tool).add(records)
}
