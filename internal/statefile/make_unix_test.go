//go:build unix

package statefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/internal/testuser"
)

// TestMakeUnderEveryUmask makes directories and files under each umask, several at once: no
// one is ever found that cannot be used, and nothing else is left.
func TestMakeUnderEveryUmask(t *testing.T) {
	testuser.Run(t, func(t *testing.T) {
		base := t.TempDir()
		defer syscall.Umask(syscall.Umask(0))
		for i := range 4 * 0o100 { // the owner's bits, and all or none of the others'
			umask := i%8<<6 | i/8%2*0o070 | i/16%2*0o007
			syscall.Umask(umask)
			top := filepath.Join(base, "top")
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					dir := filepath.Join(top, "a", strings.Repeat("b", 255))
					if err := statefile.MkdirAll(dir, 0o700); err != nil {
						t.Error(err)
					}
					if err := statefile.Append(t.Context(), filepath.Join(dir, "lines"), []byte("a line\n"), 0); err != nil {
						t.Error(err)
					}
					if err := statefile.Replace(filepath.Join(dir, "state"), []byte("content")); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			made := 0
			err := filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
				if err != nil {
					return err
				}
				made++
				info, err := d.Info()
				if err == nil && info.Mode().Perm() != map[bool]os.FileMode{true: 0o700, false: 0o600}[d.IsDir()] {
					t.Errorf("umask %04o: %s has the mode %v", umask, path, info.Mode())
				}
				return err
			})
			if err = errors.Join(err, os.RemoveAll(top)); err != nil || made != 5 || t.Failed() {
				t.Fatalf("umask %04o: %v, %d files", umask, err, made)
			}
		}
	})
}

func TestFindLocked(t *testing.T) {
	testuser.Run(t, func(t *testing.T) {
		base := t.TempDir()
		dir := filepath.Join(base, "a", "b")
		file := filepath.Join(dir, "file")
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			path    string
			need    os.FileMode
			changed string
			mode    os.FileMode
			want    string // what is found
		}{
			{file, 0o600, dir, 0o700, ""},
			{file, 0o600, file, 0o400, file},
			{file, 0o400, file, 0o400, ""},
			{file, 0o400, file, 0o200, file},
			{file, 0o600, dir, 0o600, dir},
			{file, 0o600, dir, 0o500, ""}, // the file is there
			{file, 0o600, dir, 0o100, ""},
			{dir, 0o700, dir, 0o500, dir},
			{dir, 0o700, filepath.Dir(dir), 0o500, ""},
			{dir, 0o700, filepath.Dir(dir), 0o000, filepath.Dir(dir)},
			{filepath.Join(dir, "other"), 0o600, dir, 0o500, dir}, // it has to be made there
			{filepath.Join(dir, "c", "other"), 0o600, dir, 0o500, dir},
			{filepath.Join(dir, "c", "other"), 0o600, dir, 0o700, ""},
			{"/", 0o700, dir, 0o700, ""}, // root's
			{"/nowhere/at/all", 0o600, dir, 0o700, ""},
		} {
			info, err := os.Stat(test.changed)
			if err = errors.Join(err, os.Chmod(test.changed, test.mode)); err != nil {
				t.Fatal(err)
			}
			got, found := statefile.FindLocked(test.path, test.need)
			if got.Path != test.want || found != (test.want != "") || found && got.Mode != test.mode {
				t.Errorf("%s with %04o of %s: got %+v, %v, want %q", test.path, test.mode, test.changed, got, found, test.want)
			}
			if err := os.Chmod(test.changed, info.Mode()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
