package sender

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

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Forgetting is what a person wants forgotten: the tools that share one source ID.
type Forgetting struct {
	Tools      []*manifest.Manifest
	SourcePath string
	SourceID   string
	LocalOnly  bool // nobody is asked
}

// Removed is how many events of each tool were thrown away.
type Removed map[manifest.ID]int

// ErrNotFiled says that a deletion request could not be written, and that
// nothing was changed.
var ErrNotFiled = errors.New("nothing was changed: the deletion request could not be written")

// claimWait is how long whoever waits for a deletion waits for another process
// that works at it, which takes an attempt at the most.
const claimWait = transport.AttemptTimeout + 5*time.Second

// Forget has the tools' source ID forgotten, and asks the receivers once. If the
// same was asked for before and is not done, that goes on. The error is of what was
// to be done here, and one that wraps [ErrNotFiled] means that nothing was. One that
// is nothing but [consent.ErrNotDurable] means that all was done, and that a power
// cut may undo some of it. What became of the requests is in the [Deletion].
func (s Sender) Forget(ctx context.Context, f Forgetting) (Deletion, Removed, error) {
	ds := s.Deletions()
	if ds.dir == "" {
		return Deletion{}, nil, fmt.Errorf("%w: %w", ErrNotFiled, s.noState())
	}
	d := s.newDeletion(f)
	s.idFile = f.SourcePath
	claim, err := s.awaitDeletion(ctx, d.SHA256)
	if err != nil {
		return Deletion{}, nil, fmt.Errorf("%w: %w", ErrNotFiled, err)
	}
	defer claim.release()
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
	return d, removed, err
}

// erasedMeanwhile is the deletion that another process has made of the same ID since
// it was read: the ID is not in its file any more, so it has not come back, and
// nobody is to be asked anew.
func (s Sender) erasedMeanwhile(d Deletion) (Deletion, bool) {
	other, err := s.Deletions().read(d.SHA256)
	if err != nil || !other.Erased || len(other.Requests) < len(d.Requests) {
		return d, false
	}
	id, err := identity.Load(d.SourcePath)
	return other, errors.Is(err, identity.ErrNone) || err == nil && !d.isFor(id)
}

// newDeletion is the deletion that a forgetting asks for.
func (s Sender) newDeletion(f Forgetting) Deletion {
	d := Deletion{
		Schema: deletionSchema, SHA256: HashID(f.SourceID), SourceID: f.SourceID, SourcePath: f.SourcePath,
		RequestedAt: s.Now().UTC().Truncate(time.Second), Requests: []DeletionRequest{},
	}
	for _, m := range f.Tools {
		d.Tools = append(d.Tools, m.Tool.ID)
	}
	if !f.LocalOnly {
		d.Requests = requestsOf(f, d.RequestedAt)
	}
	return d
}

// Requests are the deletion requests that a forgetting would make now. Nothing is
// written or sent.
func (s Sender) Requests(f Forgetting) []DeletionRequest { return s.newDeletion(f).Requests }

// requestsOf makes a request for each tool; tools that take mail at the same
// address share one.
func requestsOf(f Forgetting, at time.Time) []DeletionRequest {
	list := []DeletionRequest{}
	for _, m := range f.Tools {
		r := newRequest(m, f.SourceID, at)
		i := slices.IndexFunc(list, func(o DeletionRequest) bool { return r.Method == manifest.ForgetMail && o.To == r.To })
		if i < 0 {
			list = append(list, r)
			continue
		}
		list[i].Tools = append(list[i].Tools, r.Tools...)
		list[i].Names = append(list[i].Names, r.Names...)
	}
	return list
}

func newRequest(m *manifest.Manifest, sourceID string, at time.Time) DeletionRequest {
	r := DeletionRequest{
		ID: uuid.New(), Tools: []manifest.ID{m.Tool.ID}, Names: []string{printable(m.Tool.Name)}, RequestedAt: at,
		State: Pending, Method: m.Forget.Method, Contact: printable(contact(m.Tool)),
	}
	switch m.Forget.Method {
	case manifest.ForgetHTTP:
		r.To = m.Forget.Endpoint
	case manifest.ForgetMail:
		r.State, r.To = ByMail, m.Forget.Mail
	case manifest.ForgetEvent:
		built, send := payload.ForDeletion(m, sourceID, r.ID, at), m.Send
		send.Headers = built.FillHeaders(send.Headers)
		r.To, r.Event, r.Send, r.Payload = m.Send.Endpoint, m.Forget.Event, &send, built.Document()
	default:
		r.State, r.SettledAt, r.Answer = Failed, at, m.Tool.Name+" offers no way to ask for deletion"
	}
	return r
}

