// Package statefile is the one door to the small files that this program keeps,
// and to those that it reads of others.
//
// What is written is there as a whole or not at all, whatever happens in between:
// a crash, a full disk, a second writer. Nothing is written through a symbolic
// link, and nothing is truncated.
//
// What this program has written itself is read back only if it still is this
// user's alone: see [Own]. The check is made on what was opened, never on a path.
// Every read has a limit, waits for no FIFO and takes no device.
package statefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/process"
)

// ErrNotDurable says that what was asked for is done, and that only a power cut
// may undo it: the directory could not be synced.
var ErrNotDurable = errors.New("a power cut may undo it")

// notDurable is an [ErrNotDurable] with its cause.
type notDurable struct{ err error }

func (e notDurable) Error() string { return fmt.Sprintf("%v: %v", ErrNotDurable, e.err) }

func (e notDurable) Is(target error) bool { return target == ErrNotDurable }

func (e notDurable) Unwrap() error { return e.err }

// Done reports whether what an error is about was done all the same: whether it is
// nil, or nothing but [ErrNotDurable], joined and wrapped in whatever way.
func Done(err error) bool {
	switch e := err.(type) { //nolint:errorlint // the tree is walked here
	case nil, notDurable:
		return true
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			if !Done(part) {
				return false
			}
		}
		return true
	}
	inner := errors.Unwrap(err)
	return inner != nil && Done(inner)
}

// swept is how often a file is written anew whose temporary file somebody removed,
// such as another host that took its maker for dead.
const swept = 4

// Write puts data at path with the permission bits perm: a temporary file in
// the same directory is written, synced and renamed over path, then the
// directory is synced. Missing directories are made with dirPerm. A symbolic
// link at path is replaced, not followed. On an error path is as it was, unless
// the error is [ErrNotDurable].
func Write(path string, data []byte, perm, dirPerm os.FileMode) error {
	if err := replace(path, data, perm, dirPerm, true); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Replace is [Write] without a wait for the disk, for the owner alone: what a power
// cut leaves of the file is not known.
func Replace(path string, data []byte) error {
	return replace(path, data, 0o600, 0o700, false)
}

func replace(path string, data []byte, perm, dirPerm os.FileMode, sync bool) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, dirPerm); err != nil {
		return err
	}
	var err error
	for range swept {
		var tmp string
		if tmp, err = aside(path, data, perm, sync); err != nil {
			return err
		}
		if err = Rename(tmp, path); err == nil {
			return nil
		}
		err = errors.Join(err, remove(tmp))
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// Create makes the file with its whole content at once, for its owner alone, or
// fails with [os.ErrExist]: the content is written aside, synced, and linked to its
// name, so that no reader, be it this program or another, ever sees an empty file, and of many
// that do so at once one succeeds. Links are never followed: link(2) fails on
// anything that has the name. Missing directories are made with dirPerm. If the
// error is [ErrNotDurable] the file was made.
func Create(path string, data []byte, dirPerm os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), dirPerm); err != nil {
		return err
	}
	tmp, err := aside(path, data, 0o600, true)
	if err != nil {
		return err
	}
	defer Remove(tmp) // if that fails it is swept up later
	err = os.Link(tmp, path)
	if err != nil && !errors.Is(err, os.ErrExist) {
		err = createExclusive(path, data)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// createExclusive is for file systems without hard links. A reader may see the
// file empty for a moment.
func createExclusive(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path) // half a file would stand in the way for ever
	}
	return err
}

