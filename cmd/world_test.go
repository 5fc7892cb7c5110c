package cmd

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/usagectl/usagectl/internal/term"
)

// TestSystem holds that the world is this process's.
func TestSystem(t *testing.T) {
	t.Setenv("USAGECTL_TEST", "here")
	w := System()
	if value, _ := w.Env("USAGECTL_TEST"); value != "here" || w.Name != os.Args[0] || w.WorkDir == "" || w.Now().IsZero() {
		t.Errorf("%+v", w)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if s := stream(f); s.Terminal || s.Width != term.Unlimited {
		t.Errorf("a file is taken for a terminal: %+v", s)
	}
}
