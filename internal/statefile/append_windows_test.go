package statefile_test

import (
	"os"
	"testing"

	"golang.org/x/sys/windows"
)

// lockFile is somebody else who has the lock.
func lockFile(t *testing.T, path string) (unlock func()) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		far := windows.Overlapped{Offset: 0xfffffffe, OffsetHigh: 0x7fffffff}
		err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &far)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}
