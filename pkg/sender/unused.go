package sender

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
)

// Unused is a file or a directory of the state directory that is not used, because
// it cannot be read or relied on.
type Unused struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
	Do     string `json:"do,omitempty"` // the command that repairs it, where one is known
}

// Unused lists what is not used: the state directory itself, directories and files in
// it that are not this user's alone or that their mode keeps their owner from, and deletions
// and waits that hold something else.
// The list is never nil. Events are not opened: [Sender.Status] counts those that
// deliverers moved aside.
func (s Sender) Unused() []Unused {
	if s.dirs().StateFlaw != "" {
		return []Unused{unused(s.dirs().UncheckedStateDir(), ownDir, s.dirs().StateFlaw)}
	}
	list := unusedList{}
	if s.state() == "" {
		return list
	}
	list.add(s.state(), ownDir, nil)
	for _, l := range outbox.DelivererLeases(s.state()) {
		list.file(l.Path())
	}
	for _, e := range list.dir(outbox.Dir(s.state())) {
		if e.IsDir() {
			list.outbox(filepath.Join(outbox.Dir(s.state()), e.Name()))
		}
	}
	for _, dir := range []string{journal.Dir(s.state()), journal.MarkDir(s.state()), s.keysDir()} {
		for _, e := range list.dir(dir) {
			list.file(filepath.Join(dir, e.Name()))
		}
	}
	list.deletions(s)
	return list
}

// What the owner of a directory and of a file of the state directory has to be allowed.
const (
	ownDir  = 0o700
	ownFile = 0o600
)

// unused is a path that is not used for a reason, or what on the way there is that reason.
func unused(path string, need os.FileMode, reason string) Unused {
	if locked, found := statefile.FindLocked(path, need); found {
		return Unused{locked.Path, locked.Reason(), locked.Remedy()}
	}
	return Unused{path, reason, statefile.KeepOthersOut(path)}
}

type unusedList []Unused

// add notes an error about a path, and that its mode keeps its owner from it; one that is not
// there is no error.
func (l *unusedList) add(path string, need os.FileMode, err error) {
	reason := ""
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		reason = statefile.Reason(err)
	}
	u := unused(path, need, reason)
	if u.Reason != "" && !slices.Contains(*l, u) {
		*l = append(*l, u)
	}
}

func (l *unusedList) dir(path string) []os.DirEntry {
	entries, err := statefile.ReadDir(path)
	l.add(path, ownDir, err)
	return entries
}

func (l *unusedList) file(path string) {
	_, err := statefile.Stat(path)
	l.add(path, ownFile, err)
}

func (l *unusedList) outbox(dir string) {
	for _, e := range l.dir(dir) {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.Name() == outbox.BackoffFile:
			_, err := backoff.Read(path)
			l.add(path, ownFile, err)
		case e.IsDir():
			l.add(path, ownDir, statefile.CheckDir(path))
		default:
			l.file(path)
		}
	}
}

func (l *unusedList) deletions(s Sender) {
	ds := s.deletions()
	filed, _, err := ds.Names()
	l.add(ds.Dir(), ownDir, err)
	for _, sha := range slices.Sorted(maps.Keys(filed)) {
		d, err := ds.Read(sha)
		if err == nil && !d.Erased {
			err = s.checkSourcePath(&d)
		}
		l.add(ds.Path(sha), ownFile, err)
	}
}
