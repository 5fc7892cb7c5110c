// Package identity keeps the source ID: a random UUID (version 4, RFC 9562) that
// stands for one person's install of one tool. It is made when the first event
// that needs it may be sent, never before, and is kept in a file that the tool
// itself and other programs may read and write too, as Flower does
// (~/.flwr/source). What they wrote is respected and never changed.
//
// [Path] says where a tool's file is. [Load] reads it and creates nothing, which is
// for looking; [Ensure] makes an ID where there is none, which is for sending, and
// only for somebody who has consent. [Remove] makes the next event get another one.
// [Value] is what a payload says for either outcome. [EnsureKey] is the same for the
// secret under which names are hashed.
//
// Any number of goroutines and processes may do all of that to the same file at once:
// they agree on one ID.
package identity

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// What stands in the place of a source ID that is not there, as Flower's
// receivers know it.
const (
	Unavailable = "unavailable" // none can be had
	Invalid     = "invalid"     // the file holds something else
)

// Errors of [Path], [Load], [Ensure] and [EnsureKey], for callers that tell them apart.
var (
	ErrNone    = errors.New("there is no source ID yet")
	ErrInvalid = errors.New("the file does not hold a source ID")
	ErrNoHome  = errors.New("the home directory is not known")
	ErrNoDir   = errors.New("the working directory is not known, at which a relative path begins")
)

// maxSize is the size, in bytes, of the largest ID file that is read.
const maxSize = 1024

// Path is where a tool's ID file is. env looks a variable up, and nil is an empty
// environment; home is the person's home and dir the working directory, "" if they are not
// known. It touches nothing.
//
// A variable that moves the file counts as Flower has it (get_flwr_home in
// flwr/supercore/utils.py): an empty one is none, a relative one begins at the working
// directory, and "~" in it is a name like any other. The errors are [ErrNoHome] and
// [ErrNoDir].
func Path(id manifest.Identity, env func(string) (string, bool), home, dir string) (string, error) {
	if id.Env != "" && env != nil {
		if moved, ok := env(id.Env); ok && moved != "" {
			moved, err := absolute(moved, dir)
			if err != nil {
				return "", err
			}
			return filepath.Join(moved, path.Base(id.Path)), nil
		}
	}
	if home == "" {
		return "", ErrNoHome
	}
	return filepath.Join(home, filepath.FromSlash(strings.TrimPrefix(id.Path, "~/"))), nil
}

// absolute is a path that a program in the directory dir means. On Windows one can begin at
// the root of the drive that the program is on; one of another drive's own directory is not
// known here.
func absolute(name, dir string) (string, error) {
	switch {
	case filepath.IsAbs(name):
		return name, nil
	case dir == "" || filepath.VolumeName(name) != "":
		return "", ErrNoDir
	case os.IsPathSeparator(name[0]):
		return filepath.VolumeName(dir) + name, nil
	}
	return filepath.Join(dir, name), nil
}

// Parse reads a source ID in the spellings in which Python's uuid.UUID, which Flower uses,
// is written and read: white space around it, braces, "urn:uuid:" and missing dashes are all
// fine. Odder ones that uuid.UUID takes too, such as dashes elsewhere, are [ErrInvalid]. It
// returns the text as it stands there, so that one install stays one install.
func Parse(data []byte) (string, error) {
	text := strings.TrimSpace(string(data))
	bare := strings.TrimPrefix(strings.ToLower(text), "urn:uuid:")
	if strings.HasPrefix(bare, "{") && strings.HasSuffix(bare, "}") {
		bare = bare[1 : len(bare)-1]
	}
	if len(bare) != 36 && len(bare) != 32 {
		return "", ErrInvalid
	}
	if _, err := uuid.Parse(bare); err != nil {
		return "", ErrInvalid
	}
	return text, nil
}

// Load reads the source ID and creates nothing. The errors are [ErrNone],
// [ErrInvalid] and those of the file system.
func Load(path string) (string, error) {
	data, _, err := statefile.ReadRegular(path, maxSize, true)
	switch {
	case errors.Is(err, os.ErrNotExist): // where a part of the path is no directory none can be made
		return "", ErrNone
	case errors.Is(err, statefile.ErrTooLarge):
		return "", ErrInvalid
	case err != nil:
		return "", err
	}
	return Parse(data)
}

// Ensure reads the source ID, or makes one if there is none and create is set.
// Of any number of processes that do so at once, all get the same one.
func Ensure(path string, create bool) (string, error) {
	id, err := Load(path)
	if !errors.Is(err, ErrNone) || !create {
		return id, err
	}
	id = uuid.NewString()
	_ = statefile.SweepBeside(path) // what is left there is no source ID
	err = statefile.Create(path, []byte(id), 0o700)
	if errors.Is(err, os.ErrExist) {
		return loadWritten(path)
	}
	if !statefile.Done(err) { // one that a power cut takes away is made anew
		return "", err
	}
	return id, nil
}

// Remove removes the ID file if the ID in it is the one that is meant, so that the
// next event gets a new one, and makes that last. meant reports whether an ID is. It never writes: a program
// that shares the file makes its own anew. A link is removed, not what it leads
// to. It is no error if there is no such file, or another ID in it.
func Remove(path string, meant func(id string) bool) error {
	files, err := statefile.Temporary(path)
	errs := []error{err}
	for _, file := range append(files, path) {
		errs = append(errs, removeIf(file, meant))
	}
	return errors.Join(append(errs, statefile.Settle(filepath.Dir(path)))...)
}

func removeIf(path string, meant func(id string) bool) error {
	id, err := Load(path)
	switch {
	case errors.Is(err, ErrNone), errors.Is(err, ErrInvalid):
		return nil
	case err == nil && meant(id):
		err = statefile.Remove(path)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// Value is what a payload says for the outcome of [Load] or [Ensure].
func Value(id string, err error) string {
	switch {
	case err == nil:
		return id
	case errors.Is(err, ErrInvalid):
		return Invalid
	}
	return Unavailable
}

// loadWritten reads a file that another process is making at this moment.
func loadWritten(path string) (string, error) {
	for range 20 {
		if info, err := os.Stat(path); err != nil || info.Size() > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	id, err := Load(path)
	if errors.Is(err, ErrNone) {
		return "", os.ErrExist // a dangling link has the name
	}
	return id, err
}
