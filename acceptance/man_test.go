package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestManPages holds that the pages are right for those who check man pages: mandoc
// has not even a remark, nor have man and groff a warning.
func TestManPages(t *testing.T) {
	t.Parallel()
	needProgram(t, "mandoc")
	needProgram(t, "man")
	pages, err := filepath.Glob(repository("man", "*.[0-9]"))
	if err != nil || len(pages) < len(commands())+2 {
		t.Fatalf("%v; %d pages", err, len(pages))
	}
	for _, page := range pages {
		for _, c := range []*exec.Cmd{
			exec.Command("mandoc", "-T", "lint", page),
			exec.Command("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page),
		} {
			if said := complaints(c); said != "" {
				t.Errorf("%s:\n%s", strings.Join(c.Args, " "), said)
			}
		}
	}
}

// TestManPagesBreakNoWord holds that no word is broken at the end of a line: a
// command that was could not be copied, nor a page's name be looked up.
func TestManPagesBreakNoWord(t *testing.T) {
	t.Parallel()
	needProgram(t, "man")
	pages, err := filepath.Glob(repository("man", "*.[0-9]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		c := exec.Command("man", "-E", "UTF-8", "-l", "-Tutf8", page)
		c.Env = append(os.Environ(), "MANWIDTH=80")
		text, err := c.Output()
		if err != nil || len(text) == 0 {
			t.Fatalf("%s: %v", page, err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasSuffix(line, "\u2010\n") {
				t.Errorf("%s: %s", page, line)
			}
		}
	}
}

// complaints is what a program that checks a page has to say: mandoc tells it on
// stdout, man on stderr beside the page.
func complaints(c *exec.Cmd) string {
	var said strings.Builder
	c.Stderr = &said
	if c.Args[0] == "mandoc" {
		c.Stdout = &said
	}
	if err := c.Run(); err != nil && said.Len() == 0 {
		return err.Error()
	}
	return said.String()
}

// TestManPagesAreWhole holds that each page of a command has the sections that
// people look for.
func TestManPagesAreWhole(t *testing.T) {
	for _, c := range commands() {
		page, err := os.ReadFile(repository("man", strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"))
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"} {
			if !strings.Contains(string(page), ".SH "+section+"\n") {
				t.Errorf("usagectl-%s(1) has no %s", c.Name(), section)
			}
		}
	}
}
