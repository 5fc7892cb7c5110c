package statefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Errors of reading, for callers that tell them apart; see [ErrUntrusted] too.
var (
	// ErrNotRegular says that the path names a directory, a FIFO, a device or the like.
	ErrNotRegular = errors.New("not a regular file")
	// ErrNotDir says that the path names something else than a directory.
	ErrNotDir = errors.New("not a directory")
	// ErrTooLarge says that the file is larger than the caller allows.
	ErrTooLarge = errors.New("too large")
)

// NotThere reports whether an error says that there is nothing of that name. That a part
// of the path before it is no directory says so too.
func NotThere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// ErrNowhere says that a symbolic link leads to nothing, such as to a file system that is not
// mounted, so that nobody knows what is behind it.
var ErrNowhere = errors.New("a symbolic link on the way leads nowhere")

// Absent is nil if there is nothing of that name, and [ErrNowhere] with the link if one is on the
// way. It is for whoever was told that there is nothing.
func Absent(path string) error {
	for {
		if _, err := os.Stat(path); !NotThere(err) {
			return nil
		}
		if _, err := os.Lstat(path); err == nil {
			if _, err := os.Stat(path); !NotThere(err) {
				return nil // somebody has just made it
			}
			return fmt.Errorf("%w: %s", ErrNowhere, path)
		}
		parent := filepath.Dir(path)
		if parent == path {
			return nil
		}
		path = parent
	}
}

// Read reads a file of at most limit bytes that this program keeps. A symbolic
// link is not followed. The errors are [ErrNotRegular], [ErrUntrusted],
// [ErrTooLarge] and those of the file system.
func Read(path string, limit int64) ([]byte, error) {
	data, _, err := ReadOwn(path, limit)
	return data, err
}

// ReadOwn is [Read], and says what it has read.
func ReadOwn(path string, limit int64) ([]byte, os.FileInfo, error) {
	f, info, err := OpenOwn(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err := readAll(f, path, limit)
	return data, info, err
}

// ReadTail is [Read] of a file of lines, of which only the last limit bytes are
// read, from the first line that begins in them.
func ReadTail(path string, limit int64) ([]byte, error) {
	f, info, err := OpenOwn(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	from := max(0, info.Size()-limit)
	data, err := io.ReadAll(io.NewSectionReader(f, from, limit))
	if from > 0 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	return data, err
}

// Stat opens a file like [Read], reads nothing, and says what it is.
func Stat(path string) (os.FileInfo, error) {
	f, info, err := OpenOwn(path)
	if err != nil {
		return nil, err
	}
	return info, f.Close()
}

// OpenOwn opens a file like [Read], for what is too large to be read at once, and says
// what it is.
func OpenOwn(path string) (*os.File, os.FileInfo, error) {
	f, err := openRead(path, false)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotRegular
	}
	if err == nil {
		err = own(info)
	}
	if err != nil {
		f.Close()
		return nil, nil, &os.PathError{Op: "read", Path: path, Err: reason(err)}
	}
	return f, info, nil
}

// reason leaves out the path that an error names.
func reason(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// Reason is what an error says besides the path of the file that it is about, for
// whoever shows both.
func Reason(err error) string { return reason(err).Error() }

// ReadRegular reads a regular file of at most limit bytes, whoever's it is, and says
// what it is: what a person or another program wrote.
// It never waits for a FIFO's writer and never reads a device. A symbolic link
// is followed if follow is set; otherwise it is [ErrNotRegular].
func ReadRegular(path string, limit int64, follow bool) ([]byte, os.FileInfo, error) {
	f, err := openRead(path, follow)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, info, &os.PathError{Op: "read", Path: path, Err: ErrNotRegular}
	}
	data, err := readAll(f, path, limit)
	return data, info, err
}

func readAll(f *os.File, path string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &os.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: at most %d bytes are read", ErrTooLarge, limit)}
	}
	return data, nil
}
