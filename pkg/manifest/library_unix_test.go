//go:build unix

package manifest_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
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
