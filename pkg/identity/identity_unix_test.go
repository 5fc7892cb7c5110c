//go:build unix

package identity_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/internal/testuser"
	"github.com/usagectl/usagectl/pkg/identity"
)

func TestEnsureModes(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		old := syscall.Umask(umask)
		dir := filepath.Join(t.TempDir(), "a", ".tool")
		_, err := identity.Ensure(filepath.Join(dir, "source"), true)
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "source"): 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("umask %o: %s: got %v, %v; want %v", umask, path, info.Mode(), err, want)
			}
		}
	}
}

func TestEnsureLeavesModesAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "source")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(path, []byte(sample), 0o644), os.Chmod(path, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := identity.Ensure(path, true); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{dir: 0o755, path: 0o644} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v", path, info.Mode(), err)
		}
	}
}

func TestOddFiles(t *testing.T) {
	for name, test := range map[string]struct {
		make         func(path string) error
		load, ensure error
	}{
		"fifo":          {func(path string) error { return syscall.Mkfifo(path, 0o600) }, statefile.ErrNotRegular, statefile.ErrNotRegular},
		"directory":     {func(path string) error { return os.Mkdir(path, 0o700) }, statefile.ErrNotRegular, statefile.ErrNotRegular},
		"device":        {func(path string) error { return os.Symlink("/dev/zero", path) }, statefile.ErrNotRegular, statefile.ErrNotRegular},
		"cyclic link":   {func(path string) error { return os.Symlink("source", path) }, syscall.ELOOP, syscall.ELOOP},
		"dangling link": {func(path string) error { return os.Symlink("target", path) }, identity.ErrNone, os.ErrExist},
		"link to a fifo": {func(path string) error {
			return errors.Join(syscall.Mkfifo(path+"2", 0o600), os.Symlink("source2", path))
		}, statefile.ErrNotRegular, statefile.ErrNotRegular},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "source")
			if err := test.make(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			id, err := identity.Load(path)
			if !errors.Is(err, test.load) || identity.Value(id, err) != identity.Unavailable {
				t.Errorf("load: %q, %v", id, err)
			}
			id, err = identity.Ensure(path, true)
			if !errors.Is(err, test.ensure) || identity.Value(id, err) != identity.Unavailable {
				t.Errorf("ensure: %q, %v", id, err)
			}
			if after, err := os.ReadDir(dir); err != nil || len(after) != len(before) {
				t.Errorf("left behind: %v, %v", after, err)
			}
		})
	}
}

func TestLoadThroughLink(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "source")
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "target"), []byte(sample), 0o600), os.Symlink("target", path)); err != nil {
		t.Fatal(err)
	}
	if id, err := identity.Ensure(path, true); err != nil || id != sample {
		t.Errorf("got %q, %v", id, err)
	}
}

func TestWithoutPermission(t *testing.T) {
	testuser.Run(t, func(t *testing.T) {
		unreadable := filepath.Join(t.TempDir(), "source")
		if err := os.WriteFile(unreadable, []byte(sample), 0o200); err != nil {
			t.Fatal(err)
		}
		readOnly := t.TempDir()
		if err := os.Chmod(readOnly, 0o500); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{unreadable, filepath.Join(readOnly, "source"), filepath.Join(readOnly, ".tool", "source")} {
			id, err := identity.Ensure(path, true)
			if !errors.Is(err, os.ErrPermission) || identity.Value(id, err) != identity.Unavailable {
				t.Errorf("%s: got %q, %v", path, id, err)
			}
		}
		if entries, err := os.ReadDir(readOnly); err != nil || len(entries) != 0 {
			t.Errorf("left behind: %v, %v", entries, err)
		}
	})
}

func TestEnsureKeyFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.Symlink("target", link); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a link to nothing, then to a good key
		if key, err := identity.EnsureKey(link, true); key != nil || !errors.Is(err, statefile.ErrNotRegular) {
			t.Errorf("got %x, %v", key, err)
		}
		if err := os.WriteFile(target, make([]byte, 32), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEnsureKeyMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "tool")
	if _, err := identity.EnsureKey(path, true); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

func TestRemoveTakesTheLink(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	path, target := filepath.Join(dir, "source"), filepath.Join(elsewhere, "theirs")
	if err := errors.Join(os.WriteFile(target, []byte(sample), 0o600), os.Symlink(target, path)); err != nil {
		t.Fatal(err)
	}
	if err := identity.Remove(path, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the link is still there: %v", err)
	}
	if _, err := os.Stat(target); err != nil {
		t.Errorf("what it led to is gone: %v", err)
	}
}

func TestRemoveWithoutPermission(t *testing.T) {
	testuser.Run(t, func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "source")
		if err := errors.Join(os.WriteFile(path, []byte(sample), 0o600), os.Chmod(dir, 0o500)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(dir, 0o700) })
		if err := identity.Remove(path, func(string) bool { return true }); !errors.Is(err, os.ErrPermission) {
			t.Errorf("got %v", err)
		}
	})
}
