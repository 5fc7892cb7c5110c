package programs

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestOnPath holds that the first program of a name counts, that what cannot be
// started is none, and that PATH is read once, when it is first needed.
func TestOnPath(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	ending := ""
	if runtime.GOOS == "windows" {
		ending = ".exe"
	}
	for _, file := range []string{filepath.Join(first, "both"), filepath.Join(second, "both"), filepath.Join(second, "other")} {
		if err := os.WriteFile(file+ending, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(first, "folder"+ending), 0o700); err != nil {
		t.Fatal(err)
	}
	asked := 0
	find := OnPath(func(name string) (string, bool) {
		if name != "PATH" {
			return "", false
		}
		asked++
		list := []string{"relative", filepath.Join(first, "missing"), first, second}
		return strings.Join(list, string(os.PathListSeparator)), true
	})
	if asked != 0 {
		t.Error("PATH is read before anybody asks")
	}
	for name, want := range map[string]string{
		"both":   filepath.Join(first, "both"+ending),
		"other":  filepath.Join(second, "other"+ending),
		"folder": "",
		"absent": "",
	} {
		if got := find(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if asked != 1 {
		t.Errorf("PATH is read %d times", asked)
	}
}
