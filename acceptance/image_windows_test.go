package acceptance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestImage holds that one line refuses for everybody in an image of Windows that is
// being made, the same every time, and writes nothing else.
func TestImage(t *testing.T) {
	home, image := t.TempDir(), t.TempDir()
	run := newPersonIn(t, home).run
	want := filepath.Join(image, "ProgramData", "usagectl", "consent", "all.toml")
	for _, said := range []string{"Refused for everybody: all telemetry, in ", "and not changed"} {
		out, stderr, code := run("", "disable", "--all", "--system", "--root", image)
		if code != 0 || stderr != "" || !strings.Contains(out, said) || !strings.Contains(out, want) {
			t.Errorf("exit %d: %s%s", code, out, stderr)
		}
	}
	var files []string
	err := filepath.WalkDir(image, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) != 1 || files[0] != want {
		t.Errorf("there is %q, %v", files, err)
	}
	if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
		t.Errorf("the home has %v, %v", left, err)
	}
}
