package dirs

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// unset removes variables until the test ends.
func unset(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPlaces holds where things are on Windows. It touches nothing: these are the
// places of whoever runs the test.
func TestPlaces(t *testing.T) {
	unset(t, "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_STATE_HOME")
	d := Default()
	for _, c := range []struct{ what, got, want string }{
		{"home", d.Home, os.Getenv("USERPROFILE")},
		{"decisions", d.UserConsent(), filepath.Join(os.Getenv("APPDATA"), "usagectl", "consent")},
		{"state", d.StateDir(), filepath.Join(os.Getenv("LOCALAPPDATA"), "usagectl")},
	} {
		if c.got != c.want || !filepath.IsAbs(c.got) {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
	if want := []string{filepath.Join(os.Getenv("ProgramData"), "usagectl", "consent")}; !slices.Equal(d.SystemConsent(), want) {
		t.Errorf("refusals for everybody: %q, want %q", d.SystemConsent(), want)
	}
	tools := []string{
		filepath.Join(os.Getenv("LOCALAPPDATA"), "usagectl", "tools"),
		filepath.Join(os.Getenv("ProgramFiles"), "usagectl", "tools"),
	}
	if !slices.Equal(d.Tools(), tools) {
		t.Errorf("manifests: %q, want %q", d.Tools(), tools)
	}
}

// TestPlacesThatVariablesMove holds that a variable of somebody else moves neither
// decisions nor refusals for everybody, and those of the XDG specification do.
func TestPlacesThatVariablesMove(t *testing.T) {
	unset(t, "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS")
	before := Default()
	for _, name := range []string{"APPDATA", "LOCALAPPDATA", "ProgramData", "ALLUSERSPROFILE"} {
		t.Setenv(name, t.TempDir())
	}
	t.Setenv("XDG_CONFIG_HOME", "not absolute")
	if after := Default(); after.ConfigHome != before.ConfigHome || after.System != before.System {
		t.Errorf("moved: %+v", after)
	}
}
