//go:build unix

package statefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openRead opens without waiting: a FIFO without a writer would block for ever.
func openRead(path string, follow bool) (*os.File, error) {
	flags := os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOCTTY
	if !follow {
		flags |= syscall.O_NOFOLLOW
	}
	f, err := os.OpenFile(path, flags, 0)
	if err != nil && !follow && isLink(err) {
		return nil, &os.PathError{Op: "open", Path: path, Err: fmt.Errorf("a symbolic link: %w", ErrNotRegular)}
	}
	if errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.EOPNOTSUPP) { // a socket, by the system
		return nil, &os.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	return f, err
}

// isLink knows what the systems answer to O_NOFOLLOW on a link: ELOOP, and
// EMLINK on FreeBSD.
func isLink(err error) bool {
	return errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.EMLINK)
}

// Rename is [os.Rename]. Of several who rename one file at once one succeeds.
func Rename(from, to string) error { return os.Rename(from, to) }

// Remove is [os.Remove].
func Remove(path string) error { return os.Remove(path) }

// RemoveAll is [os.RemoveAll], but that it does not wait if a FIFO is in the place of
// the directory in which path would be: that one is opened without a look.
func RemoveAll(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return os.RemoveAll(path)
	}
	return remove(path)
}

// SyncDir makes durable what was renamed, made and removed in dir.
func SyncDir(dir string) error {
	d, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer d.Close() // which says nothing of what was synced
	return d.Sync()
}
