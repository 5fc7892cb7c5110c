package statefile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
)

func content(t *testing.T, path string) string {
	t.Helper()
	data, _, err := statefile.ReadRegular(path, 16<<20, true) // which waits for a moment in which the file may be read, on Windows
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// wantNames holds that a directory has these entries and no others, above all
// no temporary file.
func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if len(got) != len(want) {
		t.Errorf("%s has %q, want %q", dir, got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s has %q, want %q", dir, got, want)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	file := filepath.Join(dir, "state")
	for _, text := range []string{"first, the longest", "second", ""} {
		if err := statefile.Write(file, []byte(text), 0o600, 0o700); err != nil {
			t.Fatal(err)
		}
		if got := content(t, file); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
	wantNames(t, dir, "state")
}

func TestWriteOverDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "state", "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := statefile.Write(filepath.Join(dir, "state"), []byte("x"), 0o600, 0o700); err == nil {
		t.Error("a directory was replaced")
	}
	wantNames(t, dir, "state")
	wantNames(t, filepath.Join(dir, "state"), "inside")
}

func TestWriteBelowFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := statefile.Write(filepath.Join(file, "state"), []byte("x"), 0o600, 0o700); err == nil {
		t.Error("a file was taken for a directory")
	}
	if got := content(t, file); got != "old" {
		t.Errorf("got %q", got)
	}
	wantNames(t, dir, "file")
}

// TestWriteAtOnce holds that a reader sees one writer's content or another's,
// never a mix and never nothing.
func TestWriteAtOnce(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "state")
	texts := [][]byte{bytes.Repeat([]byte("a"), 1<<16), bytes.Repeat([]byte("b"), 1<<15)}
	whole := func() bool {
		data, _, err := statefile.ReadRegular(file, 1<<20, false)
		return err == nil && (bytes.Equal(data, texts[0]) || bytes.Equal(data, texts[1]))
	}
	if err := statefile.Write(file, texts[0], 0o600, 0o700); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			for range 10 {
				if err := statefile.Write(file, texts[i%2], 0o600, 0o700); err != nil {
					t.Error(err)
				}
				if !whole() {
					t.Error("a reader saw half a file")
				}
			}
		})
	}
	writers.Wait()
	wantNames(t, dir, "state")
}

// TestCreateAtOnce holds that of many that make a file one does, whole, and that
// the others are told.
func TestCreateAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a", "state")
	var made atomic.Int32
	var creators sync.WaitGroup
	for i := range 16 {
		creators.Go(func() {
			err := statefile.Create(file, bytes.Repeat([]byte{byte('a' + i)}, 1<<12), 0o700)
			switch {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, os.ErrExist):
				t.Error(err)
			}
			if text := content(t, file); text != strings.Repeat(text[:1], 1<<12) {
				t.Error("a reader saw half a file")
			}
		})
	}
	creators.Wait()
	if made.Load() != 1 {
		t.Errorf("%d made it", made.Load())
	}
	wantNames(t, filepath.Dir(file), "state")
}

func TestTemporary(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "state")
	if list, err := statefile.Temporary(filepath.Join(dir, "none", "state")); err != nil || len(list) != 0 {
		t.Errorf("no directory: %q, %v", list, err)
	}
	for _, name := range []string{"state", ".state.1.tmp", ".state.2.tmp", ".state", ".other.1.tmp", "state.tmp", ".state.1"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := statefile.Temporary(file)
	if want := []string{filepath.Join(dir, ".state.1.tmp"), filepath.Join(dir, ".state.2.tmp")}; err != nil || !slices.Equal(list, want) {
		t.Errorf("got %q, %v, want %q", list, err, want)
	}
}

func TestReadRegular(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "state")
	if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path  string
		limit int64
		want  error
	}{
		{file, 6, nil},
		{file, 5, nil},
		{file, 4, statefile.ErrTooLarge},
		{file, 0, statefile.ErrTooLarge},
		{dir, 5, statefile.ErrNotRegular},
		{filepath.Join(dir, "none"), 5, os.ErrNotExist},
	} {
		data, info, err := statefile.ReadRegular(test.path, test.limit, true)
		if !errors.Is(err, test.want) {
			t.Errorf("%s, %d: %v", test.path, test.limit, err)
		}
		if test.want == nil && (string(data) != "12345" || info.Size() != 5) {
			t.Errorf("%s, %d: got %q, %v", test.path, test.limit, data, info)
		}
		if test.want != nil && data != nil {
			t.Errorf("%s, %d: an error, and %q", test.path, test.limit, data)
		}
	}
}

// TestAbsentWhileItIsMade holds that a directory that somebody makes this moment is no link
// that leads nowhere.
func TestAbsentWhileItIsMade(t *testing.T) {
	for range 500 {
		path := filepath.Join(t.TempDir(), "a", "b", "file")
		made := make(chan error, 1)
		go func() { made <- os.MkdirAll(filepath.Dir(path), 0o700) }()
		for range 10 {
			if err := statefile.Absent(path); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-made; err != nil {
			t.Fatal(err)
		}
	}
}
