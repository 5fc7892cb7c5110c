package statefile

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// On Windows whoever has a file open keeps others from it, unless they said what
// they put up with. So readers here let others rename and remove the file
// meanwhile, and what has to be changed while somebody else has it, be it a
// virus scanner, is tried again for a while.

// patience is as long as the go command's own.
const patience = 2 * time.Second

// patiently tries again what failed only because somebody else has the file open,
// after waits that differ, lest two stay in each other's way.
func patiently(try func() error, passing ...error) error {
	end := time.Now().Add(patience)
	for {
		err := try()
		passes := slices.ContainsFunc(passing, func(p error) bool { return errors.Is(err, p) })
		if !passes || time.Now().After(end) {
			return err
		}
		time.Sleep(rand.N(10 * time.Millisecond))
	}
}

func openRead(path string, follow bool) (*os.File, error) {
	flags := uint32(windows.FILE_FLAG_BACKUP_SEMANTICS) // without it a directory cannot be opened, and told from a file
	if !follow {
		flags |= windows.FILE_FLAG_OPEN_REPARSE_POINT
	}
	f, err := openAs(path, windows.GENERIC_READ, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, windows.OPEN_EXISTING, flags)
	if err != nil || follow {
		return f, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode()&os.ModeSymlink != 0 {
		err = &os.PathError{Op: "open", Path: path, Err: fmt.Errorf("a symbolic link: %w", ErrNotRegular)}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func openAs(path string, access, share, disposition, flags uint32) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	var h windows.Handle
	err = patiently(func() (err error) {
		h, err = windows.CreateFile(name, access, share, nil, disposition, flags, 0)
		return err
	}, windows.ERROR_SHARING_VIOLATION)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

// Rename is [os.Rename], but that of several who rename one file at once one
// succeeds: the system's own call opens the file and renames what it has opened,
// be its name another by then. So it is opened for oneself alone.
func Rename(from, to string) error {
	err := patiently(func() error {
		err := renameAlone(from, to)
		if errors.Is(err, windows.ERROR_ACCESS_DENIED) && isDir(to) {
			return windows.ERROR_DIRECTORY_NOT_SUPPORTED // and will not be in a moment either
		}
		return err
	}, windows.ERROR_SHARING_VIOLATION, windows.ERROR_ACCESS_DENIED)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

// renameInfo is FILE_RENAME_INFO.
type renameInfo struct {
	flags  uint32
	root   windows.Handle
	length uint32 // of the name, in bytes
	name   [windows.MAX_LONG_PATH]uint16
}

func renameAlone(from, to string) error {
	fromName, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	toName, err := windows.UTF16FromString(to)
	if err != nil || len(toName) > windows.MAX_LONG_PATH {
		return errors.Join(err, windows.ERROR_FILENAME_EXCED_RANGE)
	}
	const others = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE // but not FILE_SHARE_DELETE, which is for renaming too
	h, err := windows.CreateFile(fromName, windows.DELETE|windows.SYNCHRONIZE, others, nil,
		windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	info := renameInfo{flags: windows.FILE_RENAME_REPLACE_IF_EXISTS | windows.FILE_RENAME_POSIX_SEMANTICS}
	info.length = uint32(2 * (len(toName) - 1))
	copy(info.name[:], toName)
	set := func(class uint32) error {
		return windows.SetFileInformationByHandle(h, class, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	}
	// Replaces a file that others read. Not every file system knows how.
	if err = set(windows.FileRenameInfoEx); err == nil || errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return err
	}
	info.flags = windows.FILE_RENAME_REPLACE_IF_EXISTS
	return set(windows.FileRenameInfo)
}

// Remove is [os.Remove], once nobody has the file open any more.
func Remove(path string) error {
	return patiently(func() error { return os.Remove(path) }, windows.ERROR_SHARING_VIOLATION)
}

// RemoveAll is [os.RemoveAll], once nobody has any of it open any more.
func RemoveAll(path string) error {
	return patiently(func() error { return os.RemoveAll(path) }, windows.ERROR_SHARING_VIOLATION)
}

// SyncDir does nothing: Windows has no way to sync a directory.
func SyncDir(string) error { return nil }
