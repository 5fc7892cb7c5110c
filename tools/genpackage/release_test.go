package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// release is what of .goreleaser.yaml has to agree with something else.
type release struct {
	Builds []struct {
		Goos, Goarch []string
		Ignore       []struct{ Goos, Goarch string }
	}
	Casks []struct {
		Manpages []string
	} `yaml:"homebrew_casks"`
}

func readRelease(t *testing.T) release {
	t.Helper()
	text, err := os.ReadFile("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var r release
	if err := yaml.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTargets holds that notices are made for the systems that programs are built for.
func TestTargets(t *testing.T) {
	build := readRelease(t).Builds[0]
	var built []string
	for _, system := range build.Goos {
		for _, arch := range build.Goarch {
			if !slices.Contains(build.Ignore, struct{ Goos, Goarch string }{system, arch}) {
				built = append(built, system+"/"+arch)
			}
		}
	}
	slices.Sort(built)
	if want := slices.Sorted(slices.Values(targets)); !slices.Equal(built, want) {
		t.Errorf("built are %q, but notices are made for %q", built, want)
	}
}

// TestCaskPages holds that the cask installs every man page: it has no patterns.
func TestCaskPages(t *testing.T) {
	pages, err := filepath.Glob("../../man/*.[1-9]")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d man pages, %v", len(pages), err)
	}
	for i, page := range pages {
		pages[i] = "usagectl-#{version}/man/" + filepath.Base(page)
	}
	slices.Sort(pages)
	if got := readRelease(t).Casks[0].Manpages; !slices.Equal(got, pages) {
		t.Errorf("the cask has %q, and there are %q", got, pages)
	}
}

// TestOneGoreleaser holds that a release is made by the goreleaser that is tried: another
// one would put the builder's day in it.
func TestOneGoreleaser(t *testing.T) {
	for _, name := range []string{"../../.ci/package", "../../.github/workflows/release.yml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\t.ci/goreleaser ") && !strings.Contains(string(text), "run: .ci/goreleaser ") || strings.Contains(string(text), "goreleaser@") {
			t.Errorf("%s does not build its goreleaser with .ci/goreleaser", name)
		}
	}
}
