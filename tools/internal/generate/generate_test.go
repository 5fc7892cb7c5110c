package generate

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWrite holds that what is made is all that is in the whole directories, and that
// other directories keep what they have.
func TestWrite(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"man/old.1", "man/de/old.1", "docs/mine.md", "docs/tools.md"} {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("before"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	made := Made{
		Files: map[string][]byte{"man/new.1": []byte("new"), "docs/tools.md": []byte("tools")},
		Whole: []string{"man"},
	}
	if err := run(root, func(string) (Made, error) { return made, nil }); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"man/new.1": "new", "docs/tools.md": "tools", "docs/mine.md": "before"} {
		if got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name))); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"man/old.1", "man/de/old.1"} {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); !os.IsNotExist(err) {
			t.Errorf("%s is still there", name)
		}
	}
}
