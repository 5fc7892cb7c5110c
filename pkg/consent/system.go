package consent

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// Machine is the place of machine-wide refusals, of this machine or of one whose
// tree is being built. Nothing outside of it is touched, whatever links are in
// it. Close it after use.
type Machine struct {
	root *os.Root
	dir  string // of the consent files, below root
	path string // the same, for people
}

// OpenMachine opens the place of machine-wide refusals. system is the platform's
// fixed place for settings; tree is the root directory of an image that is being
// built, or "" for this machine. It creates nothing. The error wraps
// [os.ErrNotExist] if there is no such tree.
func OpenMachine(system, tree string) (*Machine, error) {
	at := tree
	dir := strings.TrimLeft(strings.TrimPrefix(system, filepath.VolumeName(system)), `/\`)
	if tree == "" {
		// On this machine a link in the way, such as /etc on macOS, leads where its
		// administrator wants.
		resolved, err := resolve(system)
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
	dir = filepath.Join(dir, "usagectl", "consent")
	return &Machine{root, dir, filepath.Join(at, dir)}, nil
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
func (m *Machine) Close() error { return m.root.Close() }

// File is the path of the consent file of a tool, or of all with the zero ID, for people.
func (m *Machine) File(id manifest.ID) string { return File(m.path, id) }

// ErrUnknownFile says that a machine-wide consent file holds something that this
// program has not written there.
var ErrUnknownFile = errors.New("it was not written by \"usagectl disable --system\"")

// machineRefusal is what a machine-wide refusal looks like: the same every time, without
// a date, so that an image built twice is the same.
const machineRefusal = "# Written by \"usagectl disable --system\"; \"usagectl enable --system\" lifts it.\nschema = 1\nstate = \"refused\"\n"

// Refuse refuses a tool, or all with the zero ID, for everybody on the machine. It
// returns false if that was so before, and changes nothing then. A file that
// says something else is [ErrUnknownFile] unless replace is set.
func (m *Machine) Refuse(id manifest.ID, replace bool) (changed bool, err error) {
	name := File(m.dir, id)
	refused, err := m.refused(name)
	switch {
	case refused && err == nil:
		return false, nil
	case errors.Is(err, ErrUnknownFile) && !replace:
		return false, err
	case err != nil && !errors.Is(err, ErrUnknownFile):
		return false, err
	}
	if err := m.makeDir(m.dir); err != nil {
		return false, err
	}
	return true, m.write(name)
}

// Lift takes back what [Machine.Refuse] wrote, and nothing else: any other file is
// [ErrUnknownFile]. It returns false if there was nothing.
func (m *Machine) Lift(id manifest.ID) (changed bool, err error) {
	name := File(m.dir, id)
	data, err := m.read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !bytes.Equal(data, []byte(machineRefusal)):
		return false, ErrUnknownFile
	}
	return true, errors.Join(m.root.Remove(name), m.sync(m.dir))
}

// refused tells whether a file refuses, in a way that everybody can read.
func (m *Machine) refused(name string) (bool, error) {
	data, err := m.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	d, err := parse(data)
	if err != nil || d.State != Refused {
		return false, ErrUnknownFile
	}
	info, err := m.root.Lstat(name)
	if err != nil {
		return false, err
	}
	return info.Mode().Perm()&readable == readable, nil
}

// read reads a file that is one; anything else of that name is [ErrUnknownFile].
func (m *Machine) read(name string) ([]byte, error) {
	info, err := m.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSize {
		return nil, ErrUnknownFile
	}
	return m.root.ReadFile(name)
}

// What everybody may read, and only its owner write.
const (
	readable   = 0o644
	searchable = 0o755
)

// makeDir makes the directories that are missing, for everybody to read, whatever
// the umask is. Those that are there stay as they are.
func (m *Machine) makeDir(dir string) error {
	if info, err := m.root.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != "." {
		if err := m.makeDir(parent); err != nil {
			return err
		}
	}
	err := m.root.Mkdir(dir, searchable)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is in the way: %w", dir, err)
	}
	if err != nil {
		return err
	}
	return m.root.Chmod(dir, searchable)
}

// write puts the refusal in place as a whole: written aside, synced, renamed.
func (m *Machine) write(name string) (err error) {
	aside := filepath.Join(m.dir, "."+filepath.Base(name)+"."+uuid.NewString()+".tmp")
	f, err := m.root.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, readable)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.root.Remove(aside))
		}
	}()
	_, err = f.WriteString(machineRefusal)
	if err == nil {
		err = f.Chmod(readable)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := m.root.Rename(aside, name); err != nil {
		return err
	}
	return m.sync(m.dir)
}

func (m *Machine) sync(dir string) error {
	d, err := m.root.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || os.PathSeparator == '\\' {
		err = nil // Windows has no way to sync a directory
	}
	return errors.Join(err, d.Close())
}
