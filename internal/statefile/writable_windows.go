package statefile

import (
	"os"
	"path/filepath"
)

// CheckWritable is nil if a file can be written, or made, as far as that can be told
// without trying. Nothing is changed. What is in its place must be a regular file, and what
// leads there a directory.
func CheckWritable(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		return &os.PathError{Op: "write", Path: path, Err: ErrNotRegular}
	}
	for at := path; err != nil && at != filepath.Dir(at); {
		at = filepath.Dir(at)
		if info, err = os.Stat(at); err == nil && !info.IsDir() {
			return &os.PathError{Op: "write", Path: at, Err: ErrNotDir}
		}
	}
	return nil
}
