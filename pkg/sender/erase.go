package sender

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

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

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
		return s.removeID(d) // what a crash left beside it
	}
	var errs []error
	for _, tool := range d.Tools {
		errs = append(errs, s.removeKey(tool))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return s.removeID(d)
}

// removeID removes the ID from its file, if that is where a tool can have it. Another
// file that a deletion names is not touched, and it is an error only if the ID is
// there: a home can have been moved since.
func (s Sender) removeID(d *Deletion) error {
	err := s.checkSourcePath(d)
	if err == nil {
		return identity.Remove(d.SourcePath, d.isFor)
	}
	if id, loadErr := identity.Load(d.SourcePath); loadErr != nil || !d.isFor(id) {
		return nil
	}
	return err
}

// checkSourcePath holds the rule of manifests for the path that a deletion names: a
// file in a directory of its own in this home, or where one of its tools has its ID now.
func (s Sender) checkSourcePath(d *Deletion) error {
	home := filepath.ToSlash(s.Dirs.Home) + "/"
	rest, inHome := strings.CutPrefix(filepath.ToSlash(d.SourcePath), home)
	if d.SourcePath == s.idFile || s.Dirs.Home != "" && inHome && manifest.IsIDPath("~/"+rest) {
		return nil
	}
	for _, tool := range d.Tools {
		m, err := manifest.Library{Dirs: s.Dirs.Tools()}.Find(tool)
		if err != nil || !m.Identity.Random {
			continue
		}
		if path, err := identity.Path(m.Identity, s.Env, s.Dirs.Home); err == nil && path == d.SourcePath {
			return nil
		}
	}
	return fmt.Errorf("%s is no place for a source ID, and is not touched", d.SourcePath)
}

func (s Sender) removeKey(tool manifest.ID) error {
	path := s.KeyPath(tool)
	files, err := statefile.Temporary(path)
	errs := []error{err}
	for _, file := range append(files, path) {
		errs = append(errs, ifThere(statefile.Remove(file)))
	}
	return errors.Join(append(errs, statefile.Settle(filepath.Dir(path)))...)
}

// EraseHere erases what is kept here for a tool under which nobody can be asked
// for anything, because it has no source ID: the outbox, the key and the journal.
// It waits for what is being sent this moment.
func (s Sender) EraseHere(ctx context.Context, tool manifest.ID) (Emptied, error) {
	if s.State() == "" {
		return Emptied{}, nil
	}
	removed, err := s.empty(ctx, tool, lostForgotten, nil)
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
	// Only the holder of the claim removes an ID: another one could remove the new
	// ID that was made since it looked.
	claim, err := s.claimDeletion(HashID(id))
	if errors.Is(err, os.ErrExist) {
		time.Sleep(pollInterval) // who has it is about to rotate
		if now, loadErr := identity.Load(path); loadErr == nil && now == id {
			return err
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer claim.release()
	d, err := s.Deletions().read(HashID(id))
	if err != nil {
		return err
	}
	d.SourcePath, s.idFile = path, path
	return s.rotate(&d)
}

// HashKey reads the key of a tool's hashes, or makes one if there is none and
// create is set. path is the file of the source ID, or "": a key that stood
// beside an ID that was to be forgotten goes first.
func (s Sender) HashKey(tool manifest.ID, path string, create bool) ([]byte, error) {
	if s.State() == "" {
		return nil, s.noState()
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
	ctx, cancel := context.WithTimeout(ctx, transport.AttemptTimeout)
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
	for _, part := range []string{"claimed", "new", "rejected", "tmp"} {
		names, err := o.names(part)
		names = slices.DeleteFunc(names, func(name string) bool { return !o.isUnder(d, part, name) })
		errs = append(errs, err)
		if part == "tmp" {
			errs = append(errs, o.removeFiles(part, names))
			continue
		}
		n, err := o.discard(part, names, lostForgotten, now())
		errs = append(errs, err)
		if part != "rejected" {
			removed += n
		}
	}
	for _, part := range []string{"rejected", "tmp"} {
		litter, err := o.litter(part)
		litter = slices.DeleteFunc(litter, func(name string) bool { return !o.isUnder(d, part, name) })
		errs = append(errs, err, o.removeFiles(part, litter))
	}
	errs = append(errs, o.recordDiscarded(now())) // what a crash left there
	for _, part := range []string{"claimed", "new", "rejected", "tmp", discarded} {
		errs = append(errs, statefile.Settle(o.path(part)))
	}
	if b := o.Backoff(); b.Error != "" { // it quotes a server, which knew the ID; how long to wait stays
		b.Error = ""
		errs = append(errs, o.setBackoff(b))
	}
	return removed, errors.Join(errs...)
}

func (o Outbox) removeFiles(part string, names []string) error {
	var errs []error
	for _, name := range names {
		errs = append(errs, ifThere(statefile.Remove(o.path(part, name))))
	}
	return errors.Join(errs...)
}

// litter lists what processes that were killed when they moved an event aside left
// in a part of the outbox, which [Outbox.names] passes over.
func (o Outbox) litter(part string) ([]string, error) {
	entries, err := statefile.ReadDir(o.path(part))
	var list []string
	for _, e := range entries {
		if name := e.Name(); statefile.IsTemporary(name) {
			list = append(list, name)
		}
	}
	return list, ifThere(err)
}

// underway tells whether a live process delivers an event under the ID.
func (o Outbox) underway(d *Deletion, self owner, now time.Time) (bool, error) {
	files, err := o.live(self, now)
	return slices.ContainsFunc(files, func(file string) bool { return o.isUnder(d, "claimed", file) }), err
}

// live lists the claims of processes that may be delivering.
func (o Outbox) live(self owner, now time.Time) ([]string, error) {
	files, err := o.names("claimed")
	return slices.DeleteFunc(files, func(file string) bool { return !self.isDelivering(file, now) }), err
}

// isDelivering reports whether the process that claimed an event may be delivering it.
func (o owner) isDelivering(file string, now time.Time) bool {
	_, by, ok := strings.Cut(file, "~")
	return ok && o.respects(by, now)
}

// isUnder tells whether a file of the outbox names the ID, be it whole or what a
// crash left.
func (o Outbox) isUnder(d *Deletion, part, name string) bool {
	data, err := statefile.Read(o.path(part, name), 16*MaxPayload)
	return err == nil && bytes.Contains(data, []byte(d.SourceID))
}
