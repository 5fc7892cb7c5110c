package sender

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
)

// Keeps reports whether events, records of what was sent or the key of the hashes are kept of
// a tool; in doubt they are.
func (s Sender) Keeps(tool manifest.ID) bool {
	if s.state() == "" {
		return false
	}
	count, err := s.outbox(tool).Count()
	_, keyErr := os.Lstat(s.keyPath(tool))
	return err != nil || count.Queued+count.Rejected > 0 || s.journal(tool).Exists() || !errors.Is(keyErr, fs.ErrNotExist)
}

// Kept lists the tools of which [Sender.Keeps] reports that something is kept, sorted. The
// error is of a directory that cannot be listed; what the others hold is listed all the same.
func (s Sender) Kept() ([]manifest.ID, error) {
	if s.state() == "" {
		return nil, nil
	}
	list, err := s.Tools()
	errs := []error{err}
	for dir, ending := range map[string]string{journal.Dir(s.state()): journal.Ending, filepath.Dir(s.keyPath(manifest.ID{})): ""} {
		entries, err := os.ReadDir(dir)
		errs = append(errs, statefile.IgnoreMissing(err))
		for _, e := range entries {
			name := strings.TrimSuffix(strings.TrimSuffix(e.Name(), ".1"), ".incomplete")
			if id, err := manifest.ParseID(strings.TrimSuffix(name, ending)); err == nil && strings.HasSuffix(name, ending) {
				list = append(list, id)
			}
		}
	}
	slices.SortFunc(list, func(a, b manifest.ID) int { return strings.Compare(a.String(), b.String()) })
	list = slices.DeleteFunc(slices.Compact(list), func(id manifest.ID) bool { return !s.Keeps(id) })
	return list, errors.Join(errs...)
}
