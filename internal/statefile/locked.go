package statefile

import (
	"errors"
	"fmt"
	"os"

	"github.com/usagectl/usagectl/internal/shell"
)

// Locked is a file or a directory whose mode keeps its owner, whose process this is, from
// using it, as a umask that took the owner's bits, or a slip of chmod, leaves it.
type Locked struct {
	Path string
	Mode os.FileMode
	dir  bool
}

// FindLocked finds what in an absolute path, be it a directory that leads there, keeps its owner from
// using it. need are the owner's bits that the path itself is to have, 0700 for a directory
// in which files are made; directories on the way have to be searched, and written to if the
// next one is not there. It returns false if there is nothing or something else than a directory
// in the place of one, for root, and on Windows.
func FindLocked(path string, need os.FileMode) (Locked, bool) { return findLocked(path, need) }

// Reason says what is wrong.
func (l Locked) Reason() string {
	return fmt.Sprintf("its mode %04o lacks permissions that you need", l.Mode)
}

// Remedy is the command that repairs it.
func (l Locked) Remedy() string {
	if l.dir {
		return chmod("u+rwx", l.Path)
	}
	return chmod("u+rw", l.Path)
}

// KeepOthersOut is the command that repairs what is [ErrWritable]; "" if the path is not.
func KeepOthersOut(path string) string {
	if info, err := os.Lstat(path); err == nil && errors.Is(Own(info), ErrWritable) {
		return chmod("go-w", path)
	}
	return ""
}

func chmod(mode, path string) string { return "chmod " + mode + " " + shell.Word(path) }
