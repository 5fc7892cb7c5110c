package consent

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// SystemStore is the place of machine-wide refusals, of this machine or of one whose
// tree is being built. Nothing outside of it is touched, whatever links are in
// it. Close it after use. The zero value has no place, and every change in it is an
// error. Its methods may be called by several goroutines.
type SystemStore struct {
	root *os.Root
	dir  string // of the consent files, below root
	path string // the same, for people
	here bool   // it is this machine, not an image
}

// OpenSystemStore opens the place of machine-wide refusals. system is the platform's
// fixed place for settings; tree is the root directory of an image that is being
// built, or "" for this machine. It creates nothing. The error wraps
// [os.ErrNotExist] if there is no such tree.
func OpenSystemStore(system, tree string) (*SystemStore, error) {
	at, dir := tree, filepath.Join(system, "usagectl", "consent")
	if tree != "" {
		dir = strings.TrimLeft(strings.TrimPrefix(dir, filepath.VolumeName(dir)), `/\`)
	} else {
		// On this machine a link in the way, such as /etc on macOS, leads where its
		// administrator wants, and where those who read the refusal follow it.
		resolved, err := resolve(dir)
		if err != nil {
			return nil, err
		}
		at = filepath.VolumeName(resolved) + string(filepath.Separator)
		if dir, err = filepath.Rel(at, resolved); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(at)
	if err != nil {
		return nil, err
	}
	return &SystemStore{root, dir, filepath.Join(at, dir), tree == ""}, nil
}

// resolve follows the links in as much of a path as there is.
func resolve(path string) (string, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
		return resolved, err
	}
	parent, err := resolve(filepath.Dir(path))
	return filepath.Join(parent, filepath.Base(path)), err
}

// Close gives the place back.
func (s *SystemStore) Close() error {
	if s.root == nil {
		return nil
	}
	return s.root.Close()
}

// File is the path of the consent file of a tool, or of all with the zero ID, for people.
func (s *SystemStore) File(id manifest.ID) string { return fileIn(s.path, id) }

// ErrUnknownFile says that a machine-wide consent file holds something that this
// program has not written there.
var ErrUnknownFile = errors.New("it was not written by \"usagectl disable --system\"")

// errNotOpen is for a store that [OpenSystemStore] has not opened.
var errNotOpen = errors.New("the place of machine-wide refusals is not open")

// machineRefusal is what a machine-wide refusal looks like: the same every time, without
// a date, so that an image built twice is the same.
func machineRefusal(except []string) []byte {
	text := "# Written by \"usagectl disable --system\"; \"usagectl enable --system\" lifts it.\nschema = 1\nstate = \"refused\"\n"
	if len(except) > 0 {
		text += "except = [\"" + strings.Join(except, "\", \"") + "\"]\n" // the IDs of tools need no escapes
	}
	return []byte(text)
}

// Refuse refuses a tool, or all with the zero ID, for everybody on the machine. It
// returns false if that was so before, and changes nothing then. A file that
// refuses, but that not everybody can read or rely on, is written anew with the words
// that it has. One that says something else is [ErrUnknownFile] unless replace is set.
// If the error is [ErrNotDurable] it is refused all the same.
func (s *SystemStore) Refuse(id manifest.ID, replace bool) (changed bool, err error) {
	return s.refuse(id, replace, nil, time.Time{})
}

// RefuseAll is [SystemStore.Refuse] of all tools but those that are named, about which
// nothing is said. If they were refused with the others before, that ends now.
func (s *SystemStore) RefuseAll(replace bool, now time.Time, except ...manifest.ID) (changed bool, err error) {
	return s.refuse(manifest.ID{}, replace, except, now)
}

func (s *SystemStore) refuse(id manifest.ID, replace bool, except []manifest.ID, now time.Time) (changed bool, err error) {
	if s.root == nil {
		return false, errNotOpen
	}
	name, names := fileIn(s.dir, id), exceptions(except)
	s.sweep()
	data, before, info, err := s.refusal(name)
	same := slices.Equal(before.Except, names)
	switch {
	case err == nil && same && forEverybody(info):
		s.unmark(name)
		return false, nil
	case err == nil && same: // it is written anew, for everybody to read
	case err == nil && !replace && !bytes.Equal(data, machineRefusal(before.Except)):
		return false, ErrUnknownFile
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrUnknownFile) && replace:
		data = machineRefusal(names)
	default:
		return false, err
	}
	for _, tool := range except {
		if err := s.except(tool, before, now); err != nil {
			return false, err
		}
	}
	if err := statefile.MkdirAllIn(s.root, s.dir, searchable); err != nil { // what is there stays as it is
		return false, err
	}
	err = s.write(name, data)
	if statefile.Done(err) {
		s.unmark(name)
	}
	return statefile.Done(err), err
}

// Refuses reports whether the machine refuses a tool by name, or may, with a file that
// cannot be relied on.
func (s *SystemStore) Refuses(id manifest.ID) bool {
	if s.root == nil {
		return false
	}
	data, _, err := s.read(fileIn(s.dir, id))
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	d, bad := parse(data)
	return err != nil || bad != nil || d.State == Refused
}

// unmark removes the mark of a refusal that is in force again. It is made anew when that
// is lifted, and a machine that refuses is the same however often that was lifted.
func (s *SystemStore) unmark(name string) {
	_ = s.root.Remove(markOf(name)) // a mark that stays lets nothing leave that should not
}

// Lift takes back what [SystemStore.Refuse] wrote, and nothing else: any other file is
// [ErrUnknownFile]. On this machine it notes when; in an image nothing can have been
// queued. It returns false if there was nothing. If the error is [ErrNotDurable] it
// is lifted all the same.
func (s *SystemStore) Lift(id manifest.ID, now time.Time) (changed bool, err error) {
	if s.root == nil {
		return false, errNotOpen
	}
	name := fileIn(s.dir, id)
	s.sweep()
	data, _, err := s.read(name)
	var before Decision
	if err == nil {
		before, err = parse(data)
		if err != nil || !bytes.Equal(data, machineRefusal(before.Except)) {
			return false, ErrUnknownFile
		}
	}
	if err == nil && s.here {
		err = s.write(markOf(name), mark{now, before.Except}.text()) // which is durable once the directory is
	}
	if statefile.Done(err) {
		err = s.root.Remove(name)
	}
	if errors.Is(err, fs.ErrNotExist) { // or somebody else was faster
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, s.sync(s.dir)
}

// except leaves the mark of a refusal of all, which is no longer about a tool, for that
// tool. before is what was refused until now. In an image nothing can have been queued.
func (s *SystemStore) except(tool manifest.ID, before Decision, now time.Time) error {
	if !s.here {
		return nil
	}
	if !before.concerns(tool, Decision{}) {
		all, err := s.readMark(manifest.ID{})
		if now = all.of(tool); err != nil || now.IsZero() {
			return err
		}
	}
	if own, err := s.readMark(tool); err == nil && !own.at.Before(now) {
		return nil
	}
	if err := s.write(markOf(fileIn(s.dir, tool)), mark{at: now}.text()); !statefile.Done(err) {
		return err
	}
	return nil
}

// readMark reads a mark; the zero value if there is none.
func (s *SystemStore) readMark(id manifest.ID) (mark, error) {
	data, _, err := s.read(markOf(fileIn(s.dir, id)))
	if errors.Is(err, fs.ErrNotExist) {
		return mark{}, nil
	}
	if err != nil {
		return mark{}, err
	}
	return parseMark(string(data))
}

// refusal reads a file that refuses; any other is [ErrUnknownFile].
func (s *SystemStore) refusal(name string) ([]byte, Decision, os.FileInfo, error) {
	data, info, err := s.read(name)
	if err != nil {
		return nil, Decision{}, nil, err
	}
	d, err := parse(data)
	if err != nil || d.State != Refused {
		return nil, Decision{}, nil, ErrUnknownFile
	}
	return data, d, info, nil
}

// forEverybody reports whether everybody can read a file and relies on it. One that
// belongs to an ordinary user does not bind that user.
func forEverybody(info os.FileInfo) bool {
	return info.Mode().Perm()&0o444 == 0o444 && statefile.OwnOrRoots(info) == nil
}

// read reads a file that is one; anything else of that name is [ErrUnknownFile].
func (s *SystemStore) read(name string) ([]byte, os.FileInfo, error) {
	info, err := s.root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSize {
		return nil, nil, ErrUnknownFile
	}
	f, err := s.root.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, nil, errors.Join(ErrUnknownFile, err) // exchanged at this moment
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize))
	return data, info, err
}

// sweep removes what killed processes left there.
func (s *SystemStore) sweep() {
	dir, err := s.root.OpenFile(s.dir, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && statefile.Abandoned(info) {
			_ = s.root.Remove(filepath.Join(s.dir, e.Name())) // it has no say; the next one sweeps it up
		}
	}
}

// What everybody may read, and only its owner write.
const (
	readable   = 0o644
	searchable = 0o755
)

// write puts a refusal in place as a whole: written aside, synced, renamed.
func (s *SystemStore) write(name string, data []byte) error {
	aside := filepath.Join(s.dir, statefile.TemporaryName(filepath.Base(name)))
	f, err := s.root.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, readable)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(readable)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.root.Rename(aside, name)
	}
	if err != nil {
		return errors.Join(err, s.root.Remove(aside))
	}
	return s.sync(s.dir)
}

// sync makes durable what was done in a directory. Its only error is [ErrNotDurable].
func (s *SystemStore) sync(dir string) error {
	d, err := s.root.OpenFile(dir, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return statefile.NotDurable(err)
	}
	defer d.Close()
	err = d.Sync()
	if err == nil || errors.Is(err, errors.ErrUnsupported) || os.PathSeparator == '\\' {
		return nil // Windows has no way to sync a directory
	}
	return statefile.NotDurable(err)
}
