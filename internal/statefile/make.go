package statefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// The rules of modes.
//
// What is made has the mode that was asked for, whatever the umask is, even one that
// takes the owner's own bits and so makes directories that nobody can use. The umask
// is never changed, because it is the whole process's, and other goroutines make files
// meanwhile. Nothing has its name before it has its mode: a process that is killed in
// between leaves a temporary file or directory, which is swept up, and no other process
// sees a directory that it cannot use yet.

// Tree is where directories are made: the file system, or a part of it, such as an [os.Root].
type Tree interface {
	Stat(name string) (os.FileInfo, error)
	Lstat(name string) (os.FileInfo, error)
	Mkdir(name string, perm os.FileMode) error
	Chmod(name string, mode os.FileMode) error
	Rename(from, to string) error // of a directory to a name that should be free
	Remove(name string) error
}

// disk is the file system as a [Tree].
type disk struct{}

func (disk) Stat(name string) (os.FileInfo, error)     { return os.Stat(name) }
func (disk) Lstat(name string) (os.FileInfo, error)    { return os.Lstat(name) }
func (disk) Mkdir(name string, perm os.FileMode) error { return os.Mkdir(name, perm) }
func (disk) Chmod(name string, mode os.FileMode) error { return os.Chmod(name, mode) }
func (disk) Rename(from, to string) error              { return renameDir(from, to) }
func (disk) Remove(name string) error                  { return Remove(name) }

// MkdirAll is [os.MkdirAll], except that the umask takes no bits from the directories that
// it makes. Those that are there keep the mode that they have.
func MkdirAll(dir string, perm os.FileMode) error { return MkdirAllIn(disk{}, dir, perm) }

// MkdirAllSynced is [MkdirAll] for what a power cut must not take back: the name of each
// directory that it makes is on the disk when it returns. If the error is [ErrNotDurable] the
// directories were made.
func MkdirAllSynced(dir string, perm os.FileMode) error {
	var missing []string // the lowest first
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || filepath.Dir(d) == d {
			break
		}
		missing = append(missing, d)
	}
	if err := MkdirAll(dir, perm); err != nil {
		return err
	}
	var errs []error
	for _, d := range missing {
		errs = append(errs, syncDir(filepath.Dir(d)))
	}
	return errors.Join(errs...)
}

// MkdirAllIn is [MkdirAll] in a tree.
func MkdirAllIn(t Tree, dir string, perm os.FileMode) error {
	if info, err := t.Stat(dir); err == nil {
		if info.IsDir() {
			return nil
		}
		return &os.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := MkdirAllIn(t, parent, perm); err != nil {
			return err
		}
	}
	err := mkdir(t, dir, perm)
	if err == nil {
		return nil
	}
	if info, statErr := t.Stat(dir); statErr == nil && info.IsDir() {
		return nil // somebody else made it this moment
	}
	return err
}

// mkdir makes one directory. Another one beside it shows whether the umask takes bits away.
// If it does, that one gets its mode and then the name; if not, the directory is made under
// its own name, so that of several who do so at once one succeeds.
func mkdir(t Tree, dir string, perm os.FileMode) error {
	if _, err := t.Lstat(dir); err == nil { // such as a link that leads nowhere
		return &os.PathError{Op: "mkdir", Path: dir, Err: syscall.EEXIST}
	}
	beside := filepath.Join(filepath.Dir(dir), "usagectl") // the name of dir may be as long as names can be
	if _, ok := t.(disk); ok {
		_ = SweepBeside(beside) // what is left there is in nobody's way
	}
	aside := filepath.Join(filepath.Dir(dir), TemporaryName(filepath.Base(beside)))
	if t.Mkdir(aside, perm) == nil {
		info, err := t.Stat(aside)
		if err == nil && lacks(info, perm) && t.Chmod(aside, perm) == nil && t.Rename(aside, dir) == nil {
			return nil
		}
		_ = t.Remove(aside) // if it stays it is swept up later
	}
	if err := t.Mkdir(dir, perm); err != nil {
		return err
	}
	info, err := t.Stat(dir)
	if err == nil && lacks(info, perm) { // nothing can be renamed here
		err = t.Chmod(dir, perm)
	}
	return err
}

// OpenNew makes a file for its owner alone, whatever the umask is, and opens it for writing.
// The error is [os.ErrExist] if there is something of that name, be it a link. It is for
// files whose name is a temporary one, or of which one that cannot be read does no harm: until
// OpenNew returns the file may have another mode.
func OpenNew(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := complete(f, 0o600); err != nil {
		return nil, errors.Join(err, f.Close(), remove(path))
	}
	return f, nil
}

// complete gives a file the permission bits that the umask took when it was made.
func complete(f *os.File, perm os.FileMode) error {
	info, err := f.Stat()
	if err == nil && lacks(info, perm) {
		err = f.Chmod(perm)
	}
	return err
}

// lacks reports whether permission bits are missing, or one is there that a directory
// inherits from the one it is in. A file system that knows no modes shows more permission
// bits than were asked for, and is not told to change them.
func lacks(info fs.FileInfo, perm os.FileMode) bool {
	return perm&^info.Mode().Perm() != 0 || info.Mode()&os.ModeSetgid != 0
}
