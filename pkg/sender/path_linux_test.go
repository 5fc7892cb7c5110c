package sender

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestPathsOfThisProcess holds that a path which means another file in each process is kept as
// the file's own, or reported.
func TestPathsOfThisProcess(t *testing.T) {
	s, m, _ := takingAt(t, sendertest.Nowhere)
	home, err := filepath.EvalSymlinks(s.dirs().Home)
	sendertest.Must(t, err)
	t.Chdir(home)
	file := filepath.Join(home, "m.toml")
	sendertest.Write(t, file, "")
	open, err := os.Open(file)
	sendertest.Must(t, err)
	defer open.Close()
	name := fmt.Sprint("/dev/fd/", open.Fd())
	asks, here := *m, s
	asks.Consent.Dotenv = true
	here.workDir = "/proc/self/cwd"
	if got := here.Take(t.Context(), Event{Manifest: &asks, Name: "run", ManifestFile: name}); got.Outcome != Queued {
		t.Errorf("%+v", got)
	}
	entries, err := s.outbox(m.Tool.ID).Entries()
	if err != nil || len(entries) != 1 || entries[0].Manifest != file || entries[0].Dir != home {
		t.Errorf("kept: %+v, %v", entries, err)
	}
	sendertest.Must(t, os.Remove(file))
	if got := s.Take(t.Context(), Event{Manifest: m, Name: "run", ManifestFile: name}); got.Outcome != Dropped || !errors.Is(got.Err, ErrFleeting) || !strings.Contains(got.Reason.Detail, name) {
		t.Errorf("without another name: %+v", got)
	}
	if got := s.Take(t.Context(), Event{Manifest: m, Name: "run", ManifestFile: name, DryRun: true}); got.Outcome != DryRun {
		t.Errorf("a dry run: %+v", got)
	}
	_, removed, err := s.Forget(t.Context(), Forgetting{Tools: []*manifest.Manifest{m}, SourceID: sampleID, SourcePath: name})
	if !errors.Is(err, ErrNotFiled) || !errors.Is(err, ErrFleeting) || removed != nil {
		t.Errorf("a source ID: %v", err)
	}
}
