package sender

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/usagectl/usagectl/internal/process"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// The policy of forgetting, in the order that lets a crash at any point lose
// nothing and resume by itself:
//
//  1. the request is written, durably, with the old ID
//  2. the events under that ID are removed from the outbox
//  3. the ID is rotated, and the key of the hashes
//  4. the journal is erased
//  5. the request is delivered
//
// From the moment of step 1 the ID counts as forgotten, whoever still holds it:
// an event that carries it is dropped at delivery, and a sender that finds it in
// its file rotates it. So what other processes do meanwhile needs no lock.
// Steps 2 to 4 can be done any number of times. Step 5 comes after them, and is done
// though they failed, as where the ID's file is read-only: no event leaves under it.

// Forgetting is what a person wants forgotten: the tools that share one source ID.
type Forgetting struct {
	Tools      []*manifest.Manifest
	Undeclared []Undeclared // tools whose manifest is not here
	SourcePath string
	SourceID   string
	LocalOnly  bool // nobody is asked
}

// Undeclared is a tool whose manifest is not here, so that nobody knows whom to ask. Its ID is
// kept for that, with where its events went, until the person finds a way; see [Sender.Declare].
type Undeclared struct {
	Tool   manifest.ID
	SentTo []string
}

// Removed is how many events of each tool were thrown away.
type Removed map[manifest.ID]int

// ErrNotFiled says that a deletion request could not be written, and that
// nothing was changed.
var ErrNotFiled = errors.New("nothing was changed: the deletion request could not be written")

// leaseWait is how long whoever waits for a deletion waits for another process
// that works at it, which takes an attempt at the most.
const leaseWait = transport.AttemptTimeout + 5*time.Second

// Forget has the tools' source ID forgotten, and asks the receivers once. If the
// same was asked for before and is not done, that goes on. The error is of what was
// to be done here, and one that wraps [ErrNotFiled] means that nothing was. One that
// is nothing but [consent.ErrNotDurable] means that all was done, and that a power
// cut may undo some of it. What became of the requests is in the [Deletion].
func (s Sender) Forget(ctx context.Context, f Forgetting) (Deletion, Removed, error) {
	if s.state() == "" {
		return Deletion{}, nil, fmt.Errorf("%w: %w", ErrNotFiled, s.noState())
	}
	err := keepable("the source ID's file", f.SourcePath)
	if process.IsFleeting(f.SourcePath) && err == nil {
		f.SourcePath, err = lasting("the source ID's file", f.SourcePath)
	}
	if err != nil {
		return Deletion{}, nil, fmt.Errorf("%w: %w", ErrNotFiled, err)
	}
	d := f.deletion(s.Now())
	s.nameKeys(&d)
	s.idFile = f.SourcePath
	s = s.online()
	held, err := s.awaitDeletion(ctx, d.SHA256)
	if err != nil {
		return Deletion{}, nil, fmt.Errorf("%w: %w", ErrNotFiled, err)
	}
	defer held.release()
	if done, ok := s.erasedMeanwhile(d); ok {
		d = done
	} else if err = s.file(&d); !statefile.Done(err) {
		return Deletion{}, nil, fmt.Errorf("%w: %w", ErrNotFiled, err)
	}
	removed, eraseErr := s.settleHere(ctx, &d, true)
	err = errors.Join(err, eraseErr)
	if !f.LocalOnly && ctx.Err() == nil && !errors.Is(err, ErrNotKept) {
		err = errors.Join(err, about("the answer could not be noted", s.ask(ctx, &d, forgetAgain)))
	}
	return s.deletionOf(d), removed, err
}

// deletion is the deletion that is asked for.
func (f Forgetting) deletion(now time.Time) deletion.Deletion {
	var undeclared []deletion.Undeclared
	for _, u := range f.Undeclared {
		undeclared = append(undeclared, deletion.Undeclared(u))
	}
	return deletion.New(f.Tools, undeclared, f.SourceID, f.SourcePath, f.LocalOnly, now)
}

// erasedMeanwhile is the deletion that another process has made of the same ID since
// it was read: the ID is not in its file any more, so it has not come back, and
// nobody is to be asked anew.
func (s Sender) erasedMeanwhile(d deletion.Deletion) (deletion.Deletion, bool) {
	other, err := s.deletions().Read(d.SHA256)
	if err != nil || !other.Erased || len(other.Requests) < len(d.Requests) {
		return d, false
	}
	id, err := identity.Load(d.SourcePath)
	return other, errors.Is(err, identity.ErrNone) || err == nil && !d.IsFor(id)
}

// heldDeletion is the lease of the one process that works at a deletion.
type heldDeletion struct {
	lease lease.Lease
	self  lease.Owner
}

func (c heldDeletion) release() { c.lease.Release(c.self) }

// leaseDeletion takes the lease of a deletion, and sweeps up what killed
// processes left of it. The error is [os.ErrExist] if another process has it.
func (s Sender) leaseDeletion(sha string) (heldDeletion, error) {
	ds := s.deletions()
	if err := statefile.MkdirAllSynced(ds.Dir(), 0o700); !statefile.Done(err) { // what is filed syncs its own directory
		return heldDeletion{}, err
	}
	c := heldDeletion{ds.Lease(sha), lease.This()}
	if err := c.lease.Take(s.Now(), lease.This); err != nil {
		return heldDeletion{}, err
	}
	if err := errors.Join(c.lease.Assign(c.self), ds.Sweep(sha)); err != nil {
		c.lease.Abandon()
		return heldDeletion{}, err
	}
	return c, nil
}

// awaitDeletion waits for the lease of a deletion.
func (s Sender) awaitDeletion(ctx context.Context, sha string) (heldDeletion, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseWait)
	defer cancel()
	for {
		c, err := s.leaseDeletion(sha)
		if !errors.Is(err, os.ErrExist) {
			return c, err
		}
		if !sleep(ctx, pollInterval) {
			return c, errors.New("another process is at work on the same")
		}
	}
}

// file is step 1. If there is a deletion of the same ID already it is taken up
// again.
func (s Sender) file(d *deletion.Deletion) error {
	ds := s.deletions()
	err := ds.Create(*d)
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	old, err := ds.Read(d.SHA256)
	switch {
	case errors.Is(err, deletion.ErrDamaged): // half a file, of a crash; there is nothing in it to lose
	case err != nil:
		return err
	default:
		d.TakeUp(old)
	}
	return ds.Write(d)
}

// ErrNotKept says that what was done could not be noted. Nobody is asked then,
// for an acknowledgement could not be noted either.
var ErrNotKept = errors.New("the deletion could not be written")

// settleHere does steps 2 to 4 of a deletion that this process holds, if they
// are left to do. now tells that somebody waits for it, and disregards the back-off.
func (s Sender) settleHere(ctx context.Context, d *deletion.Deletion, now bool) (removed Removed, err error) {
	if d.Erased || !now && d.Backoff.Running(s.Now()) {
		return nil, nil
	}
	removed, err = s.erase(ctx, d)
	if ctx.Err() != nil {
		return removed, ctx.Err()
	}
	d.Erased, d.Backoff = err == nil, backoff.Backoff{Failures: d.Backoff.Failures} // what may come back is removed again
	if err != nil {
		d.Backoff = d.Backoff.Next(s.Now(), 0, err.Error())
	}
	switch writeErr := s.deletions().Write(d); {
	case statefile.Done(writeErr):
		err = errors.Join(err, writeErr)
	default:
		err = errors.Join(err, fmt.Errorf("%w: %w", ErrNotKept, writeErr))
	}
	return removed, err
}
