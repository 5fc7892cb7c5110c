package statefile

import (
	"fmt"
	"os"
)

func openRead(path string, follow bool) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !follow && info.Mode()&os.ModeSymlink != 0 {
		return nil, &os.PathError{Op: "open", Path: path, Err: fmt.Errorf("a symbolic link: %w", ErrNotRegular)}
	}
	return os.Open(path)
}

// SyncDir does nothing: Windows has no way to sync a directory.
func SyncDir(string) error { return nil }
