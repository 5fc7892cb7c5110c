package deletion

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
)

// Store are the deletions on disk.
type Store struct {
	dir  string
	flaw error // why nobody knows what is in it; nil if that can be found out
}

// Open names the deletions below usagectl's state directory and touches
// nothing. If that is not known there are none.
func Open(state string) Store {
	if state == "" {
		return Store{}
	}
	return Store{dir: filepath.Join(state, "deletions")}
}

// Unknown is a store of which nobody can know what is in it, because of err: whatever lists
// its deletions ends with that.
func Unknown(err error) Store { return Store{flaw: err} }

// Dir is the directory of the deletions.
func (ds Store) Dir() string { return ds.dir }

// Path is the file of a deletion.
func (ds Store) Path(sha string) string { return filepath.Join(ds.dir, sha+".json") }

// Lease is the lease of whoever works at a deletion, so that none is asked for by two
// at once. If it fails, two ask with the same request ID.
func (ds Store) Lease(sha string) lease.Lease {
	return lease.At(filepath.Join(ds.dir, "."+sha+".claim"))
}

// Has reports whether a source ID was to be forgotten.
func (ds Store) Has(id string) bool {
	if ds.dir == "" {
		return false
	}
	_, err := os.Lstat(ds.Path(HashID(id)))
	return err == nil || errors.Is(err, os.ErrPermission) // in doubt it was
}

// Of reads the deletions that concern a tool, the oldest first. One that cannot be
// read is an error, beside those that can.
func (ds Store) Of(tool manifest.ID) ([]Deletion, error) {
	list, err := ds.All()
	return slices.DeleteFunc(list, func(d Deletion) bool { return !d.Of(tool) }), err
}

// All reads the deletions, the oldest first. One that cannot be read is an error,
// beside those that can.
func (ds Store) All() ([]Deletion, error) {
	names, _, err := ds.Names()
	errs := []error{err}
	var list []Deletion
	for sha := range names {
		d, err := ds.Read(sha)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list = append(list, d)
	}
	sort.Slice(list, func(i, j int) bool {
		if c := list[i].RequestedAt.Compare(list[j].RequestedAt); c != 0 {
			return c < 0
		}
		return list[i].SHA256 < list[j].SHA256
	})
	return list, errors.Join(errs...)
}

// Names lists the hashes of the deletions, and those of which only the temporary files
// of a killed process are there.
func (ds Store) Names() (filed, left map[string]bool, err error) {
	filed, left = map[string]bool{}, map[string]bool{}
	if ds.dir == "" {
		return filed, left, ds.flaw
	}
	entries, err := statefile.ReadDir(ds.dir)
	for _, e := range entries {
		name, hidden := strings.CutPrefix(e.Name(), ".")
		sha, rest, _ := strings.Cut(name, ".")
		temporary := rest == "claim" || strings.HasPrefix(rest, "json.") && statefile.IsTemporary(e.Name())
		switch {
		case !isHash(sha):
		case !hidden && rest == "json":
			filed[sha] = true
		case hidden && temporary: // anything else would never be swept up, and be found for ever
			left[sha] = true
		}
	}
	return filed, left, statefile.IgnoreMissing(err)
}

func (ds Store) Read(sha string) (Deletion, error) {
	data, err := statefile.Read(ds.Path(sha), maxDeletion)
	if err != nil {
		return Deletion{}, err
	}
	d, err := Parse(data)
	if err == nil && d.SHA256 != sha {
		err = errors.New("it is of another source ID than its name says")
	}
	if err != nil {
		return d, &os.PathError{Op: "deletion", Path: ds.Path(sha), Err: err}
	}
	return d, nil
}

// maxDeletion is the size, in bytes, of the largest deletion that is read.
const maxDeletion = 4 << 20

// Create files a deletion, durably, or fails with [os.ErrExist]. One that could not be
// read back is not filed.
func (ds Store) Create(d Deletion) error {
	if err := d.check(); err != nil {
		return err
	}
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return statefile.Create(ds.Path(d.SHA256), append(data, '\n'), 0o700)
}

// Write replaces a deletion. Only the holder of its lease does.
func (ds Store) Write(d *Deletion) error {
	d.redact()
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return statefile.Write(ds.Path(d.SHA256), append(data, '\n'), 0o600, 0o700)
}

// Sweep removes what killed processes left of a deletion, which holds the ID.
// Only the holder of its lease does.
func (ds Store) Sweep(sha string) error {
	_ = statefile.Sweep(ds.dir) // of others, which are in nobody's way
	files, err := statefile.Temporary(ds.Path(sha))
	errs := []error{err}
	for _, file := range files {
		errs = append(errs, statefile.IgnoreMissing(statefile.Remove(file)))
	}
	return errors.Join(errs...)
}
