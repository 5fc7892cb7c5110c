package acceptance

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// claim is a sentence of a page, or a part of one, and what holds it.
type claim struct {
	text  string   // as it stands on the page, with single spaces
	tests []string // names of tests and stories; none if no test can hold it
}

// TestClaims holds that the pages say nothing that nobody has thought about how to test.
// testdata/claims/PAGE.tsv lists what a page claims: the claim, a tab, and the tests that
// hold it, or "-" where none can. Each paragraph, item and row of the page has to have one
// at least, each claim has to stand on the page, and each test has to be there.
func TestClaims(t *testing.T) {
	tables := repositoryFiles(t, "acceptance/testdata/claims/*.tsv")
	if len(tables) < 12 {
		t.Fatalf("only %d tables were found", len(tables))
	}
	tests := testNames(t)
	for _, table := range tables {
		page := pageOf(t, table)
		claims := readClaims(t, table)
		passages := passagesOf(string(mustPage(t, page)))
		for _, c := range claims {
			if !slices.ContainsFunc(passages, func(passage string) bool { return strings.Contains(passage, c.text) }) {
				t.Errorf("%s does not say %q", page, c.text)
			}
			for _, test := range c.tests {
				if !tests[test] {
					t.Errorf("%s: %q: there is no test %q", table, c.text, test)
				}
			}
		}
		for _, passage := range passages {
			if !slices.ContainsFunc(claims, func(c claim) bool { return strings.Contains(passage, c.text) }) {
				t.Errorf("%s has no line for this of %s: %s", table, page, passage)
			}
		}
	}
}

// pageOf is the page that a table is about.
func pageOf(t *testing.T, table string) string {
	t.Helper()
	name := strings.TrimSuffix(filepath.Base(table), ".tsv")
	for _, page := range pages(t) {
		if filepath.Base(page) == name {
			return page
		}
	}
	t.Fatalf("%s is about no page", table)
	return ""
}

func readClaims(t *testing.T, table string) []claim {
	t.Helper()
	var list []claim
	for line := range strings.Lines(string(mustPage(t, table))) {
		text, tests, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok || text == "" || tests == "" {
			t.Fatalf("%s: %q is no claim, tab, tests", table, line)
		}
		c := claim{text: text}
		if tests != "-" {
			c.tests = strings.Split(tests, ", ")
		}
		list = append(list, c)
	}
	return list
}

// testNames are the names of all tests, and of the stories.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)\w*)\(`)
	err := filepath.WalkDir(repository(), func(path string, _ os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(path, ".txtar"):
			names[strings.TrimSuffix(filepath.Base(path), ".txtar")] = true
		case strings.HasSuffix(path, "_test.go"):
			text, err := os.ReadFile(path)
			for _, m := range declared.FindAllSubmatch(text, -1) {
				names[string(m[1])] = true
			}
			return err
		}
		return nil
	})
	must(t, err)
	return names
}

// passagesOf are the paragraphs, the items of lists and the rows of tables of a page, each
// in one line. Headings, code and pictures are none.
func passagesOf(page string) []string {
	var list []string
	begins := true
	for line := range strings.Lines(fence.ReplaceAllString(page, "\n")) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			begins = true
			continue
		case strings.HasPrefix(line, "|--") || strings.HasPrefix(line, "<picture>"):
			begins = strings.HasPrefix(line, "|")
			if !begins {
				list = append(list, line)
			}
			continue
		case begins, strings.HasPrefix(line, "|"), item.MatchString(line):
			list = append(list, line)
		default:
			list[len(list)-1] += " " + line
		}
		begins = false
	}
	return slices.DeleteFunc(list, func(passage string) bool { return strings.HasPrefix(passage, "<picture>") })
}

var item = regexp.MustCompile(`^([-*]|\d+\.) `)
