package statefile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/process"
)

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
		f, err := OpenNew(tmp)
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

// Sweep removes the temporary files and directories that dead processes left when they
// were killed in [Write], [Replace], [Create] or [MkdirAll], from a directory of this
// program's own. It is no error if there is no such directory.
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
		if info, err := os.Lstat(file); err == nil && (info.Mode().IsRegular() || info.IsDir()) && Abandoned(info) {
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

func remove(path string) error { return IgnoreMissing(Remove(path)) }
