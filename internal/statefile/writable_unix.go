//go:build unix

package statefile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// CheckWritable is nil if a file can be written, or made, as far as permissions and the
// file system tell. Nothing is changed. What is in its place must be a regular file.
func CheckWritable(path string) error {
	const write = 2 // W_OK
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		return &os.PathError{Op: "write", Path: path, Err: ErrNotRegular}
	}
	for at := path; ; at = filepath.Dir(at) {
		err := syscall.Access(at, write)
		if !errors.Is(err, os.ErrNotExist) || at == filepath.Dir(at) {
			if err != nil {
				return &os.PathError{Op: "write", Path: at, Err: err}
			}
			return nil
		}
	}
}
