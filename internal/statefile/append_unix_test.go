//go:build unix

package statefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
)

// lockFile is somebody else who has the lock.
func lockFile(t *testing.T, path string) (unlock func()) {
	t.Helper()
	f, err := os.Open(path)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}

// TestOwnFilesOnly holds that nothing but a regular file of one's own is read,
// listed or added to, and that links are not followed.
func TestOwnFilesOnly(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	make := func(name string, mode os.FileMode) {
		if err := errors.Join(os.WriteFile(at(name), []byte("x\n"), 0o600), os.Chmod(at(name), mode)); err != nil {
			t.Fatal(err)
		}
	}
	make("own", 0o600)
	make("readable", 0o644)
	make("of the group", 0o620)
	make("of others", 0o602)
	err := errors.Join(
		os.Symlink(at("own"), at("link")), os.Symlink("/dev/zero", at("device")), os.Symlink(at("nowhere"), at("dangling")),
		syscall.Mkfifo(at("fifo"), 0o600), os.Mkdir(at("dir"), 0o700), os.Mkdir(at("open dir"), 0o700), os.Chmod(at("open dir"), 0o777),
		os.Symlink(at("dir"), at("link to dir")),
	)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]error{
		"own": nil, "readable": nil, "of the group": statefile.ErrUntrusted, "of others": statefile.ErrUntrusted,
		"link": statefile.ErrNotRegular, "device": statefile.ErrNotRegular, "dangling": statefile.ErrNotRegular,
		"fifo": statefile.ErrNotRegular, "dir": statefile.ErrNotRegular, "link to dir": statefile.ErrNotRegular,
	}
	dirs := map[string]error{
		"dir": nil, "open dir": statefile.ErrUntrusted, "link to dir": statefile.ErrNotDir, "own": statefile.ErrNotDir,
		"fifo": statefile.ErrNotDir, "device": statefile.ErrNotDir,
	}
	if os.Geteuid() == 0 {
		make("somebody's", 0o600)
		if err := errors.Join(os.Chown(at("somebody's"), 1, 1), os.Mkdir(at("their dir"), 0o700), os.Chown(at("their dir"), 1, 1)); err != nil {
			t.Fatal(err)
		}
		files["somebody's"], dirs["their dir"] = statefile.ErrUntrusted, statefile.ErrUntrusted
	}
	for name, want := range files {
		for verb, try := range map[string]func() error{
			"read":      func() error { _, err := statefile.Read(at(name), 10); return err },
			"read tail": func() error { _, err := statefile.ReadTail(at(name), 10); return err },
			"stat":      func() error { _, err := statefile.Stat(at(name)); return err },
			"append":    func() error { return statefile.Append(t.Context(), at(name), []byte("y\n"), 0) },
		} {
			if err := try(); !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%s %s: %v, want %v", verb, name, err, want)
			}
		}
	}
	if _, err := os.Lstat(at("nowhere")); err == nil {
		t.Error("a link to nothing was followed")
	}
	for name, want := range dirs {
		_, err := statefile.ReadDir(at(name))
		check := statefile.CheckDir(at(name))
		if !errors.Is(err, want) || !errors.Is(check, want) || (err == nil) != (want == nil) || (check == nil) != (want == nil) {
			t.Errorf("%s: %v and %v, want %v", name, err, check, want)
		}
	}
	if _, err := statefile.ReadDir(at("none")); !errors.Is(err, os.ErrNotExist) || statefile.CheckDir(at("none")) != nil {
		t.Errorf("none: %v", err)
	}
}
