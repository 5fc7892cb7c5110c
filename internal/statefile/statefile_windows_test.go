package statefile_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
)

// changes are what is done to files that others may have open.
func changes() map[string]func(path string) error {
	return map[string]func(string) error{
		"write":      func(path string) error { return statefile.Write(path, []byte("new"), 0o600, 0o700) },
		"rename":     func(path string) error { return statefile.Rename(path, path+".2") },
		"remove":     statefile.Remove,
		"remove all": func(path string) error { return statefile.RemoveAll(filepath.Dir(path)) },
	}
}

// TestOpenElsewhere holds that a file can be changed though another program, such
// as a virus scanner, has it open for a moment, and keeps everybody else from it.
func TestOpenElsewhere(t *testing.T) {
	for name, change := range changes() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			other, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(100*time.Millisecond, func() { other.Close() })
			if err := change(path); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestOpenHere holds that our own readers are in nobody's way.
func TestOpenHere(t *testing.T) {
	for name, change := range changes() {
		if name == "write" {
			continue // replaces a file that is read on Windows itself, but under wine waits
		}
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := statefile.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := change(path); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRenameOfMissing holds that what is not there is not waited for.
func TestRenameOfMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	if err := statefile.Rename(path, path+".2"); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}
