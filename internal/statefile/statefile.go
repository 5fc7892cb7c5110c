// Package statefile is the one door to the small files that this program keeps,
// and to those that it reads of others.
//
// What is written is there as a whole or not at all, whatever happens in between:
// a crash, a full disk, a second writer. Nothing is written through a symbolic
// link, and nothing is truncated.
//
// What this program has written itself is read back only if it still is this
// user's alone: see [Own]. The check is made on what was opened, never on a path.
// Every read has a limit, waits for no FIFO and takes no device.
//
// What is made has the mode that it is to have, whatever the umask is: see [MkdirAll].
package statefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNotDurable says that what was asked for is done, and that only a power cut
// may undo it: the directory could not be synced.
var ErrNotDurable = errors.New("a power cut may undo it")

// notDurable is an [ErrNotDurable] with its cause.
type notDurable struct{ err error }

func (e notDurable) Error() string { return fmt.Sprintf("%v: %v", ErrNotDurable, e.err) }

func (e notDurable) Is(target error) bool { return target == ErrNotDurable }

func (e notDurable) Unwrap() error { return e.err }

// Done reports whether what an error is about was done all the same: whether it is
// nil, or nothing but [ErrNotDurable], joined and wrapped in whatever way.
func Done(err error) bool {
	switch e := err.(type) { //nolint:errorlint // the tree is walked here
	case nil, notDurable:
		return true
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			if !Done(part) {
				return false
			}
		}
		return true
	}
	inner := errors.Unwrap(err)
	return inner != nil && Done(inner)
}

// swept is how often a file is written anew whose temporary file somebody removed,
// such as another host that took its maker for dead.
const swept = 4

// Write puts data at path with the permission bits perm: a temporary file in
// the same directory is written, synced and renamed over path, then the
// directory is synced. Missing directories are made as [MkdirAllSynced] makes them. A symbolic
// link at path is replaced, not followed. On an error path is as it was, unless
// the error is [ErrNotDurable].
func Write(path string, data []byte, perm, dirPerm os.FileMode) error {
	made := MkdirAllSynced(filepath.Dir(path), dirPerm)
	if !Done(made) {
		return made
	}
	if err := replace(path, data, perm, dirPerm, true); err != nil {
		return err
	}
	return errors.Join(made, syncDir(filepath.Dir(path)))
}

// Replace is [Write] without a wait for the disk, for the owner alone: what a power
// cut leaves of the file is not known.
func Replace(path string, data []byte) error {
	return replace(path, data, 0o600, 0o700, false)
}

func replace(path string, data []byte, perm, dirPerm os.FileMode, sync bool) error {
	dir := filepath.Dir(path)
	if err := MkdirAll(dir, dirPerm); err != nil {
		return err
	}
	var err error
	for range swept {
		var tmp string
		if tmp, err = aside(path, data, perm, sync); err != nil {
			return err
		}
		if err = Rename(tmp, path); err == nil {
			return nil
		}
		err = errors.Join(err, remove(tmp))
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// Create makes the file with its whole content at once, for its owner alone, or
// fails with [os.ErrExist]: the content is written aside, synced, and linked to its
// name, so that no reader, be it this program or another, ever sees an empty file, and of many
// that do so at once one succeeds. Links are never followed: link(2) fails on
// anything that has the name. Missing directories are made as [MkdirAllSynced] makes them. If
// the error is [ErrNotDurable] the file was made.
func Create(path string, data []byte, dirPerm os.FileMode) error {
	made := MkdirAllSynced(filepath.Dir(path), dirPerm)
	if !Done(made) {
		return made
	}
	tmp, err := aside(path, data, 0o600, true)
	if err != nil {
		return err
	}
	defer Remove(tmp) // if that fails it is swept up later
	err = os.Link(tmp, path)
	if err != nil && !errors.Is(err, os.ErrExist) {
		err = createExclusive(path, data)
	}
	if err != nil {
		return err
	}
	return errors.Join(made, syncDir(filepath.Dir(path)))
}

// createExclusive is for file systems without hard links. A reader may see the
// file empty for a moment.
func createExclusive(path string, data []byte) error {
	f, err := OpenNew(path)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path) // half a file would stand in the way for ever
	}
	return err
}

// Delete removes a file for good: the directory is synced. It is no error if there
// is none. If the error is [ErrNotDurable] the file was removed.
func Delete(path string) error {
	if err := Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Settle makes durable what was removed from a directory, if there is one. Its only
// error is [ErrNotDurable].
func Settle(dir string) error {
	if err := syncDir(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDir is [SyncDir] after a change that was made.
func syncDir(dir string) error {
	if err := SyncDir(dir); err != nil {
		return notDurable{err}
	}
	return nil
}

// NotDurable is an [ErrNotDurable] with its cause.
func NotDurable(err error) error { return notDurable{err} }

// IgnoreMissing is an error, but nil if it says that a file is not there: whoever removes
// or moves what others may have removed has what it wants then.
func IgnoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
