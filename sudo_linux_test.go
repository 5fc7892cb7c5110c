package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSudo has root decide, send and forget by way of sudo in a home that is somebody
// else's: nothing of root's may appear there, for its owner could not change it.
func TestSudo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("it takes root")
	}
	home := filepath.Join(t.TempDir(), "home")
	must(t, os.Mkdir(home, 0o755))
	must(t, os.Chown(home, nobody, nobody))
	run := program(t, home, "SUDO_UID=65534")
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"enable", "demo"}, 77},
		{[]string{"enable", "--all"}, 77},
		{[]string{"disable", "demo"}, 77},
		{[]string{"disable", "--all"}, 77},
		{[]string{"forget", "demo", "--yes"}, 77},
		{[]string{"send", "demo", "run.start", "--wait=10s"}, 0},
		{[]string{"flush"}, 0},
		{[]string{"status"}, 0},
		{[]string{"inspect", "demo"}, 0},
		{[]string{"env", "--all"}, 0},
	} {
		if _, stderr, code := run("", c.args...); code != c.code {
			t.Errorf("%q: exit code %d, want %d: %s", c.args, code, c.code, stderr)
		}
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) > 0 {
		t.Errorf("in the home there is %v, %v", entries, err)
	}
}
