package sender

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
)

// Keeps reports whether events, records of what was sent or the key of the hashes are kept of
// a tool; in doubt they are.
func (s Sender) Keeps(tool manifest.ID) bool {
	if s.state() == "" {
		return s.flawed() != nil
	}
	count, err := s.outbox(tool).Count()
	_, keyErr := os.Lstat(s.keyPath(tool))
	return err != nil || count.Queued+count.Rejected > 0 || s.journal(tool).Exists() || !errors.Is(keyErr, fs.ErrNotExist)
}

// Traces is where a tool's events went and came from, as far as that is kept here. Of each kind
// what was last comes first.
type Traces struct {
	SentTo      []string // endpoints, without what is secret in them
	SourcePaths []string // files of source IDs; the tool's usual one is not among them unless it was used
	Manifests   []string // files given with --manifest; they may be gone
}

// Traces reads the journal and the outbox of a tool whose manifest is not here. The error is of
// what cannot be read.
func (s Sender) Traces(tool manifest.ID) (Traces, error) {
	if s.state() == "" {
		return Traces{}, nil
	}
	sum, err := s.journal(tool).Summary(nil)
	t := Traces{SourcePaths: sum.SourcePaths, Manifests: sum.Manifests}
	for _, e := range sum.Endpoints {
		t.SentTo = append(t.SentTo, secret.URL(e))
	}
	files, queueErr := s.outbox(tool).ManifestFiles()
	for _, file := range files {
		if !slices.Contains(t.Manifests, file) {
			t.Manifests = append(t.Manifests, file)
		}
	}
	for _, file := range t.Manifests {
		m, err := s.manifestOf(tool, file)
		if err != nil || !m.Identity.Random {
			continue
		}
		path, err := identity.Path(m.Identity, s.lookup, s.dirs().Home, s.workDir)
		if err == nil && !slices.Contains(t.SourcePaths, path) {
			t.SourcePaths = append(t.SourcePaths, path)
		}
	}
	return t, errors.Join(about("the journal", err), about("the outbox", queueErr))
}

// Kept lists the tools of which [Sender.Keeps] reports that something is kept, sorted. The
// error is of a directory that cannot be listed; what the others hold is listed all the same.
func (s Sender) Kept() ([]manifest.ID, error) {
	if s.state() == "" {
		return nil, s.noState()
	}
	list, err := s.Tools()
	errs := []error{err}
	for dir, ending := range map[string]string{journal.Dir(s.state()): journal.Ending, journal.MarkDir(s.state()): "", s.keysDir(): ""} {
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
