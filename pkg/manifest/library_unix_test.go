//go:build unix

package manifest_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/internal/testuser"
	"github.com/usagectl/usagectl/pkg/manifest"
)

func TestFindOddFiles(t *testing.T) {
	for name, test := range map[string]struct {
		make func(path string) error
		want error
	}{
		"fifo":          {func(path string) error { return syscall.Mkfifo(path, 0o600) }, statefile.ErrNotRegular},
		"directory":     {func(path string) error { return os.Mkdir(path, 0o700) }, statefile.ErrNotRegular},
		"device":        {func(path string) error { return os.Symlink("/dev/zero", path) }, statefile.ErrNotRegular},
		"dangling link": {func(path string) error { return os.Symlink("nowhere", path) }, os.ErrNotExist},
		"cyclic link":   {func(path string) error { return os.Symlink("demo.toml", path) }, syscall.ELOOP},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "demo.toml")
			if err := test.make(file); err != nil {
				t.Fatal(err)
			}
			if _, err := manifest.ReadFile(file); !errors.Is(err, test.want) {
				t.Errorf("read: %v", err)
			}
			m, err := manifest.Library{Dirs: []string{dir}}.Find(parseID(t, "demo"))
			if m != nil || !errors.Is(err, test.want) {
				t.Errorf("found %v, %v: the built-in one must not take its place", m, err)
			}
		})
	}
}

func TestFindThroughLink(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "elsewhere", small)
	if err := os.Symlink("elsewhere", filepath.Join(dir, "t.toml")); err != nil {
		t.Fatal(err)
	}
	if _, err := (manifest.Library{Dirs: []string{dir}}).Find(parseID(t, "t")); err != nil {
		t.Error(err)
	}
}

// TestHiddenManifests holds what is known where a directory of manifests keeps its reader out:
// what is in one before it is found, and of the rest it is not known which one counts.
func TestHiddenManifests(t *testing.T) {
	testuser.Run(t, func(t *testing.T) {
		dir, other := t.TempDir(), t.TempDir()
		write(t, dir, "secret.toml", edited(t, small, `id = "t"`, `id = "secret"`))
		write(t, other, "t.toml", small)
		library := manifest.Library{Dirs: []string{dir, other, filepath.Join(dir, "missing")}}
		for _, mode := range []os.FileMode{0, 0o200, 0o400, 0o600} {
			if err := os.Chmod(dir, mode); err != nil {
				t.Fatal(err)
			}
			for name, found := range map[string]bool{"t": true, "demo": true, "secret": false} {
				_, err := library.Find(parseID(t, name))
				if errors.Is(err, manifest.ErrHidden) == found || errors.Is(err, manifest.ErrUnknownTool) || !errors.Is(err, os.ErrPermission) {
					t.Errorf("mode %04o: %s: %v", mode, name, err)
				}
			}
			if _, err := (manifest.Library{Dirs: []string{other, dir}}).Find(parseID(t, "t")); err != nil {
				t.Errorf("mode %04o: %v", mode, err)
			}
			if list := library.Hidden(); len(list) == 0 || list[0].Path != dir {
				t.Errorf("mode %04o: hidden are %v", mode, list)
			}
		}
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if list := library.Hidden(); len(list) != 0 {
			t.Errorf("hidden are %v", list)
		}
	})
}
