package programs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// tree makes files, and links by their target, in the tree of a system.
func tree(t *testing.T, files map[string]fs.FileMode, links map[string]string) Tree {
	t.Helper()
	root := t.TempDir()
	place := func(name string) string {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, mode := range files {
		if err := os.WriteFile(place(name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range links {
		if err := os.Symlink(target, place(name)); err != nil {
			t.Skipf("no links here: %v", err)
		}
	}
	return InTree(root)
}

// TestTree holds that the links of a tree stay in it, whatever they say, and that only
// what could be started there is a program.
func TestTree(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a link to /etc leads to a drive there")
	}
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	tr := tree(t, map[string]fs.FileMode{
		"usr/bin/plain": 0o700, "usr/bin/data": 0o600, "usr/bin/windows.exe": 0o600, "opt/tool/bin/own": 0o700, "etc/real": 0o700,
		"home/linuxbrew/.linuxbrew/bin/brew": 0o700, "elsewhere/hidden": 0o700, "usr/local/node/bin/npm": 0o700,
	}, map[string]string{
		"bin": "usr/bin", "usr/bin/relative": "plain", "usr/bin/absolute": "/etc/alternatives/absolute", "etc/alternatives/absolute": "/etc/real",
		"usr/bin/high": "../../../../../../../etc/real", "usr/bin/out": outside, "usr/bin/up": "/../../../../.." + outside,
		"usr/bin/round": "round", "usr/bin/folder": "/usr", "usr/bin/gone": "/nowhere", "usr/local/bin": "/usr/bin/../bin",
		"sbin": outside, "usr/sbin": filepath.Dir(outside),
	})
	program, unread := tr.Programs()
	for _, name := range []string{"plain", "windows", "own", "relative", "absolute", "high", "brew", "npm"} {
		if program(name) == "" {
			t.Errorf("%s is not found", name)
		}
	}
	for _, name := range []string{"out", "up", "round", "folder", "gone", "outside", "hidden", "real", "windows.exe"} {
		if place := program(name); place != "" {
			t.Errorf("%s is found: %s", name, place)
		}
	}
	if program("data") != "" {
		t.Error("a file that cannot be started is a program")
	}
	if len(unread) > 0 {
		t.Errorf("not read: %q", unread)
	}
	if got, err := tr.Path("/usr/bin/absolute"); err != nil || got != tr.outside("etc/real") {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := tr.Path("usr/bin/round"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link to itself: %v", err)
	}
}

// TestTreeUnread holds that what is no directory of programs, and cannot be known to be
// none, is reported.
func TestTreeUnread(t *testing.T) {
	tr := tree(t, map[string]fs.FileMode{"usr/bin": 0o700}, nil)
	program, unread := tr.Programs()
	if want := []string{tr.outside("usr/bin")}; !slices.Equal(unread, want) || program("bin") != "" {
		t.Errorf("%q, want %q", unread, want)
	}
	if _, unread := InTree(filepath.Join(t.TempDir(), "none")).Programs(); len(unread) > 0 {
		t.Errorf("of a tree that is not there: %q", unread)
	}
}
