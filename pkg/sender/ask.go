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
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
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
func (s Sender) ask(ctx context.Context, d *deletion.Deletion, why occasion) error {
	var errs []error
	for i := range d.Requests {
		r := &d.Requests[i]
		if why == forgetAgain && r.Refused() && ctx.Err() == nil {
			r.Reopen()
		}
		waits := r.Backoff.Running(s.Now()) && why == background || r.Backoff.ServerAsked(s.Now())
		if r.State != deletion.Pending || waits || ctx.Err() != nil {
			continue
		}
		out := s.askOne(ctx, d, *r)
		if out.result == retry && ctx.Err() != nil {
			continue // this process ran out of time, which says nothing of the receiver
		}
		r.settle(out, s.Now())
		errs = append(errs, s.Deletions().Write(d))
	}
	return errors.Join(errs...)
}

func (s Sender) askOne(ctx context.Context, d *deletion.Deletion, r deletion.Request) outcome {
	if r.Method == manifest.ForgetEvent {
		return s.quietMedium().transportOf(r.carrier()).carry(ctx, []parcel{r.parcel(d.SourceID)})[0]
	}
	w, err := s.deletionWire(d.SourceID, r)
	if err != nil {
		return outcome{result: rejected, note: err.Error()}
	}
	return s.quietMedium().post(ctx, w, maxAnswer, d.SourceID).outcome()
}

// quietMedium does not tell the program's version, which would be one thing more
// than the ID, and takes no doubtful answer for an acceptance, with which the asking
// would end.
func (s Sender) quietMedium() medium {
	m := s.medium()
	m.version, m.strict = "", true
	return m
}

// carrier is as much of the tool's manifest as its transport needs.
func (r deletion.Request) carrier() *manifest.Manifest {
	return &manifest.Manifest{Tool: manifest.Tool{ID: r.Tools[0]}, Send: *r.Send}
}

// parcel is the event that is the request. It needs no permit. Its run is the
// request too, so that a retry is the same span or record.
func (r deletion.Request) parcel(sourceID string) parcel {
	return parcel{
		event: r.Event, eventID: r.ID, runID: r.ID, takenAt: r.RequestedAt,
		payload: Payload{Event: r.Event, doc: r.Payload}, filled: true, sourceID: sourceID,
	}
}

func (s Sender) deletionWire(sourceID string, r deletion.Request) (Wire, error) {
	body, err := jsondoc.Append(nil, r.Document(sourceID))
	headers := []manifest.Header{{Name: "Content-Type", Value: "application/json"}, s.quietMedium().userAgent()}
	return Wire{Method: "POST", URL: r.To, Headers: headers, Body: body, Text: string(body)}, err
}

// PreviewDeletion is what a deletion request looks like on its way; the zero Wire
// for methods by which nothing is sent. It sends nothing.
func (s Sender) PreviewDeletion(sourceID string, r deletion.Request) (Wire, error) {
	var w Wire
	var err error
	switch r.Method {
	case manifest.ForgetEvent:
		w, err = s.quietMedium().transportOf(r.carrier()).wire([]parcel{r.parcel(sourceID)})
	case manifest.ForgetHTTP:
		w, err = s.deletionWire(sourceID, r)
	}
	return w.Masked(), err
}

// dueDeletions lists the hashes of the deletions at which something could be done
// now, and which no other process holds.
func (s Sender) dueDeletions() []string {
	ds, now := s.Deletions(), s.Now()
	filed, litter, err := ds.Names()
	if err != nil {
		return nil // a background process has nobody to tell; the next one tries again
	}
	var list []string
	add := func(sha string) {
		if !ds.Lease(sha).Held(now, lease.This) && !slices.Contains(list, sha) {
			list = append(list, sha)
		}
	}
	for sha := range litter {
		add(sha)
	}
	for sha := range filed {
		if d, err := ds.Read(sha); err == nil && d.Due(now) {
			add(sha)
		}
	}
	return list
}

