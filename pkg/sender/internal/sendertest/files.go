package sendertest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Write writes a file, and makes the directories that it takes.
func Write(t testing.TB, path, text string) {
	t.Helper()
	Must(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)))
}

// Names lists the files of a directory; none if it is not there.
func Names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	Must(t, statefile.IgnoreMissing(err))
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// Block puts something in the place of a file that can be neither removed nor replaced,
// not even by root, for whom permissions do not count.
func Block(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); statefile.IgnoreMissing(err) != nil {
		t.Fatal(err)
	}
	Write(t, filepath.Join(path, "in the way"), "")
}

// Tree is every file below a directory and what it holds.
func Tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	Must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	}))
	return files
}

// Gone reports an error if a file is there.
func Gone(t testing.TB, what, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %s is there: %v", what, path, err)
	}
}
