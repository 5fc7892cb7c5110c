package acceptance

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNoCodeKnowsATool holds that a tool whose events are sent from here is its manifest
// alone: no code has its name but the catalogue, which is data.
func TestNoCodeKnowsATool(t *testing.T) {
	t.Parallel()
	manifests := repositoryFiles(t, "pkg/manifest/builtin/*.toml")
	if len(manifests) < 5 {
		t.Fatalf("there are only %q", manifests)
	}
	for _, file := range productFiles(t) {
		if filepath.ToSlash(file) == "pkg/catalogue/table.go" {
			continue
		}
		source := withoutComments(string(mustRead(t, repository(file))))
		for _, m := range manifests {
			if name := strings.TrimSuffix(filepath.Base(m), ".toml"); regexp.MustCompile("[\"`]" + regexp.QuoteMeta(name) + "[\"`]").MatchString(source) {
				t.Errorf("%s knows %s", file, name)
			}
		}
	}
}

// TestOneExit holds that nothing of the program runs before main, and that only main ends it.
func TestOneExit(t *testing.T) {
	t.Parallel()
	var exits []string
	for _, file := range productFiles(t) {
		source := withoutComments(string(mustRead(t, repository(file))))
		if regexp.MustCompile(`(?m)^func init\(\)`).MatchString(source) {
			t.Errorf("%s has an init", file)
		}
		for range strings.Count(source, "os.Exit(") {
			exits = append(exits, filepath.ToSlash(file))
		}
	}
	if !slices.Equal(exits, []string{"main.go"}) {
		t.Errorf("%q end the program", exits)
	}
}

// TestLongTests holds that a file has the build tag long if its name says so, and only then.
func TestLongTests(t *testing.T) {
	tagged := regexp.MustCompile(`(?m)^//go:build (.*&& )?long\r?$`)
	long := 0
	for _, file := range repositoryFiles(t, "acceptance/*_test.go") {
		is := strings.HasSuffix(file, "_long_test.go")
		if is {
			long++
		}
		if tagged.Match(mustRead(t, repository(file))) != is {
			t.Errorf("%s: the tag and the name do not agree", file)
		}
	}
	if long < 10 {
		t.Errorf("there are only %d", long)
	}
}
