//go:build unix

package statefile

import (
	"errors"
	"os"
	"syscall"
)

// openAppend opens a file for appending and makes it if need be. It follows no link
// and waits for no FIFO.
func openAppend(path string) (*os.File, error) {
	const flags = os.O_RDWR | os.O_CREATE | os.O_APPEND | syscall.O_NOFOLLOW | syscall.O_NONBLOCK | syscall.O_NOCTTY
	f, err := os.OpenFile(path, flags, 0o600)
	if errors.Is(err, syscall.EACCES) && completeEmpty(path) {
		f, err = os.OpenFile(path, flags, 0o600)
	}
	if err != nil && (isLink(err) || errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENXIO)) {
		return nil, &os.PathError{Op: "append", Path: path, Err: ErrNotRegular}
	}
	return f, err
}

// completeEmpty gives its mode to a file of this user's own that somebody is making this
// moment, or was when they were killed: nothing is in it, and its owner cannot open it. It
// reports whether the file has its mode now.
func completeEmpty(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || own(info) != nil {
		return false
	}
	return !lacks(info, 0o600) || unfinished(info) && os.Chmod(path, 0o600) == nil
}

// tryLock takes an advisory lock, which ends with the process at the latest. A file
// system that has none lets everybody write; one write to a file that is open for
// appending is not mixed with another's.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, syscall.EINTR):
		return false, nil
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.EOPNOTSUPP):
		return true, nil
	}
	return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
}
