package sender

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
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
// person asked for it, and it holds the ID and nothing else. The error is of the
// disk; what the receivers said is noted in d.
func (s Sender) ask(ctx context.Context, d *Deletion, why occasion) error {
	var errs []error
	for i := range d.Requests {
		r := &d.Requests[i]
		if why == forgetAgain && r.Refused() && ctx.Err() == nil {
			r.reopen()
		}
		waits := r.Backoff.Running(s.Now()) && why == background || r.Backoff.ServerAsked(s.Now())
		if r.State != Pending || waits || ctx.Err() != nil {
			continue
		}
		out := s.askOne(ctx, d, *r)
		if out.Result == transport.Retry && ctx.Err() != nil {
			continue // this process ran out of time, which says nothing of the receiver
		}
		r.settle(out, s.Now())
		errs = append(errs, s.Deletions().write(d))
	}
	return errors.Join(errs...)
}

// reopen has a request that a receiver refused asked for again. The receiver may be
// well again; the request is the same.
func (r *DeletionRequest) reopen() {
	r.State, r.SettledAt, r.Answer, r.Backoff = Pending, time.Time{}, "", Backoff{}
}

// Refused reports whether a receiver refused the request.
func (r DeletionRequest) Refused() bool {
	return r.State == Failed && (r.Method == manifest.ForgetHTTP || r.Method == manifest.ForgetEvent)
}

// settle notes what became of a request, by the rules that events have too.
func (r *DeletionRequest) settle(out transport.Outcome, now time.Time) {
	switch {
	case out.Result == transport.Accepted:
		r.State, r.SettledAt = Accepted, now.UTC().Truncate(time.Second)
	case out.Result == transport.Rejected:
		r.State, r.SettledAt, r.Answer = Failed, now.UTC().Truncate(time.Second), out.Note
	default:
		r.Backoff = r.Backoff.next(now, out.RetryAfter, out.Note)
	}
}

func (s Sender) askOne(ctx context.Context, d *Deletion, r DeletionRequest) transport.Outcome {
	t := transport.New(s.deletionSurroundings(), deletionTarget(r))
	return t.Send(ctx, []transport.Message{deletionMessage(r, d.SourceID)})[0]
}

// Document is what the receiver gets: the JSON of the method http, or the event's
// payload; nil for methods by which nothing is sent.
func (r DeletionRequest) Document(sourceID string) *jsondoc.Object {
	switch r.Method {
	case manifest.ForgetEvent:
		return r.Payload
	case manifest.ForgetHTTP:
		return jsondoc.NewObject(
			"schema", jsondoc.Int(1),
			"request_id", r.ID.String(),
			"tool", r.Tools[0].String(),
			"source_id", sourceID,
			"requested_at", r.RequestedAt.Format(time.RFC3339),
			"exercise", "deletion",
		)
	}
	return nil
}

// PreviewDeletion is what a deletion request looks like on its way; the zero Wire
// for methods by which nothing is sent. It sends nothing.
func (s Sender) PreviewDeletion(sourceID string, r DeletionRequest) (Wire, error) {
	if r.Method != manifest.ForgetEvent && r.Method != manifest.ForgetHTTP {
		return Wire{}, nil
	}
	t := transport.New(s.deletionSurroundings(), deletionTarget(r))
	w, err := t.Wire([]transport.Message{deletionMessage(r, sourceID)})
	return w.Masked(), err
}

// dueDeletions lists the hashes of the deletions at which something could be done
// now, and which no other process holds.
func (s Sender) dueDeletions() []string {
	ds, now := s.Deletions(), s.Now()
	filed, litter, err := ds.names()
	if err != nil {
		return nil // a background process has nobody to tell; the next one tries again
	}
	var list []string
	add := func(sha string) {
		if !ds.claim(sha).held(now, thisProcess) && !slices.Contains(list, sha) {
			list = append(list, sha)
		}
	}
	for sha := range litter {
		add(sha)
	}
	for sha := range filed {
		if d, err := ds.read(sha); err == nil && d.due(now) {
			add(sha)
		}
	}
	return list
}

