package statefile

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// openAppend opens a file for writing at its end and makes it if need be. It follows
// no link. A handle that can only append could not take back what it wrote.
func openAppend(path string) (*os.File, error) {
	const shared = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	f, err := openAs(path, windows.GENERIC_READ|windows.GENERIC_WRITE, shared, windows.OPEN_ALWAYS, windows.FILE_FLAG_OPEN_REPARSE_POINT)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode()&os.ModeSymlink != 0 {
		err = &os.PathError{Op: "append", Path: path, Err: fmt.Errorf("a symbolic link: %w", ErrNotRegular)}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// tryLock locks a byte far beyond the end of any file, because what is locked on
// Windows cannot be read by others.
func tryLock(f *os.File) (bool, error) {
	far := windows.Overlapped{Offset: 0xfffffffe, OffsetHigh: 0x7fffffff}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &far)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return false, nil
	case errors.Is(err, windows.ERROR_NOT_SUPPORTED), errors.Is(err, windows.ERROR_INVALID_FUNCTION):
		return true, nil
	}
	return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
}
