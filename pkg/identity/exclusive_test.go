package identity

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestLoadWritten is for file systems without hard links, which a test cannot
// count on finding.
func TestLoadWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if id, err := loadWritten(path); id != "" || !errors.Is(err, ErrInvalid) {
		t.Errorf("a file that stays empty: got %q, %v", id, err)
	}
	const sample = "3f2b8c1e-9d4a-4f6b-8a27-0c5d1e9b7f60"
	if err := os.WriteFile(path, []byte(sample), 0o600); err != nil {
		t.Fatal(err)
	}
	if id, err := loadWritten(path); err != nil || id != sample {
		t.Errorf("got %q, %v", id, err)
	}
}
