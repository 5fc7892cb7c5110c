package statefile

import (
	"errors"
	"io"
	"os"
)

// ErrUntrusted says that a file or a directory that should be this user's own
// belongs to somebody else, or can be written by others. What it says cannot be
// relied on.
var ErrUntrusted = errors.New("it is not only this user's")

// ErrWritable is the [ErrUntrusted] of what is this user's own, but can be written by others:
// its owner can mend that.
var ErrWritable = errors.New("it can be written by others")

// untrusted is an [ErrUntrusted] in words for people.
type untrusted struct {
	why      string
	writable bool // it is an [ErrWritable]
}

func (e untrusted) Error() string { return e.why }

func (e untrusted) Is(target error) bool {
	return target == ErrUntrusted || e.writable && target == ErrWritable
}

// Own is nil for what only this process's user can have written: its owner is the
// effective user, and neither group nor others can write it. Otherwise it is an
// [ErrUntrusted]. On Windows the profile's access list, which everything in it
// inherits, keeps others out, and everything is taken for the user's own.
func Own(info os.FileInfo) error { return own(info) }

// OwnOrRoots is [Own], but root may be the owner too.
func OwnOrRoots(info os.FileInfo) error { return ownOrRoots(info) }

// CheckDir is nil for a directory that is this user's own by the rule of [Own],
// and for one that is not there. A symbolic link is [ErrNotDir], and one on the way that
// leads to nothing is [ErrNowhere].
func CheckDir(dir string) error {
	d, err := openDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return Absent(dir)
	}
	if err != nil {
		return err
	}
	return d.Close()
}

// eachTime is how many names of a directory are held at once by [EachName].
const eachTime = 1024

// EachName lists a directory that is this user's own, some names at a time and in no order,
// however many there are. Files may be removed meanwhile; whether those that are added are
// listed is not said. It stops at an error of each. The errors of its own are those of [ReadDir].
func EachName(dir string, each func(names []string) error) error {
	d, err := openNames(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(eachTime)
		if len(names) > 0 {
			if err := each(names); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), len(names) == 0 && errors.Is(err, os.ErrNotExist): // removed meanwhile
			return nil
		case err != nil:
			return err
		}
	}
}

// ReadDir lists a directory that is this user's own, sorted by name. The errors
// are [ErrNotDir], [ErrUntrusted] and those of the file system.
func ReadDir(dir string) ([]os.DirEntry, error) {
	d, err := openDir(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return readDir(d)
}
