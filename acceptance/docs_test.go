package acceptance

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
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

// TestManifestPage holds that docs/manifest.md names every key, source, type and
// transport that is accepted. The keys are those that the reader itself lists.
func TestManifestPage(t *testing.T) {
	said := map[string]bool{}
	for _, span := range codeSpan.FindAllString(string(mustPage(t, filepath.Join("docs", "manifest.md"))), -1) {
		for _, word := range regexp.MustCompile(`[a-z_.0-9]+`).FindAllString(span, -1) {
			said[word] = true
		}
	}
	var words []string
	for _, s := range manifest.Sources() {
		words = append(words, string(s))
	}
	for _, transport := range []string{"http", "udp", "otlp", "segment", "file"} {
		words = append(append(words, transport), keysKnown(t, transport)...)
	}
	slices.Sort(words)
	for _, word := range slices.Compact(words) {
		if !said[word] {
			t.Errorf("docs/manifest.md does not say %q", word)
		}
	}
}

var known = regexp.MustCompile(`known here: (.*)`)

// keysKnown lists the keys that the tables of a manifest take.
func keysKnown(t *testing.T, transport string) []string {
	t.Helper()
	wrong := "zzz = 1\n"
	text := wrong + "schema = 1\n[tool]\n" + wrong + "[consent]\n" + wrong + "refuse = [{zzz = 1}]\ngrant = [{zzz = 1}]\n[identity]\n" + wrong +
		"[send]\ntransport = \"" + transport + "\"\n" + wrong + "[exec]\n" + wrong + "[[event]]\n" + wrong + "[[field]]\n" + wrong
	var list []string
	for _, method := range []string{"none", "http", "mail", "event"} {
		_, err := manifest.Parse("x", []byte(text+"[forget]\nmethod = \""+method+"\"\n"+wrong))
		var all manifest.Errors
		if !errors.As(err, &all) {
			t.Fatalf("%v", err)
		}
		lists := 0
		for _, e := range all {
			if m := known.FindStringSubmatch(e.Msg); m != nil {
				list = append(list, strings.Split(m[1], ", ")...)
				lists++
			}
		}
		if lists != 11 {
			t.Fatalf("%d tables list their keys: %v", lists, err)
		}
	}
	return list
}
