package statefile

import "os"

// CheckWritable is nil if a file can be written, or made, as far as that can be told
// without trying. Nothing is changed. What is in its place must be a regular file.
func CheckWritable(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		return &os.PathError{Op: "write", Path: path, Err: ErrNotRegular}
	}
	return nil
}
