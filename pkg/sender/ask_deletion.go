package sender

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"

	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// occasion is why somebody works at a deletion.
type occasion int

const (
	background  occasion = iota // a deliverer does, when the back-off allows
	awaited                     // somebody waits for it; only a receiver's own wish delays it
	forgetAgain                 // its person asks again; so is who refused before
)

// ask is step 5 of forgetting: it delivers the requests of a deletion that this
// process holds, as far as they are due, each once. It asks for no consent: the
// person asked for it, and it holds nothing of the machine but the ID. The error is of the
// disk; what the receivers said is noted in d.
func (s Sender) ask(ctx context.Context, d *deletion.Deletion, why occasion) error {
	var errs []error
	for i := range d.Requests {
		r := &d.Requests[i]
		if why == forgetAgain && r.Refused() && ctx.Err() == nil {
			r.Reopen()
		}
		wait := s.requestWait(*r)
		waits := wait.Running(s.Now()) && why == background || wait.ServerAsked(s.Now())
		if r.State != deletion.Pending || waits || ctx.Err() != nil {
			continue
		}
		if why == background && !s.canAsk(*r) || !s.hasKeyFor(*r) {
			continue
		}
		out := s.askOne(s.underway(ctx), d, *r)
		if out.Result == transport.Retry && s.underway(ctx).Err() != nil {
			continue // this process ran out of time, which says nothing of the receiver
		}
		s.noteAnswer(r, out)
		errs = append(errs, s.deletions().Write(d))
	}
	return errors.Join(errs...)
}

// canAsk reports whether this process can make a request. One that has not the write key leaves
// that to others, who need not wait because of it.
func (s Sender) canAsk(r deletion.Request) bool {
	return transport.Usable(s.transportConfig(), deletionTarget(r)) == nil && s.hasKeyFor(r)
}

// hasKeyFor reports whether this process has the write key with which a request was asked for,
// if it was with one: with another it would reach somebody else's account.
func (s Sender) hasKeyFor(r deletion.Request) bool {
	return s.hasKey(r.Key, r.Tools[0], deletionTarget(r).Send)
}

// nameKeys names in new requests the write keys with which they are asked for.
func (s Sender) nameKeys(d *deletion.Deletion) {
	for i := range d.Requests {
		if r := &d.Requests[i]; r.Untried() && r.Send != nil {
			r.Key = s.keyOf(r.Tools[0], *r.Send)
		}
	}
}

// noteAnswer notes what became of a request, by the rules that events have too, and who has to
// wait because of it.
func (s Sender) noteAnswer(r *deletion.Request, out transport.Outcome) {
	now := s.Now()
	switch out.Result {
	case transport.Accepted:
		r.Accept(now)
	case transport.Rejected:
		r.Refuse(now, out.Note)
	default:
		wait := s.requestWait(*r)
		wait.Failures = r.Last().Failures
		r.Waits = r.Waits.Fail(wait.Next(now, out.RetryAfter, out.Note), s.wayOf(out, r.Tools[0], deletionTarget(*r).Send))
	}
}

func (s Sender) askOne(ctx context.Context, d *deletion.Deletion, r deletion.Request) transport.Outcome {
	ctx, cancel := context.WithTimeout(ctx, transport.AttemptTimeout)
	defer cancel()
	messages := []transport.Message{deletionMessage(r, d.SourceID)}
	return s.deletionTransport(r).Send(ctx, messages)[0]
}

// dueDeletions lists the hashes of the deletions at which something could be done
// now, and which no other process holds.
func (s Sender) dueDeletions() []string {
	ds, now := s.deletions(), s.Now()
	filed, temporary, err := ds.Names()
	if err != nil {
		return nil // a background process has nobody to tell; the next one tries again
	}
	var list []string
	add := func(sha string) {
		if !ds.Lease(sha).Held(now, lease.This) && !slices.Contains(list, sha) {
			list = append(list, sha)
		}
	}
	for sha := range temporary {
		add(sha)
	}
	for sha := range filed {
		if d, err := ds.Read(sha); err == nil && d.Due(now, s.requestWait, s.canAsk) {
			add(sha)
		}
	}
	return list
}

// doDeletion does what is left to do of a deletion, if no other process does,
// and returns how it is then; the zero value if there is none.
func (s Sender) doDeletion(ctx context.Context, sha string, why occasion) (deletion.Deletion, error) {
	take := s.leaseDeletion
	if why == forgetAgain {
		take = func(sha string) (heldDeletion, error) { return s.awaitDeletion(ctx, sha) }
	}
	held, err := take(sha)
	if errors.Is(err, os.ErrExist) {
		return s.deletions().Read(sha)
	}
	if err != nil {
		return deletion.Deletion{}, err
	}
	defer held.release()
	d, err := s.deletions().Read(sha)
	if errors.Is(err, os.ErrNotExist) {
		return d, nil // there were only temporary files, which are removed
	}
	if err != nil {
		return d, err
	}
	_, err = s.settleHere(ctx, &d, why != background)
	switch {
	case ctx.Err() != nil:
		return d, nil // the next one goes on
	case errors.Is(err, ErrNotKept):
		return d, err
	}
	return d, s.ask(ctx, &d, why)
}

// doDeletions works at several deletions side by side, and returns those of
// which the disk did not let it.
func (s Sender) doDeletions(ctx context.Context, list []string) (stuck []string) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, sha := range list {
		wg.Go(func() {
			if _, err := s.doDeletion(ctx, sha, background); err != nil {
				mu.Lock()
				defer mu.Unlock()
				stuck = append(stuck, sha)
			}
		})
	}
	wg.Wait()
	return stuck
}
