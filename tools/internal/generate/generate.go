// Package generate is what the generators have in common. Each of them makes its files
// in memory: its command writes them with [Main], and its test holds with [Fresh] that
// those in the repository are the same.
package generate

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"
)

// Made is what a generator makes. Every path starts at the root of the repository and
// has slashes.
type Made struct {
	Files map[string][]byte // the content of each file by its path
	Whole []string          // directories in which nothing but these files may be
}

// Main parses the flags, has make read the repository in the working directory, and
// writes what it made there. If any of that fails it prints why and ends the program.
func Main(make func(root string) (Made, error)) {
	flag.Parse()
	if err := run(".", make); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(flag.CommandLine.Name()), err)
		os.Exit(1)
	}
}

func run(root string, make func(root string) (Made, error)) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("%q is no flag", flag.Arg(0))
	}
	made, err := make(root)
	if err != nil {
		return err
	}
	return made.Write(root)
}

// Write writes the files below root, and removes others from the whole directories.
func (m Made) Write(root string) error {
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, m.Files[name], 0o644); err != nil {
			return err
		}
	}
	others, err := m.others(root)
	for _, name := range others {
		err = errors.Join(err, os.Remove(filepath.Join(root, filepath.FromSlash(name))))
	}
	return err
}

// Fresh holds that the files below root are those that were made. command is what
// makes them anew.
func Fresh(t *testing.T, root string, m Made, command string) {
	t.Helper()
	for name, want := range m.Files {
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: %s", name, command)
		}
	}
	others, err := m.others(root)
	if err != nil {
		t.Error(err)
	}
	for _, name := range others {
		t.Errorf("nothing makes %s: %s", name, command)
	}
}

// others lists what is in the whole directories below root and was not made.
func (m Made) others(root string) ([]string, error) {
	var list []string
	for _, dir := range m.Whole {
		files := os.DirFS(filepath.Join(root, filepath.FromSlash(dir)))
		err := fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
			name = path.Join(dir, name)
			if _, ok := m.Files[name]; err == nil && !ok && !e.IsDir() {
				list = append(list, name)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}
