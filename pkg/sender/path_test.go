package sender

import (
	"errors"
	"maps"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestPathsThatCannotBeKept holds that a path which JSON cannot hold is reported, and not
// kept as another one: an event would stay in the outbox, a .env file that refuses would not
// be found, and a source ID would not be removed.
func TestPathsThatCannotBeKept(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths are in Unicode there")
	}
	const odd = "a\xffb"
	s, m, started := takingAt(t, sendertest.Nowhere)
	before := sendertest.Tree(t, s.dirs().Home)
	for name, take := range map[string]func() Result{
		"manifest": func() Result {
			return s.Take(t.Context(), Event{Manifest: m, Name: "run", ManifestFile: filepath.Join(s.dirs().Home, odd)})
		},
		"working directory": func() Result {
			asks, here := *m, s
			asks.Consent.Dotenv = true
			here.workDir = filepath.Join(s.dirs().Home, odd)
			return here.Take(t.Context(), Event{Manifest: &asks, Name: "run"})
		},
	} {
		got := take()
		if got.Outcome != Dropped || !errors.Is(got.Err, ErrPath) || !strings.Contains(got.Reason.Detail, `a\xffb`) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	d, removed, err := s.Forget(t.Context(), Forgetting{Tools: []*manifest.Manifest{m}, SourceID: sampleID, SourcePath: filepath.Join(s.dirs().Home, odd)})
	if !errors.Is(err, ErrNotFiled) || !errors.Is(err, ErrPath) || removed != nil || d.SHA256 != "" {
		t.Errorf("source ID: %+v, %v", d, err)
	}
	if after := sendertest.Tree(t, s.dirs().Home); !maps.Equal(before, after) || *started != 0 {
		t.Errorf("started %d\nbefore %q\nafter  %q", *started, before, after)
	}
	here := s
	here.workDir = filepath.Join(s.dirs().Home, odd)
	if got := here.Take(t.Context(), Event{Manifest: m, Name: "run"}); got.Outcome != Queued {
		t.Errorf("where no .env can refuse the directory does not matter: %+v", got)
	}
}
