// Package statefile makes and replaces small files so that a reader sees the old
// content or the new, whatever happens in between: a crash, a full disk, a second
// writer.
package statefile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Write puts data at path with the permission bits perm: a temporary file in
// the same directory is written, synced and renamed over path, then the
// directory is synced. Missing directories are made with dirPerm. A symbolic
// link at path is replaced, not followed. On an error path is as it was.
func Write(path string, data []byte, perm, dirPerm os.FileMode) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, dirPerm); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(f.Name()))
		}
	}()
	if err := fill(f, data, perm); err != nil {
		return err
	}
	if err := Rename(f.Name(), path); err != nil {
		return err
	}
	return SyncDir(dir)
}

// Create makes the file with its whole content at once, for its owner alone, or
// fails with [os.ErrExist]: the content is written aside, synced, and linked to its
// name, so that no reader, be it this program or another, ever sees an empty file, and of many
// that do so at once one succeeds. Links are never followed: link(2) fails on
// anything that has the name. Missing directories are made with dirPerm. A
// process that is killed can leave a temporary file; see [Litter].
func Create(path string, data []byte, dirPerm os.FileMode) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, dirPerm); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer Remove(f.Name())
	if err := fill(f, data, 0o600); err != nil {
		return err
	}
	err = os.Link(f.Name(), path)
	if err != nil && !errors.Is(err, os.ErrExist) {
		err = createExclusive(path, data)
	}
	if err != nil {
		return err
	}
	return SyncDir(dir)
}

// createExclusive is for file systems without hard links. A reader may see the
// file empty for a moment.
func createExclusive(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path) // half a file would stand in the way for ever
	}
	return err
}

// Litter lists the temporary files that killed processes left when they made or
// replaced the file at path, and those of processes that are at it now.
func Litter(path string) ([]string, error) {
	dir, base := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var list []string
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, "."+base+".") && strings.HasSuffix(name, ".tmp") {
			list = append(list, dir+name)
		}
	}
	return list, err
}

func fill(f *os.File, data []byte, perm os.FileMode) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func remove(path string) error {
	if err := Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Errors that [ReadRegular] returns, for callers that tell them apart.
var (
	// ErrNotRegular says that the path names a directory, a FIFO, a device or the like.
	ErrNotRegular = errors.New("not a regular file")
	// ErrTooLarge says that the file is larger than the caller allows.
	ErrTooLarge = errors.New("too large")
)

// Open opens a file for reading, so that others can rename and remove it meanwhile.
func Open(path string) (*os.File, error) { return openRead(path, true) }

// ReadFile is [os.ReadFile] by way of [Open].
func ReadFile(path string) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// ReadRegular reads a regular file of at most limit bytes and says what it is.
// It never waits for a FIFO's writer and never reads a device. A symbolic link
// is followed if follow is set; otherwise it is [ErrNotRegular].
func ReadRegular(path string, limit int64, follow bool) ([]byte, os.FileInfo, error) {
	f, err := openRead(path, follow)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, info, &os.PathError{Op: "read", Path: path, Err: ErrNotRegular}
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, info, err
	}
	if int64(len(data)) > limit {
		return nil, info, &os.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: at most %d bytes are read", ErrTooLarge, limit)}
	}
	return data, info, nil
}