// printable leaves out what is no text, as what is read back must not hold it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// contact is whom a person can write to, or where they can read whom.
func contact(t manifest.Tool) string {
	for _, c := range []string{t.Contact, t.Privacy, t.Homepage} {
		if c != "" {
			return c
		}
	}
	return ""
}

// deletionClaim is held by the one process that works at a deletion.
type deletionClaim struct {
	baton baton
	self  owner
}

func (c deletionClaim) release() { c.baton.drop(c.self) }

// claimDeletion takes the claim of a deletion, and sweeps up what killed
// processes left of it. The error is [os.ErrExist] if another process has it.
func (s Sender) claimDeletion(sha string) (deletionClaim, error) {
	ds := s.Deletions()
	if err := os.MkdirAll(ds.dir, 0o700); err != nil {
		return deletionClaim{}, err
	}
	c := deletionClaim{ds.claim(sha), thisProcess()}
	if err := c.baton.take(s.Now(), thisProcess); err != nil {
		return deletionClaim{}, err
	}
	if err := errors.Join(c.baton.name(c.self), ds.sweep(sha)); err != nil {
		c.baton.abandon()
		return deletionClaim{}, err
	}
	return c, nil
}

// awaitDeletion waits for the claim of a deletion.
func (s Sender) awaitDeletion(ctx context.Context, sha string) (deletionClaim, error) {
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	for {
		c, err := s.claimDeletion(sha)
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
func (s Sender) file(d *Deletion) error {
	ds := s.Deletions()
	err := ds.create(*d)
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	old, err := ds.read(d.SHA256)
	switch {
	case errors.Is(err, errNoDeletion): // half a file, of a crash; there is nothing in it to lose
	case err != nil:
		return err
	default:
		d.takeUp(old)
	}
	return ds.write(d)
}

// takeUp makes d go on with an older deletion of the same ID. A tool that has an
// open request keeps that one. One whose request was settled is asked anew if the
// ID was gone since and has come back, as from a backup, for more may have been
// collected under it. All is erased once more, where the ID is now.
func (d *Deletion) takeUp(old Deletion) {
	unasked := func(tool manifest.ID) bool {
		return !slices.ContainsFunc(old.Requests, func(r DeletionRequest) bool {
			return slices.Contains(r.Tools, tool) && (r.State.Open() || !old.Erased)
		})
	}
	requests := old.Requests
	for _, r := range d.Requests {
		if slices.ContainsFunc(r.Tools, unasked) {
			requests = append(requests, r)
		}
	}
	d.Requests = requests
	for _, tool := range old.Tools {
		if !d.of(tool) {
			d.Tools = append(d.Tools, tool)
		}
	}
	if old.open() {
		d.RequestedAt = old.RequestedAt
	}
}

// ErrNotKept says that what was done could not be noted. Nobody is asked then,
// for an acknowledgement could not be noted either.
var ErrNotKept = errors.New("the deletion could not be written")

// settleHere does steps 2 to 4 of a deletion that this process holds, if they
// are left to do. now tells that somebody waits for it, and disregards the back-off.
func (s Sender) settleHere(ctx context.Context, d *Deletion, now bool) (removed Removed, err error) {
	if d.Erased || !now && d.Backoff.Running(s.Now()) {
		return nil, nil
	}
	removed, err = s.erase(ctx, d)
	if ctx.Err() != nil {
		return removed, ctx.Err()
	}
	d.Erased, d.Backoff = err == nil, Backoff{Failures: d.Backoff.Failures} // what may come back is removed again
	if err != nil {
		d.Backoff = d.Backoff.next(s.Now(), 0, err.Error())
	}
	switch writeErr := s.Deletions().write(d); {
	case statefile.Done(writeErr):
		err = errors.Join(err, writeErr)
	default:
		err = errors.Join(err, fmt.Errorf("%w: %w", ErrNotKept, writeErr))
	}
	return removed, err
}
