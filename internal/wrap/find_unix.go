//go:build unix

package wrap

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Find finds the file of a command as execvp(3) does, in the directories of path if its name
// holds no slash. The error is an [*Error].
func Find(name, path string) (string, error) {
	if strings.Contains(name, "/") {
		if err := executable(name); err != nil {
			return "", unstartable(name, err)
		}
		return name, nil
	}
	denied := error(nil)
	for _, dir := range filepath.SplitList(path) {
		if dir == "" {
			dir = "."
		}
		file := dir + "/" + name
		err := executable(file)
		if err == nil && name != "" {
			return file, nil
		}
		if errors.Is(err, fs.ErrPermission) {
			denied = err
		}
	}
	if denied != nil {
		return "", unstartable(name, denied)
	}
	return "", &Error{name, "command not found", NotFound}
}

// executable is why the kernel would not execute a file, as far as its mode tells.
func executable(file string) error {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return syscall.EISDIR
	}
	return unix.Access(file, unix.X_OK)
}

// unstartable is the error for a command that cannot be started.
func unstartable(name string, err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return &Error{name, err.Error(), CannotExecute}
	}
	code := CannotExecute
	if errno == syscall.ENOENT || errno == syscall.ENOTDIR {
		code = NotFound
	}
	return &Error{name, errno.Error(), code}
}
