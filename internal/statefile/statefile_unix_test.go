//go:build unix

package statefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/internal/testuser"
)

func TestWriteMode(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	base := t.TempDir()
	for _, perm := range []os.FileMode{0o600, 0o644, 0o444} {
		dir := filepath.Join(base, perm.String())
		file := filepath.Join(dir, "state")
		for range 2 { // made, then replaced
			if err := statefile.Write(file, nil, perm, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if info, err := os.Stat(file); err != nil || info.Mode() != perm {
			t.Errorf("got %v, %v; want %v", info.Mode(), err, perm)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("directory: got %v, %v", info.Mode(), err)
		}
	}
}

func TestWriteReplacesLink(t *testing.T) {
	for _, target := range []string{"target", "nowhere", "state"} {
		dir, elsewhere := t.TempDir(), t.TempDir()
		other := filepath.Join(elsewhere, "target")
		if err := os.WriteFile(other, []byte("theirs"), 0o644); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "state")
		if err := os.Symlink(filepath.Join(elsewhere, target), file); err != nil {
			t.Fatal(err)
		}
		if err := statefile.Write(file, []byte("ours"), 0o600, 0o700); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() || content(t, file) != "ours" {
			t.Errorf("link to %s: got %v, %v", target, info, err)
		}
		if got := content(t, other); got != "theirs" {
			t.Errorf("link to %s: it was followed: %q", target, got)
		}
		wantNames(t, dir, "state")
		wantNames(t, elsewhere, "target")
	}
}

func TestWriteWithoutPermission(t *testing.T) {
	testuser.Run(t, func(t *testing.T) {
		dir := t.TempDir()
		file := filepath.Join(dir, "state")
		if err := statefile.Write(file, []byte("old"), 0o600, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(dir, 0o700) })
		for _, path := range []string{file, filepath.Join(dir, "new", "state")} {
			if err := statefile.Write(path, []byte("new"), 0o600, 0o700); !errors.Is(err, os.ErrPermission) {
				t.Errorf("%s: %v", path, err)
			}
		}
		if got := content(t, file); got != "old" {
			t.Errorf("got %q", got)
		}
		wantNames(t, dir, "state")
	})
}

func TestReadWithoutPermission(t *testing.T) {
	testuser.Run(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(file, []byte("x"), 0o200); err != nil {
			t.Fatal(err)
		}
		if _, _, err := statefile.ReadRegular(file, 5, true); !errors.Is(err, os.ErrPermission) {
			t.Error(err)
		}
	})
}

func TestReadOddFiles(t *testing.T) {
	dir := t.TempDir()
	file, fifo := filepath.Join(dir, "file"), filepath.Join(dir, "fifo")
	if err := errors.Join(os.WriteFile(file, []byte("x"), 0o600), syscall.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, path       string // the path of a thing, or what a link of that name leads to
		link             bool
		follow, noFollow error
	}{
		{"file", file, false, nil, nil},
		{"fifo", fifo, false, statefile.ErrNotRegular, statefile.ErrNotRegular},
		{"directory", dir, false, statefile.ErrNotRegular, statefile.ErrNotRegular},
		{"device", "/dev/zero", false, statefile.ErrNotRegular, statefile.ErrNotRegular},
		{"link to a file", file, true, nil, statefile.ErrNotRegular},
		{"link to a fifo", fifo, true, statefile.ErrNotRegular, statefile.ErrNotRegular},
		{"link to a directory", dir, true, statefile.ErrNotRegular, statefile.ErrNotRegular},
		{"link to a device", "/dev/zero", true, statefile.ErrNotRegular, statefile.ErrNotRegular},
		{"link to nothing", "nowhere", true, os.ErrNotExist, statefile.ErrNotRegular},
		{"link to itself", "link to itself", true, syscall.ELOOP, statefile.ErrNotRegular},
	} {
		path := test.path
		if test.link {
			path = filepath.Join(dir, test.name)
			if err := os.Symlink(test.path, path); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := statefile.ReadRegular(path, 5, true); !errors.Is(err, test.follow) {
			t.Errorf("%s, followed: %v", test.name, err)
		}
		if _, _, err := statefile.ReadRegular(path, 5, false); !errors.Is(err, test.noFollow) {
			t.Errorf("%s, not followed: %v", test.name, err)
		}
	}
}
