package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const root = "../.."

// TestFresh holds that what is in the repository is what the commands and the
// documents say, and that nothing else is there.
func TestFresh(t *testing.T) {
	made, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	dirs := map[string]bool{}
	for name, want := range made {
		dirs[filepath.Dir(name)] = true
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: go run ./tools/gendocs", name)
		}
	}
	for dir := range dirs {
		files, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if _, ok := made[dir+"/"+f.Name()]; !ok {
				t.Errorf("%s/%s is made by nothing", dir, f.Name())
			}
		}
	}
}
