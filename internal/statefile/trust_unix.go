//go:build unix

package statefile

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
)

func own(info os.FileInfo) error {
	return trusted(info, func(uid int) bool { return uid == os.Geteuid() })
}

func ownOrRoots(info os.FileInfo) error {
	return trusted(info, func(uid int) bool { return uid == 0 || uid == os.Geteuid() })
}

func trusted(info os.FileInfo, owner func(uid int) bool) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return untrusted{why: "its owner cannot be found out"}
	}
	if !owner(int(stat.Uid)) {
		return untrusted{why: fmt.Sprintf("it belongs to somebody else (user %d)", stat.Uid)}
	}
	if info.Mode().Perm()&0o022 != 0 {
		return untrusted{fmt.Sprintf("it can be written by others (mode %04o)", info.Mode().Perm()), true}
	}
	return nil
}

// openDir opens a directory of this user's own, and checks what it has opened.
func openDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENOTDIR) || isLink(err) {
		if info, statErr := os.Lstat(dir); statErr == nil && !info.IsDir() { // and not a part of the path before it
			err = ErrNotDir
			if info.Mode()&os.ModeSymlink != 0 {
				err = fmt.Errorf("a symbolic link: %w", ErrNotDir)
			}
			return nil, &os.PathError{Op: "open", Path: dir, Err: err}
		}
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = own(info)
	}
	if err == nil && info.Mode().Perm()&0o100 == 0 { // what is in it has names, and nothing else can be found out
		_, err = os.Lstat(dir + "/.")
	}
	if err != nil {
		f.Close()
		return nil, &os.PathError{Op: "open", Path: dir, Err: reason(err)}
	}
	return f, nil
}

func openNames(dir string) (*os.File, error) { return openDir(dir) }

func readDir(d *os.File) ([]os.DirEntry, error) {
	entries, err := d.ReadDir(-1)
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, err
}