// carryDeletion does what is left to do of a deletion, if no other process does,
// and returns how it is then; the zero value if there is none.
func (s Sender) carryDeletion(ctx context.Context, sha string, why occasion) (Deletion, error) {
	take := s.claimDeletion
	if why == forgetAgain {
		take = func(sha string) (deletionClaim, error) { return s.awaitDeletion(ctx, sha) }
	}
	claim, err := take(sha)
	if errors.Is(err, os.ErrExist) {
		return s.Deletions().read(sha)
	}
	if err != nil {
		return Deletion{}, err
	}
	defer claim.release()
	d, err := s.Deletions().read(sha)
	if errors.Is(err, os.ErrNotExist) {
		return d, nil // there was only litter, which is swept up
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

// carryDeletions works at several deletions side by side, and returns those of
// which the disk did not let it.
func (s Sender) carryDeletions(ctx context.Context, list []string) (stuck []string) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, sha := range list {
		wg.Go(func() {
			if _, err := s.carryDeletion(ctx, sha, background); err != nil {
				mu.Lock()
				defer mu.Unlock()
				stuck = append(stuck, sha)
			}
		})
	}
	wg.Wait()
	return stuck
}

// FlushDeletions does what is left to do of the tools' deletions, now, and tries
// again until ctx ends. A receiver that asked for more time than there is left is left
// alone. The error is of the disk.
func (s Sender) FlushDeletions(ctx context.Context, tools []manifest.ID) error {
	list, _ := s.Deletions().All() // one that cannot be read may be of any tool
	var errs []error
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, d := range list {
		if d.done() || !slices.ContainsFunc(tools, d.of) {
			continue
		}
		wg.Go(func() {
			err := s.flushDeletion(ctx, d)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (s Sender) flushDeletion(ctx context.Context, d Deletion) error {
	for wait := minPatience; ; wait = min(2*wait, maxPatience) {
		next, err := s.carryDeletion(ctx, d.SHA256, awaited)
		if err != nil || !next.pending() || !sleep(ctx, max(wait, next.asked(s.Now()))) {
			return err
		}
	}
}

// asked is how long the receivers that are still to be asked want to be left
// alone, the least of them.
func (d *Deletion) asked(now time.Time) time.Duration {
	least := time.Duration(-1)
	for _, r := range d.Requests {
		if r.State != Pending {
			continue
		}
		left := time.Duration(0)
		if r.Backoff.ServerAsked(now) {
			left = r.Backoff.Asked.Sub(now)
		}
		if least < 0 || left < least {
			least = left
		}
	}
	return max(least, 0)
}

// ResumeDeletions does what is left to do of a tool's deletions now, once, for the
// person who asks for them again: a receiver that refused is asked again too. asked
// holds the hashes of the IDs that were asked for before by the same command; those are
// passed over, and the others are added. The error is of the disk.
func (s Sender) ResumeDeletions(ctx context.Context, tool manifest.ID, asked map[string]bool) error {
	return s.resume(ctx, tool, asked, func(d Deletion) bool { return !d.done() || d.refused() })
}

// AskRefused is [Sender.ResumeDeletions] of those deletions alone of which a receiver
// refused a request.
func (s Sender) AskRefused(ctx context.Context, tool manifest.ID, asked map[string]bool) error {
	return s.resume(ctx, tool, asked, func(d Deletion) bool { return d.refused() })
}

func (s Sender) resume(ctx context.Context, tool manifest.ID, asked map[string]bool, which func(Deletion) bool) error {
	list, _ := s.Deletions().Of(tool) // one that cannot be read may be of any tool
	var errs []error
	for _, d := range list {
		if !asked[d.SHA256] && which(d) {
			asked[d.SHA256] = true
			_, err := s.carryDeletion(ctx, d.SHA256, forgetAgain)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// refused reports whether a receiver refused a request of the deletion.
func (d *Deletion) refused() bool { return slices.ContainsFunc(d.Requests, DeletionRequest.Refused) }

// WakeForDeletions starts a deliverer by start, which returns its process ID, if a
// deletion waits for one and none is at work.
func (s Sender) WakeForDeletions(start func() (pid int, err error)) error {
	if len(s.dueDeletions()) == 0 {
		return nil
	}
	if err := os.MkdirAll(outboxDir(s.State()), 0o700); err != nil {
		return err
	}
	return s.startOne(start)
}

// ErrNoRequest says that there is no deletion request of an ID.
var ErrNoRequest = errors.New("there is no deletion request of that ID")

// Confirm notes that a person says that a request is settled. The source ID is
// kept only as its hash from then on. A request that was settled before stays as
// it was. The error is [ErrNoRequest], or of the disk.
func (s Sender) Confirm(ctx context.Context, request uuid.UUID) (Deletion, error) {
	list, err := s.Deletions().All()
	for _, d := range list {
		if slices.ContainsFunc(d.Requests, func(r DeletionRequest) bool { return r.ID == request }) {
			return s.confirm(ctx, d.SHA256, request)
		}
	}
	return Deletion{}, errors.Join(ErrNoRequest, err)
}

func (s Sender) confirm(ctx context.Context, sha string, request uuid.UUID) (Deletion, error) {
	claim, err := s.awaitDeletion(ctx, sha)
	if err != nil {
		return Deletion{}, err
	}
	defer claim.release()
	d, err := s.Deletions().read(sha)
	if err != nil {
		return Deletion{}, err
	}
	i := slices.IndexFunc(d.Requests, func(r DeletionRequest) bool { return r.ID == request })
	if i < 0 {
		return Deletion{}, ErrNoRequest
	}
	r := &d.Requests[i]
	if r.State.Open() {
		r.State, r.SettledAt = Confirmed, s.Now().UTC().Truncate(time.Second)
		err = s.Deletions().write(&d)
	}
	return d, err
}
