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
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Summary is what a delivery did for one tool.
type Summary struct {
	Tool       manifest.ID
	Sent       int
	Rejected   int           // by a server, and kept apart
	Dropped    int           // because consent for them was withdrawn, or their source ID forgotten
	OverBounds int           // dropped because the outbox was full, or they were too old
	Held       error         // why what is queued is not delivered by this process; nil if it is
	OtherKey   error         // why some of it is left to processes with another write key; nil if nothing is
	Failed     error         // why what is queued was not delivered; nil if it was
	Unrecorded error         // why something that was sent is not in the journal; nil if all is
	RetryAfter time.Duration // what the server asked for; 0 if it did not

	seen   []string       // what was queued when the outbox was listed last, but for what others took, sorted
	others []string       // of that: what is left to processes with another write key
	files  []manifestFile // that were named and read there
}

// manifestFile is one by which events can be delivered.
type manifestFile struct{ path, way string }

func (s *Summary) noteFile(f manifestFile) {
	if !slices.Contains(s.files, f) {
		s.files = append(s.files, f)
	}
}

// ended is how many events have ended.
func (s Summary) ended() int { return s.Sent + s.Rejected + s.Dropped }

func (s *Summary) add(o Summary) {
	s.Sent += o.Sent
	s.Rejected += o.Rejected
	s.Dropped += o.Dropped
	s.OverBounds += o.OverBounds
	s.Unrecorded = cmp.Or(s.Unrecorded, o.Unrecorded)
	s.Held, s.OtherKey, s.Failed, s.RetryAfter = o.Held, o.OtherKey, o.Failed, o.RetryAfter
}

// errTimeRanOut says that a delivery has no more time.
var errTimeRanOut = errors.New("time ran out")

// timeRanOut says why events stay that there was no more time for when ctx ended: that it was
// told to, or what failed last, if something did, which tells a person more than that time ran
// out.
func (s Sender) timeRanOut(ctx context.Context, o outbox.Outbox) error {
	if stop, ok := stopOf(ctx); ok {
		return stop
	}
	if b := s.backoff(o); b.Failures > 0 && b.Error != "" {
		return errors.New(b.Error)
	}
	return errTimeRanOut
}

// drain delivers what is queued for one tool until nothing is left that this process
// can deliver, something fails, or ctx ends. progress is called after each batch
// with the number of events done.
func (s Sender) drain(ctx context.Context, tool manifest.ID, progress func(int)) Summary {
	p := s.newPass(tool, progress)
	for ctx.Err() == nil {
		before, left := p.sum.ended(), len(p.sum.others)
		q, err := p.outbox.Prepare(p.self, p.Now(), left)
		p.sum.OverBounds += q.OverBounds
		p.sum.seen = slices.Sorted(slices.Values(slices.Concat(q.Names, q.Behind)))
		if err != nil {
			p.sum.Failed = err
			return p.sum
		}
		p.sum.Held, p.sum.OtherKey, p.sum.others = nil, nil, nil
		if len(q.Names) == 0 || !p.run(ctx, q.Names) {
			return p.sum
		}
		more := len(q.Behind) > 0 && len(p.sum.others) > left // which make no room for what is behind them
		if p.sum.ended() == before && !more {                 // or others take them all
			return p.sum
		}
	}
	p.sum.Failed = p.timeRanOut(ctx, p.outbox)
	return p.sum
}

// pass goes once over the queued events of a tool: it claims them one by one, gathers
// those that go together in a batch, and sends that.
type pass struct {
	Sender
	outbox   outbox.Outbox
	self     lease.Owner
	progress func(int)
	pace     *transport.Pace
	sum      Summary
	batch    batch
	order    order
	last     string // the name of the event that was delivered last

	before   backoff.Backoff   // as it was when the pass began
	failed   transport.Outcome // of the last batch that failed
	wentFrom error             // the failure after which the pass went round; nil if it did not
	singly   bool              // a batch is one event
	recorder *journal.Recorder // of what this pass sends; nil before the first batch
}

func (s Sender) newPass(tool manifest.ID, progress func(int)) *pass {
	return &pass{Sender: s, outbox: s.outbox(tool), self: lease.This(), progress: progress, pace: transport.NewPace(), sum: Summary{Tool: tool}}
}

// run claims and delivers the events of these names, in batches. It returns
// false if the tool has to wait. What only this process cannot deliver, or cannot
// read, is passed over and put back; Held says why.
func (p *pass) run(ctx context.Context, names []string) bool {
	p.before, p.failed, p.wentFrom = p.backoff(p.outbox), transport.Outcome{}, nil
	p.order = newOrder(p.outbox, names)
	// A server that asks to be left alone gets one batch a pass. If it has asked more
	// than once, that may be for single events, and each pass begins behind the last.
	if p.singly = p.before.Failures > 1 && !p.before.Asked.IsZero(); p.singly {
		p.order.ahead(names...)
		names = startAfter(p.before.After, names)
	}
	for len(names) > 0 && ctx.Err() == nil {
		name := names[0]
		names = names[1:]
		if !p.takeNamed(ctx, name) {
			break
		}
		if p.sum.Failed == nil {
			continue
		}
		if !p.goesRound() {
			break
		}
		names = append([]string{name}, names...) // it was put back
		p.order.ahead(names...)
		names = startAfter(p.before.After, names)
	}
	ok := p.send(ctx)
	p.sum.Failed = cmp.Or(p.sum.Failed, p.wentFrom)
	return ok && p.sum.Failed == nil
}

