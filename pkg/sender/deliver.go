package sender

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Summary is what a delivery did for one tool.
type Summary struct {
	Tool     manifest.ID
	Sent     int
	Rejected int    // moved aside
	Dropped  int    // consent for them was withdrawn
	Held     string // why what waits is not delivered by this process, or ""
	Failed   string // why what waits was not delivered, or ""
	// Unrecorded is why something that was sent is not in the journal, or "".
	Unrecorded string
	// RetryAfter is what the server asked for, or 0.
	RetryAfter time.Duration

	seen []string // what waited when the outbox was listed last, sorted
}

// done is how many events are settled.
func (s Summary) done() int { return s.Sent + s.Rejected + s.Dropped }

func (s *Summary) add(o Summary) {
	s.Sent += o.Sent
	s.Rejected += o.Rejected
	s.Dropped += o.Dropped
	s.Unrecorded = cmp.Or(s.Unrecorded, o.Unrecorded)
	s.Held, s.Failed, s.RetryAfter = o.Held, o.Failed, o.RetryAfter
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
	entry  Entry
	data   []byte
	permit consent.Permit // under which it is sent
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

// startAfter turns a sorted list of names round: it begins behind the last one.
func startAfter(last string, names []string) []string {
	i, found := slices.BinarySearch(names, last)
	if found {
		i++
	}
	return append(slices.Clone(names[i:]), names[:i]...)
}

// round is one pass over the events of a tool that wait.
type round struct {
	Sender
	outbox   Outbox
	self     owner
	sum      *Summary
	progress func(int)
	batch    batch

	before Backoff           // as it was when the pass began
	failed transport.Outcome // of the last batch that failed
	round  string            // the failure after which the pass went round, if it did
	singly bool              // a batch is one event
}

// run claims and delivers the events of these names, in batches. It returns
// false if the tool has to wait. What only this process cannot deliver, or cannot
// read, is passed over and put back; Held says why.
func (r *round) run(ctx context.Context, names []string) bool {
	r.before, r.failed, r.round = r.outbox.Backoff(), transport.Outcome{}, ""
	// A server that asks to be left alone gets one batch a pass. If it has asked more
	// than once, that may be for single events, and each pass begins behind the last.
	if r.singly = r.before.Failures > 1 && !r.before.Asked.IsZero(); r.singly {
		names = startAfter(r.before.After, names)
	}
	for len(names) > 0 && ctx.Err() == nil {
		name := names[0]
		names = names[1:]
		if !isEntryName(name) {
			r.setAside(name)
			continue
		}
		c, err := r.outbox.claim(name, r.self, r.Now())
		if errors.Is(err, os.ErrNotExist) { // taken by another
			continue
		}
		if err != nil {
			r.sum.Held = "an event cannot be claimed: " + err.Error()
			continue
		}
		if err = r.take(ctx, c); err != nil {
			r.sum.Failed = cmp.Or(r.sum.Failed, err.Error())
			break
		}
		if r.sum.Failed == "" {
			continue
		}
		if !r.goesRound() {
			break
		}
		names = startAfter(r.before.After, append([]string{name}, names...)) // it was put back
	}
	ok := r.flush(ctx)
	r.sum.Failed = cmp.Or(r.sum.Failed, r.round)
	return ok && r.sum.Failed == ""
}

// goesRound reports whether the pass goes on after a batch that failed, and then notes
// that: once, if the one before failed too and the server has said so, which may be
// about single events. It goes on behind the event that failed last, so that those that
// always fail do not keep the others waiting. The oldest are tried first all the same:
// after a failure of the server itself everything leaves in the order in which it was taken.
func (r *round) goesRound() bool {
	if r.round != "" || r.before.Failures == 0 || !r.failed.Single() {
		return false
	}
	r.round, r.sum.Failed = r.sum.Failed, ""
	return true
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
	r.batch.claims = append(r.batch.claims, claimed{claim: c, entry: e, data: data})
	r.batch.bytes += len(data)
	return nil
}

func (r *round) fits(e Entry, size int) bool {
	messages, bytes := transport.New(r.surroundings(), targetOf(r.batch.manifest)).Limits()
	return r.batch.file == e.Manifest && len(r.batch.claims) < messages && !r.singly && r.batch.bytes+size <= bytes
}

// unreadable moves aside what is no entry. What a newer program wrote is put back
// for it, and so is what this process may only not be allowed to read.
func (r *round) unreadable(c claim, data []byte, err error) error {
	var pathErr *os.PathError
	switch {
	case errors.Is(err, os.ErrNotExist): // the outbox was emptied
		return nil
	case errors.Is(err, statefile.ErrNotRegular), errors.Is(err, statefile.ErrUntrusted):
		if err := c.spoil(); err != nil {
			return r.drop(c, lostRejected)
		}
		r.sum.Rejected++
		return nil
	case errors.Is(err, errNewer), errors.As(err, &pathErr) && !errors.Is(err, statefile.ErrTooLarge):
		r.sum.Held = "an event cannot be read: " + err.Error()
		return c.release()
	}
	r.sum.Rejected++
	return c.reject(data, "not a readable entry: "+err.Error(), r.Now())
}

// setAside moves aside what lies among the events and has no event's name, or discards
// it if that cannot be done.
func (r *round) setAside(name string) {
	aside, err := r.outbox.setAside(name, r.Now())
	switch {
	case errors.Is(err, os.ErrNotExist): // others were quicker
	case err != nil:
		r.sum.Held = "what is no event cannot be moved aside: " + err.Error()
	case aside:
		r.sum.Rejected++
	default:
		r.sum.Dropped++
	}
}

func (r *round) drop(c claim, why loss) error {
	r.sum.Dropped++
	return c.discard(why, r.Now())
}

// flush asks for consent, sends the batch, and settles each of its events:
// delivered, moved aside, or put back. It returns false if the tool has to wait.
func (r *round) flush(ctx context.Context) bool {
	b := r.batch
	r.batch = batch{}
	if len(b.claims) == 0 {
		return true
	}
	sent, messages, err := r.permitted(b)
	errs := []error{err}
	if len(messages) > 0 {
		attempt, cancel := context.WithTimeout(ctx, transport.AttemptTimeout)
		defer cancel()
		c := r.surroundings()
		c.Allow, c.Split = r.gate(b.manifest, sent), r.outbox.Backoff().Failures > 1
		outcomes := transport.New(c, targetOf(b.manifest)).Send(attempt, messages)
		err := r.record(r.outbox.tool, b.manifest.Send.Endpoint, messages, outcomes)
		errs = append(errs, r.settle(ctx, b.manifest, sent, outcomes))
		if err != nil { // on a full disk the events that are gone have made room
			err = r.record(r.outbox.tool, b.manifest.Send.Endpoint, messages, outcomes)
		}
		if err != nil {
			r.sum.Unrecorded = "what was sent is not in the journal: " + err.Error()
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		r.sum.Failed = cmp.Or(r.sum.Failed, err.Error())
	}
	r.progress(len(b.claims))
	return r.sum.Failed == ""
}

// permitted makes messages of what may be sent at this moment. What consent was
// withdrawn for goes, and what has to wait is put back.
func (r *round) permitted(b batch) (sent []claimed, messages []transport.Message, err error) {
	a := r.admission(b.manifest)
	var errs []error
	for _, c := range b.claims {
		permit, p, err := a.admit(c.entry)
		if err != nil {
			errs = append(errs, r.refused(c.claim, err, ""))
			continue
		}
		c.permit = permit
		sent, messages = append(sent, c), append(messages, p)
	}
	return sent, messages, errors.Join(errs...)
}

// refused ends an event that must never leave, and puts back one that may later. why
// is the loss, if it is known better than from the error.
func (r *round) refused(c claim, err error, why loss) error {
	var drop dropError
	if errors.As(err, &drop) {
		return r.drop(c, cmp.Or(why, drop.why))
	}
	r.sum.Held = err.Error()
	return c.release()
}

// settle does with each event what its outcome asks for, and notes how long the
// tool has to wait.
func (r *round) settle(ctx context.Context, m *manifest.Manifest, sent []claimed, outcomes []transport.Outcome) error {
	var errs []error
	var failure transport.Outcome
	wait := r.outbox.Backoff()
	for i, out := range outcomes {
		switch out.Result {
		case transport.Accepted:
			r.sum.Sent++
			wait = Backoff{} // the server is well: only single events have to wait
			errs = append(errs, sent[i].done())
		case transport.Rejected:
			r.sum.Rejected++
			errs = append(errs, sent[i].reject(sent[i].data, out.Note, r.Now()))
		case transport.Withheld:
			errs = append(errs, r.stopped(m, sent[i], ""))
		case transport.Interrupted:
			errs = append(errs, r.stopped(m, sent[i], lostInterrupted))
		case transport.Retry:
			out.RetryAfter = max(out.RetryAfter, failure.RetryAfter)
			failure = out
			errs = append(errs, sent[i].release())
		}
	}
	switch {
	case failure.Result != transport.Retry && (r.round != "" || !slices.ContainsFunc(outcomes, transport.Outcome.Answered)):
		// What failed before has to wait all the same, and so if nobody was asked.
	case failure.Result != transport.Retry:
		errs = append(errs, r.outbox.clearBackoff())
	case ctx.Err() == nil: // not merely this process running out of time
		wait = wait.next(r.Now(), failure.RetryAfter, failure.Note)
		wait.After = sent[len(sent)-1].name
		errs = append(errs, r.outbox.setBackoff(wait))
	}
	if failure.Result == transport.Retry {
		r.failed = failure
	}
	r.sum.Failed, r.sum.RetryAfter = failure.Note, failure.RetryAfter
	return errors.Join(errs...)
}

// stopped settles an event whose delivery the gate stopped. It may leave later if
// only what was agreed to has changed.
func (r *round) stopped(m *manifest.Manifest, c claimed, why loss) error {
	if _, _, err := r.admission(m).admit(c.entry); err != nil {
		return r.refused(c.claim, err, why)
	}
	return c.release()
}

// record journals what left, before it is removed from the outbox: what is
// delivered twice was sent twice, and stands there twice.
func (s Sender) record(tool manifest.ID, endpoint string, messages []transport.Message, outcomes []transport.Outcome) error {
	gone, err := s.Deletions().forgotten()
	if err != nil {
		return err
	}
	var records []Record
	for i, m := range messages {
		if outcomes[i].Result == transport.Accepted && !gone.in(m.Document) { // forgotten while it was on its way
			records = append(records, Record{
				Schema: 1, At: s.Now().UTC(), Event: m.Event, EventID: m.EventID,
				Endpoint: endpoint, Note: outcomes[i].Note, Payload: m.Document,
			})
		}
	}
	if len(records) == 0 {
		return nil
	}
	return s.Journal(tool).add(records)
}
