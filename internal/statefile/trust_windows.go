package statefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

func own(os.FileInfo) error        { return nil }
func ownOrRoots(os.FileInfo) error { return nil }

// directory is a directory that was looked at.
type directory struct{ path string }

func (directory) Close() error { return nil }

func openDir(dir string) (directory, error) {
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
	case info.Mode()&(os.ModeSymlink|os.ModeIrregular) != 0:
		err = &fs.PathError{Op: "open", Path: dir, Err: fmt.Errorf("a symbolic link: %w", ErrNotDir)}
	case !info.IsDir():
		err = &fs.PathError{Op: "open", Path: dir, Err: ErrNotDir}
	}
	return directory{dir}, err
}

func openNames(dir string) (*os.File, error) {
	if _, err := openDir(dir); err != nil {
		return nil, err
	}
	return os.Open(dir)
}

func readDir(d directory) ([]os.DirEntry, error) {
	entries, err := os.ReadDir(d.path)
	if errors.Is(err, fs.ErrNotExist) && len(entries) > 0 { // removed meanwhile
		err = nil
	}
	return entries, err
}
