//go:build unix

package sender

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/usagectl/usagectl/internal/testuser"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestStateNobodyCanLookInto holds, for an ordinary user, that a state directory whose mode
// keeps its owner out is unknown, not empty, and that the command that repairs it is named.
func TestStateNobodyCanLookInto(t *testing.T) {
	testuser.Run(t, func(t *testing.T) {
		home := t.TempDir()
		t.Setenv("HOME", home)
		for _, name := range []string{"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"} {
			t.Setenv(name, "")
		}
		state := dirs.Default().StateDir()
		if err := os.MkdirAll(filepath.Join(state, "outbox"), 0o700); err != nil {
			t.Fatal(err)
		}
		id, err := manifest.ParseID("demo")
		if err != nil {
			t.Fatal(err)
		}
		m, err := manifest.Library{}.Find(id)
		if err != nil {
			t.Fatal(err)
		}
		if err := (consent.Store{Dirs: dirs.Default()}).Grant(m, 1); err != nil {
			t.Fatal(err)
		}
		for mode, known := range map[os.FileMode]bool{0: false, 0o100: false, 0o200: false, 0o300: false, 0o400: false, 0o600: false, 0o500: true, 0o700: true} {
			if err := os.Chmod(state, mode); err != nil {
				t.Fatal(err)
			}
			s := Open(Config{Dirs: dirs.Default()})
			_, toolsErr := s.Tools()
			_, queuedErr := s.Queued(id)
			_, eventsErr := s.QueuedEvents(m)
			_, deletionsErr := s.Deletions()
			sentErr := s.SentRecords(id, nil, func(Record) error { return nil })
			_, statusErr := s.Status(id)
			for name, err := range map[string]error{"Tools": toolsErr, "Queued": queuedErr, "QueuedEvents": eventsErr, "Deletions": deletionsErr, "SentRecords": sentErr, "Status": statusErr} {
				if (err == nil) != known {
					t.Errorf("mode %04o: %s: %v", mode, name, err)
				}
			}
			if known {
				continue
			}
			if r := s.Refuse(t.Context(), id, func() error { return nil }); r.Emptied == nil {
				t.Errorf("mode %04o: it says that all is thrown away", mode)
			}
			if list := s.Unused(); len(list) != 1 || list[0].Do != "chmod u+rwx "+state {
				t.Errorf("mode %04o: %+v", mode, list)
			}
			if got := s.Take(t.Context(), Event{Tool: "demo", Name: "run.start"}); got.Outcome != Dropped || got.Reason.Rule != RuleState {
				t.Errorf("mode %04o: %+v", mode, got)
			}
		}
		if err := os.Chmod(state, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(home, ".demo")); !os.IsNotExist(err) {
			t.Errorf("a source ID was made for what is dropped: %v", err)
		}
	})
}
