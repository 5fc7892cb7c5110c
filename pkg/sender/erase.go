package sender

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// erase is steps 2 to 4.
func (s Sender) erase(ctx context.Context, d *deletion.Deletion) (Removed, error) {
	removed := Removed{}
	var errs []error
	for _, tool := range d.Tools {
		n, err := s.removeUnder(ctx, s.outbox(tool), d.SourceID)
		removed[tool] = n
		errs = append(errs, about("the outbox of "+tool.String(), err))
	}
	errs = append(errs, s.rotate(d))
	for _, tool := range d.Tools {
		errs = append(errs, about("the journal of "+tool.String(), s.journal(tool).Erase()))
	}
	return removed, errors.Join(errs...)
}

// SourceIDError is the error of a source ID that could not be removed.
type SourceIDError struct{ Err error }

func (e *SourceIDError) Error() string { return "the source ID: " + e.Err.Error() }

func (e *SourceIDError) Unwrap() error { return e.Err }

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
		errs = append(errs, about("the key of "+tool.String(), s.removeKey(tool)))
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
		err = identity.Remove(d.SourcePath, d.IsFor)
	} else if id, loadErr := identity.Load(d.SourcePath); loadErr != nil || !d.IsFor(id) {
		err = nil
	}
	if err == nil {
		return nil
	}
	return &SourceIDError{err}
}

// checkSourcePath holds the rule of manifests for the path that a deletion names: a
// file in a directory of its own in this home, or where one of its tools has its ID now.
func (s Sender) checkSourcePath(d *deletion.Deletion) error {
	home := filepath.ToSlash(s.dirs().Home) + "/"
	rest, inHome := strings.CutPrefix(filepath.ToSlash(d.SourcePath), home)
	if d.SourcePath == s.idFile || s.dirs().Home != "" && inHome && manifest.IsIDPath("~/"+rest) {
		return nil
	}
	for _, tool := range d.Tools {
		m, err := manifest.Library{Dirs: s.dirs().Tools()}.Find(tool)
		if err != nil || !m.Identity.Random {
			continue
		}
		if path, err := identity.Path(m.Identity, s.lookup, s.dirs().Home, s.workDir); err == nil && path == d.SourcePath {
			return nil
		}
	}
	return fmt.Errorf("%s is no place for a source ID, and is not touched", d.SourcePath)
}

func (s Sender) removeKey(tool manifest.ID) error {
	path := s.keyPath(tool)
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
	if s.state() == "" {
		return Emptied{}, s.flawed()
	}
	removed, err := s.empty(ctx, tool, outbox.LostForgotten, nil)
	return removed, errors.Join(about("the outbox", err), about("the key", s.removeKey(tool)), about("the journal", s.journal(tool).Erase()))
}

// removeUnder is step 2 for one tool: it removes the events under an ID, and returns how
// many were queued. It waits for those that are being delivered, so that none arrives
// behind the request.
func (s Sender) removeUnder(ctx context.Context, o outbox.Outbox, sourceID string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, transport.AttemptTimeout)
	defer cancel()
	for {
		busy, err := o.DeliversUnder(sourceID, lease.This(), s.Now())
		if err != nil {
			return 0, err
		}
		if !busy || !sleep(ctx, pollInterval) {
			return o.RemoveUnder(sourceID, s.Now(), func(string) { s.progressed() })
		}
	}
}
