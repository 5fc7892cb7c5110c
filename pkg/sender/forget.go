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
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
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
const claimWait = attemptTimeout + 5*time.Second

// Forget has the tools' source ID forgotten, and asks the receivers once. If the
// same was asked for before and is not done, that goes on. The error is of what was
// to be done here, and one that wraps [ErrNotFiled] means that nothing was; what
// became of the requests is in the [Deletion].
func (s Sender) Forget(ctx context.Context, f Forgetting) (Deletion, Removed, error) {
	ds := s.Deletions()
	if ds.dir == "" {
		return Deletion{}, nil, fmt.Errorf("%w: %w", ErrNotFiled, ErrNoState)
	}
	d := s.newDeletion(f)
	claim, err := s.awaitDeletion(ctx, d.SHA256)
	if err != nil {
		return Deletion{}, nil, fmt.Errorf("%w: %w", ErrNotFiled, err)
	}
	defer claim.release()
	if done, ok := s.erasedMeanwhile(d); ok {
		d = done
	} else if err := s.file(&d); err != nil {
		return Deletion{}, nil, fmt.Errorf("%w: %w", ErrNotFiled, err)
	}
	removed, err := s.settleHere(ctx, &d, true)
	if !f.LocalOnly && ctx.Err() == nil && !errors.Is(err, errNotKept) {
		err = errors.Join(err, s.ask(ctx, &d, true))
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
		ID: uuid.New(), Tools: []manifest.ID{m.Tool.ID}, Names: []string{m.Tool.Name}, RequestedAt: at,
		State: Pending, Method: m.Forget.Method, Contact: contact(m.Tool),
	}
	switch m.Forget.Method {
	case manifest.ForgetHTTP:
		r.To = m.Forget.Endpoint
	case manifest.ForgetMail:
		r.State, r.To = ByMail, m.Forget.Mail
	case manifest.ForgetEvent:
		payload := deletionPayload(m, sourceID, r)
		send := m.Send
		send.Headers = nil
		for _, h := range m.Send.Headers {
			if value, ok := payload.fill(h.Value); ok {
				send.Headers = append(send.Headers, manifest.Header{Name: h.Name, Value: value})
			}
		}
		r.To, r.Event, r.Send, r.Payload = m.Send.Endpoint, m.Forget.Event, &send, payload.Document()
	default:
		r.State, r.SettledAt, r.Answer = Failed, at, m.Tool.Name+" offers no way to ask for deletion"
	}
	return r
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

// deletionPayload builds the event that is a deletion request: its ID is the
// request's, its time that of the request, and it holds the source ID and what
// the manifest itself says, but nothing else of the machine or the caller.
func deletionPayload(m *manifest.Manifest, sourceID string, r DeletionRequest) Payload {
	src := Sources{Now: r.RequestedAt, EventID: r.ID, SourceID: func() string { return sourceID }}
	values := &jsondoc.Object{}
	for _, f := range m.FieldsOf(m.Forget.Event) {
		if f.InDeletion() {
			values.Set(f.Name, src.value(f, Request{Event: m.Forget.Event}, consent.Terms{}))
		}
	}
	return Build(m, m.Forget.Event, everything(m), values)
}

// everything are terms that let out every field: what is in a deletion request
// is up to the values, not to what was agreed to.
func everything(m *manifest.Manifest) consent.Terms {
	return consent.Offer(m, len(m.Consent.Levels))
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

// errNotKept says that what was done could not be noted. Nobody is asked then,
// for an acknowledgement could not be noted either.
var errNotKept = errors.New("the deletion could not be written")

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
	d.Erased, d.Backoff = err == nil, Backoff{Failures: d.Backoff.Failures}
	if err != nil {
		d.Backoff = d.Backoff.next(s.Now(), 0, err.Error())
	}
	if writeErr := s.Deletions().write(d); writeErr != nil {
		err = errors.Join(err, fmt.Errorf("%w: %w", errNotKept, writeErr))
	}
	return removed, err
}

// erase is steps 2 to 4.
func (s Sender) erase(ctx context.Context, d *Deletion) (Removed, error) {
	removed := Removed{}
	var errs []error
	for _, tool := range d.Tools {
		n, err := s.Outbox(tool).removeUnder(ctx, d, thisProcess(), s.Now)
		removed[tool] = n
		errs = append(errs, about("the outbox of "+tool.String(), err))
	}
	errs = append(errs, about("the source ID", s.rotate(d)))
	for _, tool := range d.Tools {
		errs = append(errs, about("the journal of "+tool.String(), s.Journal(tool).erase()))
	}
	return removed, errors.Join(errs...)
}

func about(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// rotate is step 3. The keys go first, so that no hash under an old key is ever
// sent beside a new ID: if one of them stays, the ID does, and is not used. If
// there is another ID already, so is another key.
func (s Sender) rotate(d *Deletion) error {
	if id, err := identity.Load(d.SourcePath); err == nil && !d.isFor(id) {
		return nil
	}
	var errs []error
	for _, tool := range d.Tools {
		errs = append(errs, s.removeKey(tool))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return identity.Remove(d.SourcePath, d.isFor)
}

func (s Sender) removeKey(tool manifest.ID) error {
	path := s.KeyPath(tool)
	files, err := statefile.Litter(path)
	errs := []error{err}
	for _, file := range append(files, path) {
		errs = append(errs, ifThere(os.Remove(file)))
	}
	return errors.Join(append(errs, ifThere(statefile.SyncDir(filepath.Dir(path))))...)
}

// EraseHere erases what is kept here for a tool under which nobody can be asked
// for anything, because it has no source ID: the outbox, the key and the journal.
// It returns how many events waited.
func (s Sender) EraseHere(tool manifest.ID) (int, error) {
	if s.State() == "" {
		return 0, nil
	}
	removed, err := s.Outbox(tool).Empty()
	return removed, errors.Join(about("the outbox", err), about("the key", s.removeKey(tool)), about("the journal", s.Journal(tool).erase()))
}

// SourceID reads a tool's source ID, or makes one if there is none and create is
// set. One that was to be forgotten and is still there, because a crash or the
// file's permissions came in between, is rotated first; if that cannot be done it
// is the error [identity.ErrNone].
func (s Sender) SourceID(path string, create bool) (string, error) {
	id, err := identity.Ensure(path, create)
	if err != nil || !s.Deletions().Has(id) {
		return id, err
	}
	if !create || s.rotateForgotten(id, path) != nil {
		return "", identity.ErrNone
	}
	if id, err = identity.Ensure(path, true); err == nil && s.Deletions().Has(id) {
		return "", identity.ErrNone
	}
	return id, err
}

// rotateForgotten rotates an ID where it was found, which may be elsewhere than it
// was when it was to be forgotten: a home can be restored, or mounted, in another place.
func (s Sender) rotateForgotten(id, path string) error {
	d, err := s.Deletions().read(HashID(id))
	if err != nil {
		return err
	}
	d.SourcePath = path
	return s.rotate(&d)
}

// HashKey reads the key of a tool's hashes, or makes one if there is none and
// create is set. path is the file of the source ID, or "": a key that stood
// beside an ID that was to be forgotten goes first.
func (s Sender) HashKey(tool manifest.ID, path string, create bool) ([]byte, error) {
	if s.State() == "" {
		return nil, ErrNoState
	}
	if path != "" {
		id, err := identity.Load(path)
		if err == nil && s.Deletions().Has(id) && (!create || s.rotateForgotten(id, path) != nil) {
			return nil, identity.ErrNone
		}
	}
	return identity.EnsureKey(s.KeyPath(tool), create)
}

// removeUnder is step 2: it removes the events under an ID, whatever part of
// the outbox they lie in, and returns how many waited. It waits for those that are
// on their way this moment, so that none arrives behind the request.
func (o Outbox) removeUnder(ctx context.Context, d *Deletion, self owner, now func() time.Time) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	for {
		busy, err := o.underway(d, self, now())
		if err != nil {
			return 0, err
		}
		if !busy || !sleep(ctx, pollInterval) {
			break
		}
	}
	removed := 0
	var errs []error
	for _, part := range []string{"claimed", "new", "tmp", "rejected"} {
		names, err := o.names(part)
		litter, litterErr := o.litter(part)
		errs = append(errs, err, litterErr)
		for _, name := range append(names, litter...) {
			if !o.isUnder(d, part, name) {
				continue
			}
			err := ifThere(os.Remove(o.path(part, name)))
			errs = append(errs, err)
			if err == nil && (part == "new" || part == "claimed") {
				removed++
			}
		}
		errs = append(errs, ifThere(statefile.SyncDir(o.path(part))))
	}
	return removed, errors.Join(errs...)
}

// litter lists what processes that were killed when they moved an event aside left
// in a part of the outbox, which [Outbox.names] passes over.
func (o Outbox) litter(part string) ([]string, error) {
	entries, err := os.ReadDir(o.path(part))
	var list []string
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp") {
			list = append(list, name)
		}
	}
	return list, ifThere(err)
}

// underway tells whether a live process delivers an event under the ID.
func (o Outbox) underway(d *Deletion, self owner, now time.Time) (bool, error) {
	files, err := o.names("claimed")
	return slices.ContainsFunc(files, func(file string) bool {
		_, by, ok := strings.Cut(file, "~")
		return ok && self.respects(by, now) && o.isUnder(d, "claimed", file)
	}), err
}

// isUnder tells whether a file of the outbox names the ID, be it whole or what a
// crash left.
func (o Outbox) isUnder(d *Deletion, part, name string) bool {
	data, _, err := statefile.ReadRegular(o.path(part, name), 16*MaxPayload, false)
	return err == nil && bytes.Contains(data, []byte(d.SourceID))
}