// Delete removes a file for good: the directory is synced. It is no error if there
// is none. If the error is [ErrNotDurable] the file was removed.
func Delete(path string) error {
	if err := Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Settle makes durable what was removed from a directory, if there is one. Its only
// error is [ErrNotDurable].
func Settle(dir string) error {
	if err := syncDir(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDir is [SyncDir] after a change that was made.
func syncDir(dir string) error {
	if err := SyncDir(dir); err != nil {
		return notDurable{err}
	}
	return nil
}

// NotDurable is an [ErrNotDurable] with its cause.
func NotDurable(err error) error { return notDurable{err} }

// TemporaryName is a name for a temporary file that becomes base. It tells who makes
// it: ".BASE.PID.DOMAIN.RANDOM.tmp".
func TemporaryName(base string) string {
	return fmt.Sprintf(".%s.%s.%d%s", base, process.Self(), rand.Uint32(), ending)
}

// aside writes a temporary file beside path and returns its name.
func aside(path string, data []byte, perm os.FileMode, sync bool) (string, error) {
	dir, base := filepath.Split(path)
	for {
		tmp := dir + TemporaryName(base)
		f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := fill(f, data, perm, sync); err != nil {
			return "", errors.Join(err, remove(tmp))
		}
		return tmp, nil
	}
}

func fill(f *os.File, data []byte, perm os.FileMode, sync bool) error {
	_, err := f.Write(data)
	if err == nil && sync {
		err = f.Chmod(perm) // whatever the umask is
	}
	if err == nil && sync {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// ending is how the names of temporary files end.
const ending = ".tmp"

// abandoned is how long a temporary file counts whose maker may still be alive, or
// is not known.
const abandoned = time.Hour

// IsTemporary reports whether a name is that of a temporary file.
func IsTemporary(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, ending)
}

// maker is the process that a temporary file's name tells.
func maker(name string) (process.ID, bool) {
	parts := strings.Split(strings.TrimSuffix(name, ending), ".")
	if len(parts) < 4 {
		return process.ID{}, false
	}
	end := parts[len(parts)-3:] // PID, domain, random part
	return process.Parse(end[0] + "." + end[1])
}

// Abandoned reports whether a file in a directory of this program's own is a
// temporary one whose maker was killed: at once if that was a process of this
// machine, else after an hour.
func Abandoned(info os.FileInfo) bool {
	if !IsTemporary(info.Name()) {
		return false
	}
	if by, ok := maker(info.Name()); ok && process.Self().KnowsDead(by) {
		return true
	}
	return time.Since(info.ModTime()).Abs() > abandoned
}

// Sweep removes the temporary files that dead processes left when they were killed
// in [Write], [Replace] or [Create], from a directory of this program's own. It is no
// error if there is no such directory.
func Sweep(dir string) error {
	files, err := temporary(dir, ".")
	return errors.Join(err, sweep(files))
}

// SweepBeside removes such files from a directory that other programs use too: only
// those that were to become the file at path, and of which a process of this
// program is known to be the maker.
func SweepBeside(path string) error {
	files, err := Temporary(path)
	files = slices.DeleteFunc(files, func(file string) bool {
		_, known := maker(filepath.Base(file))
		return !known
	})
	return errors.Join(err, sweep(files))
}

func sweep(files []string) error {
	var errs []error
	for _, file := range files {
		if info, err := os.Lstat(file); err == nil && info.Mode().IsRegular() && Abandoned(info) {
			errs = append(errs, remove(file))
		}
	}
	return errors.Join(errs...)
}

// Temporary lists the temporary files that killed processes left when they made or
// replaced the file at path, and those of processes that are at it now.
func Temporary(path string) ([]string, error) {
	dir, base := filepath.Split(path)
	return temporary(filepath.Clean(dir), "."+base+".")
}

func temporary(dir, prefix string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []string
	for _, e := range entries {
		if name := e.Name(); IsTemporary(name) && strings.HasPrefix(name, prefix) {
			list = append(list, filepath.Join(dir, name))
		}
	}
	return list, err
}

func remove(path string) error {
	if err := Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Errors of reading, for callers that tell them apart; see [ErrUntrusted] too.
var (
	// ErrNotRegular says that the path names a directory, a FIFO, a device or the like.
	ErrNotRegular = errors.New("not a regular file")
	// ErrNotDir says that the path names something else than a directory.
	ErrNotDir = errors.New("not a directory")
	// ErrTooLarge says that the file is larger than the caller allows.
	ErrTooLarge = errors.New("too large")
)

// Read reads a file of at most limit bytes that this program keeps. A symbolic
// link is not followed. The errors are [ErrNotRegular], [ErrUntrusted],
// [ErrTooLarge] and those of the file system.
func Read(path string, limit int64) ([]byte, error) {
	data, _, err := ReadOwn(path, limit)
	return data, err
}

// ReadOwn is [Read], and says what it has read.
func ReadOwn(path string, limit int64) ([]byte, os.FileInfo, error) {
	f, info, err := openOwn(path)
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
	f, info, err := openOwn(path)
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
	f, info, err := openOwn(path)
	if err != nil {
		return nil, err
	}
	return info, f.Close()
}

// openOwn opens a regular file of this user's own.
func openOwn(path string) (*os.File, os.FileInfo, error) {
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
