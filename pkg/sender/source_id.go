package sender

import (
	"errors"
	"os"
	"time"

	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
)

// sourceID reads a tool's source ID, or makes one if there is none and create is
// set. One that was to be forgotten and is still there, because a crash or the
// file's permissions came in between, is rotated first; if that cannot be done it
// is the error [identity.ErrNone].
func (s Sender) sourceID(path string, create bool) (string, error) {
	id, err := identity.Ensure(path, create)
	if err != nil || !s.deletions().Has(id) {
		return id, err
	}
	if !create || s.rotateForgotten(id, path) != nil {
		return "", identity.ErrNone
	}
	if id, err = identity.Ensure(path, true); err == nil && s.deletions().Has(id) {
		return "", identity.ErrNone
	}
	return id, err
}

// rotateForgotten rotates an ID where it was found, which may be elsewhere than it
// was when it was to be forgotten: a home can be restored, or mounted, in another place.
func (s Sender) rotateForgotten(id, path string) error {
	// Only the holder of the lease removes an ID: another one could remove the new
	// ID that was made since it looked.
	held, err := s.leaseDeletion(deletion.HashID(id))
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
	defer held.release()
	d, err := s.deletions().Read(deletion.HashID(id))
	if err != nil {
		return err
	}
	d.SourcePath, s.idFile = path, path
	return s.rotate(&d)
}

// hashKey reads the key of a tool's hashes, or makes one if there is none and
// create is set. path is the file of the source ID, or "": a key that stood
// beside an ID that was to be forgotten goes first.
func (s Sender) hashKey(tool manifest.ID, path string, create bool) ([]byte, error) {
	if s.state() == "" {
		return nil, s.noState()
	}
	if path != "" {
		id, err := identity.Load(path)
		if err == nil && s.deletions().Has(id) && (!create || s.rotateForgotten(id, path) != nil) {
			return nil, identity.ErrNone
		}
	}
	return identity.EnsureKey(s.keyPath(tool), create)
}