// startAfter turns a sorted list of names round: it begins behind the last one.
func startAfter(last string, names []string) []string {
	i, found := slices.BinarySearch(names, last)
	if found {
		i++
	}
	return append(slices.Clone(names[i:]), names[:i]...)
}

// goesRound reports whether the pass goes on after a batch that failed, and then notes
// that: once, if the one before failed too and the server has said so, which may be
// about single events. It goes on behind the event that failed last, so that those that
// always fail do not keep the others waiting. The oldest are tried first all the same:
// after a failure of the server itself everything leaves in the order in which it was taken.
func (p *pass) goesRound() bool {
	if p.wentFrom != nil || p.before.Failures == 0 || !p.failed.Single() {
		return false
	}
	p.wentFrom, p.sum.Failed = p.sum.Failed, nil
	return true
}

// takeNamed claims the event of a name and adds it to the batch. It returns false if the
// pass cannot go on.
func (p *pass) takeNamed(ctx context.Context, name string) bool {
	if !outbox.IsEntryName(name) {
		p.quarantine(name)
		return true
	}
	c, err := p.outbox.Claim(name, p.self, p.Now())
	if errors.Is(err, os.ErrNotExist) { // taken by another, who may put it back for this process
		p.order.ahead(name)
		if i, found := slices.BinarySearch(p.sum.seen, name); found {
			p.sum.seen = slices.Delete(p.sum.seen, i, i+1)
		}
		return true
	}
	if err != nil {
		p.order.ahead(name)
		p.sum.Held = fmt.Errorf("an event cannot be claimed: %w", err)
		return true
	}
	if err = p.take(ctx, c); err != nil {
		p.sum.Failed = cmp.Or(p.sum.Failed, err)
		return false
	}
	return true
}

// take adds a claimed event to the batch, and sends the batch first if the event
// does not go with it.
func (p *pass) take(ctx context.Context, c outbox.Claim) error {
	e, data, err := c.Read()
	if err != nil {
		return p.unreadable(c, data, err)
	}
	if p.order.isBehind(e) {
		return c.Release()
	}
	if len(p.batch.claims) > 0 && !p.fits(e, len(data)) && !p.send(ctx) {
		return c.Release()
	}
	if p.order.isBehind(e) { // what was sent before is put back
		return c.Release()
	}
	if len(p.batch.claims) == 0 && (p.batch.manifest == nil || p.batch.file != e.Manifest) {
		m, err := p.manifestOf(e.Tool, e.Manifest)
		if err == nil {
			err = transport.Usable(p.transportConfig(), transport.Target{Send: m.Send})
		}
		if err != nil {
			p.sum.Held = err
			return p.putBack(claimed{Claim: c, entry: e})
		}
		if e.Manifest != "" {
			p.sum.noteFile(manifestFile{e.Manifest, p.withKey(p.sharedWay(), m)})
		}
		p.batch = batch{manifest: m, file: e.Manifest}
	}
	if !p.hasKey(e.Key, e.Tool, p.batch.manifest.Send) { // nor do those of its run that have this process's key wait for it
		p.sum.others = append(p.sum.others, c.Name)
		p.sum.OtherKey = errOtherKey(len(p.sum.others), e.Key)
		return c.Release()
	}
	p.batch.claims = append(p.batch.claims, claimed{Claim: c, entry: e, data: data})
	p.batch.bytes += len(data)
	return nil
}

// unreadable moves aside what is no entry. What a newer program wrote is put back
// for it, and so is what this process may only not be allowed to read.
func (p *pass) unreadable(c outbox.Claim, data []byte, err error) error {
	var pathErr *os.PathError
	switch {
	case errors.Is(err, os.ErrNotExist): // the outbox was emptied
		return nil
	case errors.Is(err, statefile.ErrNotRegular), errors.Is(err, statefile.ErrUntrusted):
		if err := c.Quarantine(); err != nil {
			return p.drop(c, outbox.LostRejected)
		}
		p.sum.Rejected++
		return nil
	case errors.Is(err, outbox.ErrNewer), errors.As(err, &pathErr) && !errors.Is(err, statefile.ErrTooLarge):
		p.sum.Held = fmt.Errorf("an event cannot be read: %w", err)
		return c.Release()
	}
	p.sum.Rejected++
	return c.Reject(data, "not a readable entry: "+err.Error(), p.Now())
}

// quarantine moves aside what is among the events and has no event's name, or discards
// it if that cannot be done.
func (p *pass) quarantine(name string) {
	aside, err := p.outbox.Quarantine(name, p.Now())
	switch {
	case errors.Is(err, os.ErrNotExist): // others were quicker
	case err != nil:
		p.sum.Held = fmt.Errorf("what is no event cannot be moved aside: %w", err)
	case aside:
		p.sum.Rejected++
	default:
		p.sum.Dropped++
	}
}

func (p *pass) drop(c outbox.Claim, why outbox.Loss) error {
	p.sum.Dropped++
	return c.Discard(why, p.Now())
}
