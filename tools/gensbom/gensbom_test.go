package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
)

// TestDocument describes the program that is running, this test, whose parts the
// running program knows from elsewhere.
func TestDocument(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	document, err := describe("1.2.3", "2026-11-22T07:00:14Z", self)
	if err != nil {
		t.Fatal(err)
	}
	var got bom
	if err := json.Unmarshal(document, &got); err != nil {
		t.Fatal(err)
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || len(info.Deps) == 0 {
		t.Fatal("this test does not know what it is made of")
	}
	want := map[string]string{"std": info.GoVersion}
	for _, m := range info.Deps {
		want[m.Path] = m.Version
	}
	refs := map[string]bool{}
	for _, c := range got.Components {
		if want[c.Name] != c.Version {
			t.Errorf("%s %s is not linked in, but %q is", c.Name, c.Version, want[c.Name])
		}
		delete(want, c.Name)
		refs[c.Ref] = true
	}
	for name := range want {
		t.Errorf("%s is linked in and not listed", name)
	}
	if len(refs) != len(got.Components) || len(got.Dependencies) != len(refs)+1 || len(got.Dependencies[0].DependsOn) != len(refs) {
		t.Errorf("%d components, %d references, dependencies: %+v", len(got.Components), len(refs), got.Dependencies)
	}
	for _, ref := range got.Dependencies[0].DependsOn {
		if !refs[ref] {
			t.Errorf("nothing is named %s", ref)
		}
	}
	content, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(content)
	if main := got.Metadata.Component; main.Hashes[0].Content != hex.EncodeToString(digest[:]) || main.Version != "1.2.3" {
		t.Errorf("the program: %+v", main)
	}
}

// TestSameDocument holds that a document depends on nothing but the program.
func TestSameDocument(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var documents [2][]byte
	for i := range documents {
		file := filepath.Join(t.TempDir(), "document")
		if err := run("1.2.3", "2026-11-22T07:00:14Z", []string{self, file}); err != nil {
			t.Fatal(err)
		}
		if documents[i], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(documents[0], documents[1]) {
		t.Error("the second time it is another document")
	}
}

// TestNoProgram holds that nothing is written about what is no program of Go's.
func TestNoProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "document")
	if err := run("1.2.3", "2026-11-22T07:00:14Z", []string{"main.go", file}); err == nil {
		t.Error("main.go was described")
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a document was written")
	}
}
