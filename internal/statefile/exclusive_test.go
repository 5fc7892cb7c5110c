package statefile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestCreateExclusive is for file systems without hard links, which a test cannot
// count on finding.
func TestCreateExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	if err := createExclusive(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := createExclusive(path, []byte("second")); !errors.Is(err, os.ErrExist) {
		t.Errorf("the second time: %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "first" {
		t.Errorf("got %q, %v", data, err)
	}
}
