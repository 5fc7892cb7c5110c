package sender

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
)

// erase is steps 2 to 4.
func (s Sender) erase(ctx context.Context, d *deletion.Deletion) (Removed, error) {
	removed := Removed{}
	var errs []error
	for _, tool := range d.Tools {
		n, err := s.removeUnder(ctx, s.Outbox(tool), d.SourceID)
		removed[tool] = n
		errs = append(errs, about("the outbox of "+tool.String(), err))
	}
	errs = append(errs, about("the source ID", s.rotate(d)))
	for _, tool := range d.Tools {
		errs = append(errs, about("the journal of "+tool.String(), s.Journal(tool).Erase()))
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
func (s Sender) rotate(d *deletion.Deletion) error {
	if id, err := identity.Load(d.SourcePath); err == nil && !d.IsFor(id) {
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
func (s Sender) removeID(d *deletion.Deletion) error {
	err := s.checkSourcePath(d)
	if err == nil {
		return identity.Remove(d.SourcePath, d.IsFor)
	}
	if id, loadErr := identity.Load(d.SourcePath); loadErr != nil || !d.IsFor(id) {
		return nil
	}
	return err
}

// checkSourcePath holds the rule of manifests for the path that a deletion names: a
// file in a directory of its own in this home, or where one of its tools has its ID now.
func (s Sender) checkSourcePath(d *deletion.Deletion) error {
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
		errs = append(errs, statefile.IgnoreMissing(statefile.Remove(file)))
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
	removed, err := s.empty(ctx, tool, outbox.LostForgotten, nil)
	return removed, errors.Join(about("the outbox", err), about("the key", s.removeKey(tool)), about("the journal", s.Journal(tool).Erase()))
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
	claim, err := s.claimDeletion(deletion.HashID(id))
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
	d, err := s.Deletions().Read(deletion.HashID(id))
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

// removeUnder is step 2 for one tool: it removes the events under an ID, and returns how
// many were queued. It waits for those that are being delivered, so that none arrives
// behind the request.
func (s Sender) removeUnder(ctx context.Context, o outbox.Outbox, sourceID string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	for {
		busy, err := o.DeliversUnder(sourceID, lease.This(), s.Now())
		if err != nil {
			return 0, err
		}
		if !busy || !sleep(ctx, pollInterval) {
			return o.RemoveUnder(sourceID, s.Now())
		}
	}
}
