package sender

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Refused is a file or a directory of the state directory that is not used, because
// it cannot be read or relied on.
type Refused struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Refused lists what is not used: the state directory itself, directories and files in
// it that are not this user's alone, and deletions and waits that hold something else.
// The list is never nil. Events are not opened: see [Outbox.Count] for those that
// deliverers moved aside.
func (s Sender) Refused() []Refused {
	if s.Dirs.StateFlaw != "" {
		return []Refused{{s.Dirs.UncheckedStateDir(), s.Dirs.StateFlaw}}
	}
	list := refusals{}
	if s.State() == "" {
		return list
	}
	list.file(batonOf(s.State()).path)
	for _, e := range list.dir(outboxDir(s.State())) {
		if e.IsDir() {
			list.outbox(filepath.Join(outboxDir(s.State()), e.Name()))
		}
	}
	for _, part := range []string{"journal", "keys"} {
		dir := filepath.Join(s.State(), part)
		for _, e := range list.dir(dir) {
			list.file(filepath.Join(dir, e.Name()))
		}
	}
	list.deletions(s)
	return list
}

type refusals []Refused

// add notes an error about a path; one that is not there is none.
func (l *refusals) add(path string, err error) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		*l = append(*l, Refused{path, statefile.Reason(err)})
	}
}

func (l *refusals) dir(path string) []os.DirEntry {
	entries, err := statefile.ReadDir(path)
	l.add(path, err)
	return entries
}

func (l *refusals) file(path string) {
	_, err := statefile.Stat(path)
	l.add(path, err)
}

func (l *refusals) outbox(dir string) {
	for _, e := range l.dir(dir) {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.Name() == backoffFile:
			_, err := readBackoff(path)
			l.add(path, err)
		case e.IsDir():
			l.add(path, statefile.CheckDir(path))
		default:
			l.file(path)
		}
	}
}

func (l *refusals) deletions(s Sender) {
	ds := s.Deletions()
	filed, _, err := ds.names()
	l.add(ds.dir, err)
	for _, sha := range slices.Sorted(maps.Keys(filed)) {
		d, err := ds.read(sha)
		if err == nil && !d.Erased {
			err = s.checkSourcePath(&d)
		}
		l.add(ds.path(sha), err)
	}
}
