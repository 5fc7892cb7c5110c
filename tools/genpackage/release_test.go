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
	Nfpms []struct {
		Formats  []string
		Template string `yaml:"file_name_template"`
		Contents []struct{ Src, Dst string }
		Scripts  any
		Deb      struct{ Scripts any }
		RPM      struct{ Scripts any }
		APK      struct{ Scripts any }
	}
	Casks []struct {
		Name       string
		Manpages   []string
		Repository repository
	} `yaml:"homebrew_casks"`
	Scoops []struct {
		Name       string
		Repository repository
	}
	Winget []struct {
		Identifier string `yaml:"package_identifier"`
	}
}

type repository struct{ Owner, Name string }

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

// TestReadmePackages holds that README.md names the packages as they are made, that they
// have the man pages and completions, run no script, and own nothing where decisions are kept.
func TestReadmePackages(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	r := readRelease(t)
	pkg, cask, scoop := r.Nfpms[0], r.Casks[0], r.Scoops[0]
	if pkg.Scripts != nil || pkg.Deb.Scripts != nil || pkg.RPM.Scripts != nil || pkg.APK.Scripts != nil || len(r.Nfpms) != 1 {
		t.Error("a package runs a script")
	}
	var from []string
	for _, c := range pkg.Contents {
		from = append(from, c.Src)
		if !strings.HasPrefix(c.Dst, "/usr/share/") {
			t.Errorf("the packages have %s: removing them could take what somebody decided", c.Dst)
		}
	}
	for _, want := range []string{"build/package/man/*.1.gz", "build/package/man/*.5.gz", "completions/usagectl.bash", "completions/usagectl.fish", "completions/_usagectl"} {
		if !slices.Contains(from, want) {
			t.Errorf("the packages have no %s", want)
		}
	}
	names := strings.NewReplacer("{{ .Version }}", "VERSION", "{{ .Os }}", "linux", "{{ .Arch }}", "amd64", "{{ with .Arm }}v{{ . }}{{ end }}", "")
	wants := []string{
		"brew install --cask " + cask.Repository.Owner + "/" + strings.TrimPrefix(cask.Repository.Name, "homebrew-") + "/" + cask.Name + "`",
		"`winget install " + r.Winget[0].Identifier + "`",
		"`scoop install " + scoop.Name + "` from the bucket `" + scoop.Repository.Owner + "/" + scoop.Repository.Name + "`",
	}
	for _, format := range pkg.Formats {
		wants = append(wants, "./"+names.Replace(pkg.Template)+"."+format+"`")
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(module), "\n")
	version := strings.Split(strings.TrimPrefix(lines[2], "go "), ".")
	wants = append(wants, "`go install "+strings.TrimPrefix(lines[0], "module ")+"@latest`", "With Go "+version[0]+"."+version[1]+" or later")
	for _, want := range wants {
		if !strings.Contains(string(text), want) {
			t.Errorf("the README does not say %s", want)
		}
	}
}
