package acceptance

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fence    = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	codeSpan = regexp.MustCompile("`[^`]*`|\\[[a-z]+\\]")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	reflink  = regexp.MustCompile(`(?m)^\[[^\]]+\]: (\S+)$`)
	testName = regexp.MustCompile(`\bTest[A-Z]\w+`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// TestLinks holds that every link from one page to another leads somewhere, to the
// heading too.
func TestLinks(t *testing.T) {
	seen := 0
	for _, page := range pages(t) {
		text := string(fence.ReplaceAll(mustPage(t, page), nil))
		for _, m := range append(link.FindAllStringSubmatch(text, -1), reflink.FindAllStringSubmatch(text, -1)...) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			seen++
			file, anchor, _ := strings.Cut(m[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
			}
			if _, err := os.Stat(repository(target)); err != nil {
				t.Errorf("%s: (%s) leads nowhere", page, m[1])
			} else if anchor != "" && !slices.Contains(anchors(t, target), anchor) {
				t.Errorf("%s: (%s) leads to no heading of %s", page, m[1], target)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d links were seen", seen)
	}
}

// TestEveryPageIsLinked holds that the README leads to every page of docs.
func TestEveryPageIsLinked(t *testing.T) {
	readme := string(mustPage(t, "README.md"))
	for _, page := range pages(t) {
		if filepath.Dir(page) == "docs" && !strings.Contains(readme, "("+filepath.ToSlash(page)+")") {
			t.Errorf("the README does not lead to %s", page)
		}
	}
}

// TestNamedTests holds that a test that a page names is there. One in a block of code is the
// reader's.
func TestNamedTests(t *testing.T) {
	var tests strings.Builder
	err := filepath.WalkDir(repository(), func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		tests.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, page := range pages(t) {
		for _, name := range testName.FindAllString(fence.ReplaceAllString(string(mustPage(t, page)), ""), -1) {
			seen++
			if !strings.Contains(tests.String(), "\nfunc "+name+"(") {
				t.Errorf("%s names %s, which there is not", page, name)
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d names were seen", seen)
	}
}

// pages are the pages for people, as paths in the repository.
func pages(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.md", "docs/*.md", ".github/*.md", ".github/*/*.md"} {
		list = append(list, repositoryFiles(t, pattern)...)
	}
	return list
}

func mustPage(t *testing.T, page string) []byte {
	t.Helper()
	text, err := os.ReadFile(repository(page))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.ReplaceAll(string(text), "\r\n", "\n"))
}

// anchors are the headings of a page as GitHub spells them in links.
func anchors(t *testing.T, page string) []string {
	t.Helper()
	var list []string
	for _, m := range heading.FindAllStringSubmatch(string(fence.ReplaceAll(mustPage(t, page), nil)), -1) {
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 0x7f:
				return r
			}
			return -1
		}, strings.ToLower(m[1]))
		list = append(list, slug)
	}
	return list
}
