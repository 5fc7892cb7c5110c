package statefile_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// longAgo is a time after which nobody is at work any more.
func longAgo() time.Time { return time.Now().Add(-2 * time.Hour) }

func wantGone(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}
