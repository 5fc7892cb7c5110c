package statefile

import (
	"errors"

	"golang.org/x/sys/unix"
)

// renameDir renames a directory to a name that is free. [Rename] would take the place of an
// empty directory, which somebody else has made this moment and is about to use.
func renameDir(from, to string) error {
	err := unix.RenamexNp(from, to, unix.RENAME_EXCL)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) { // the file system cannot
		return Rename(from, to)
	}
	return err
}