// carryDeletion does what is left to do of a deletion, if no other process does,
// and returns how it is then; the zero value if there is none.
func (s Sender) carryDeletion(ctx context.Context, sha string, why occasion) (deletion.Deletion, error) {
	take := s.claimDeletion
	if why == forgetAgain {
		take = func(sha string) (deletionClaim, error) { return s.awaitDeletion(ctx, sha) }
	}
	claim, err := take(sha)
	if errors.Is(err, os.ErrExist) {
		return s.Deletions().Read(sha)
	}
	if err != nil {
		return deletion.Deletion{}, err
	}
	defer claim.release()
	d, err := s.Deletions().Read(sha)
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
		if d.Done() || !slices.ContainsFunc(tools, d.Of) {
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

func (s Sender) flushDeletion(ctx context.Context, d deletion.Deletion) error {
	for wait := minPatience; ; wait = min(2*wait, maxPatience) {
		next, err := s.carryDeletion(ctx, d.SHA256, awaited)
		if err != nil || !next.Pending() || !sleep(ctx, max(wait, next.Asked(s.Now()))) {
			return err
		}
	}
}

// ResumeDeletions does what is left to do of a tool's deletions now, once, for the
// person who asks for them again: a receiver that refused is asked again too. asked
// holds the hashes of the IDs that were asked for before by the same command; those are
// passed over, and the others are added. The error is of the disk.
func (s Sender) ResumeDeletions(ctx context.Context, tool manifest.ID, asked map[string]bool) error {
	return s.resume(ctx, tool, asked, func(d deletion.Deletion) bool { return !d.Done() || d.Refused() })
}

// AskRefused is [Sender.ResumeDeletions] of those deletions alone of which a receiver
// refused a request.
func (s Sender) AskRefused(ctx context.Context, tool manifest.ID, asked map[string]bool) error {
	return s.resume(ctx, tool, asked, func(d deletion.Deletion) bool { return d.Refused() })
}

func (s Sender) resume(ctx context.Context, tool manifest.ID, asked map[string]bool, which func(deletion.Deletion) bool) error {
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

// WakeForDeletions starts a deliverer by start, which returns its process ID, if a
// deletion waits for one and none is at work.
func (s Sender) WakeForDeletions(start func() (pid int, err error)) error {
	if len(s.dueDeletions()) == 0 {
		return nil
	}
	if err := os.MkdirAll(outbox.Dir(s.State()), 0o700); err != nil {
		return err
	}
	return s.startOne(start)
}

// ErrNoRequest says that there is no deletion request of an ID.
var ErrNoRequest = errors.New("there is no deletion request of that ID")

// Confirm notes that a person says that a request is settled. The source ID is
// kept only as its hash from then on. A request that was settled before stays as
// it was. The error is [ErrNoRequest], or of the disk.
func (s Sender) Confirm(ctx context.Context, request uuid.UUID) (deletion.Deletion, error) {
	list, err := s.Deletions().All()
	for _, d := range list {
		if slices.ContainsFunc(d.Requests, func(r deletion.Request) bool { return r.ID == request }) {
			return s.confirm(ctx, d.SHA256, request)
		}
	}
	return deletion.Deletion{}, errors.Join(ErrNoRequest, err)
}

func (s Sender) confirm(ctx context.Context, sha string, request uuid.UUID) (deletion.Deletion, error) {
	claim, err := s.awaitDeletion(ctx, sha)
	if err != nil {
		return deletion.Deletion{}, err
	}
	defer claim.release()
	d, err := s.Deletions().Read(sha)
	if err != nil {
		return deletion.Deletion{}, err
	}
	i := slices.IndexFunc(d.Requests, func(r deletion.Request) bool { return r.ID == request })
	if i < 0 {
		return deletion.Deletion{}, ErrNoRequest
	}
	r := &d.Requests[i]
	if r.State.Open() {
		r.State, r.SettledAt = deletion.Confirmed, s.Now().UTC().Truncate(time.Second)
		err = s.Deletions().Write(&d)
	}
	return d, err
}
