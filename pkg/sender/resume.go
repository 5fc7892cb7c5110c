package sender

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
)

// FlushDeletions does what is left to do of the tools' deletions, now, and tries
// again until ctx ends. A receiver that asked for more time than there is left is left
// alone. The error is of the disk.
func (s Sender) FlushDeletions(ctx context.Context, tools []manifest.ID) error {
	s = s.online().finishing(ctx)
	list, _ := s.deletions().All() // one that cannot be read may be of any tool
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
	for again := patienceWithAll(); ; {
		next, err := s.doDeletion(ctx, d.SHA256, awaited)
		if err != nil || !next.Pending() || !again.pause(ctx, next.Asked(s.Now(), s.requestWait)) {
			return err
		}
	}
}

// ResumeDeletions does what is left to do of a tool's deletions now, once, for the
// person who asks for them again: a receiver that refused is asked again too. asked
// holds the hashes of the IDs that were asked for before by the same command; those are
// passed over, and the others are added; nil stands for none. The error is of the disk.
func (s Sender) ResumeDeletions(ctx context.Context, tool manifest.ID, asked map[string]bool) error {
	return s.resume(ctx, tool, asked, func(d deletion.Deletion) bool { return !d.Done() || d.Refused() })
}

// AskRefused is [Sender.ResumeDeletions] of those deletions alone of which a receiver
// refused a request, or of which one was never made.
func (s Sender) AskRefused(ctx context.Context, tool manifest.ID, asked map[string]bool) error {
	return s.resume(ctx, tool, asked, func(d deletion.Deletion) bool { return d.Refused() || d.Untried() })
}

// Declare has the deletion requests to a tool made that could not be made while its manifest was
// not here. They are sent like others, by [Sender.ResumeDeletions] or [Sender.AskRefused] or a
// deliverer. The error is of the disk.
func (s Sender) Declare(ctx context.Context, m *manifest.Manifest) error {
	list, _ := s.deletions().Of(m.Tool.ID) // one that cannot be read may be of any tool
	var errs []error
	for _, d := range list {
		if d.Declare(m) {
			errs = append(errs, s.declare(ctx, d.SHA256, m))
		}
	}
	return errors.Join(errs...)
}

func (s Sender) declare(ctx context.Context, sha string, m *manifest.Manifest) error {
	held, err := s.awaitDeletion(ctx, sha)
	if err != nil {
		return err
	}
	defer held.release()
	d, err := s.deletions().Read(sha)
	if err != nil || !d.Declare(m) {
		return err
	}
	s.nameKeys(&d)
	return s.deletions().Write(&d)
}

func (s Sender) resume(ctx context.Context, tool manifest.ID, asked map[string]bool, which func(deletion.Deletion) bool) error {
	s = s.online()
	list, _ := s.deletions().Of(tool) // one that cannot be read may be of any tool
	if asked == nil {
		asked = map[string]bool{}
	}
	var errs []error
	for _, d := range list {
		if !asked[d.SHA256] && which(d) {
			asked[d.SHA256] = true
			_, err := s.doDeletion(ctx, d.SHA256, forgetAgain)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// ErrNoRequest says that there is no deletion request of an ID.
var ErrNoRequest = errors.New("there is no deletion request of that ID")

// Confirm notes that a person says that a request is settled. The source ID is
// kept only as its hash from then on. A request that was settled before stays as
// it was. The error is [ErrNoRequest], or of the disk.
func (s Sender) Confirm(ctx context.Context, request uuid.UUID) (Deletion, error) {
	if err := s.flawed(); err != nil {
		return Deletion{}, err
	}
	list, err := s.deletions().All()
	for _, d := range list {
		if slices.ContainsFunc(d.Requests, func(r deletion.Request) bool { return r.ID == request }) {
			confirmed, err := s.confirm(ctx, d.SHA256, request)
			return s.deletionOf(confirmed), err
		}
	}
	return Deletion{}, errors.Join(ErrNoRequest, err)
}

func (s Sender) confirm(ctx context.Context, sha string, request uuid.UUID) (deletion.Deletion, error) {
	held, err := s.awaitDeletion(ctx, sha)
	if err != nil {
		return deletion.Deletion{}, err
	}
	defer held.release()
	d, err := s.deletions().Read(sha)
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
		err = s.deletions().Write(&d)
	}
	return d, err
}
