package process

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestLasting holds that a path that means another file in each process is replaced by the
// file's own, if it has one, and that every other path stays as it is, links and all.
func TestLasting(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	open := func(name string) *os.File {
		t.Helper()
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	file, gone, replaced := open("file"), open("gone"), open("replaced")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, err := range []error{
		os.Remove(gone.Name()), os.Remove(replaced.Name()), os.WriteFile(replaced.Name()+" (deleted)", nil, 0o600),
		os.Symlink("file", filepath.Join(dir, "link")), os.Symlink("link", filepath.Join(dir, "again")), os.Symlink("loop", filepath.Join(dir, "loop")),
		os.Symlink("/dev/fd", filepath.Join(dir, "fds")), os.Symlink(fmt.Sprint("fds/", file.Fd()), filepath.Join(dir, "open")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	fd := func(dir string, f *os.File) string { return fmt.Sprint(dir, "/", f.Fd()) }
	for path, want := range map[string]string{
		in("file"):                in("file"),
		in("again"):               in("again"),
		in("missing"):             in("missing"),
		in("loop"):                in("loop"),
		in("file/below"):          in("file/below"),
		"/dev/null":               "/dev/null",
		"/proc":                   "/proc",
		fd("/proc/self/fd", file): in("file"),
		fd("/dev/fd", file):       in("file"),
		in("open"):                in("file"),
		fd(in("fds"), file):       in("file"),
		"/proc/self/cwd":          dir,
		"/proc/self/cwd/again":    in("file"),
		"/proc/self/cwd/missing":  "",
		fd("/dev/fd", gone):       "",
		fd("/dev/fd", replaced):   "",
		fd("/proc/self/fd", r):    "",
		"/proc/self/status":       "",
		"/dev/fd/987654":          "",
	} {
		if got, ok := Lasting(path); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, %v, want %q", path, got, ok, want)
		}
	}
}
