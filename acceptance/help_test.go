package acceptance

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/cmd"
	"github.com/usagectl/usagectl/internal/manual"
	"github.com/usagectl/usagectl/internal/term"
)

// commands are the documented commands, each followed by its subcommands.
func commands() []*cobra.Command {
	var list []*cobra.Command
	for _, c := range slices.DeleteFunc(cmd.Tree().Commands(), func(c *cobra.Command) bool { return c.Hidden }) {
		list = append(append(list, c), manual.Parts(c)...)
	}
	return list
}

// nameOf is how a command is called behind the program's name: "send", "tools show".
func nameOf(c *cobra.Command) string {
	_, name, _ := strings.Cut(c.CommandPath(), " ")
	return name
}

// help is what the program prints, where lines may be as long as they like.
func help(t *testing.T, args ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	code := cmd.Main(cmd.World{
		Stdout: term.Stream{Writer: &out, Width: term.Unlimited},
		Stderr: term.Stream{Writer: &complaints, Width: term.Unlimited},
		Env:    func(string) (string, bool) { return "", false },
	}, args)
	if code != 0 || complaints.Len() > 0 {
		t.Errorf("usagectl %q ends with %d and says %s", args, code, &complaints)
	}
	return out.String()
}

// TestHelpFits holds that the program's help is one screen of 80 by 24, with the
// prompt, and that no page has a longer line.
func TestHelpFits(t *testing.T) {
	overview := help(t, "--help")
	if overview != help(t, "help") {
		t.Error("help and --help differ")
	}
	if n := strings.Count(overview, "\n"); n > 23 {
		t.Errorf("the overview has %d lines", n)
	}
	pages := map[string]string{"usagectl": overview}
	for _, c := range commands() {
		pages[nameOf(c)] = help(t, append(strings.Fields(nameOf(c)), "--help")...)
	}
	for _, topic := range manual.Topics() {
		pages[topic.Name] = help(t, "help", topic.Name)
	}
	for name, page := range pages {
		for line := range strings.Lines(page) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("help %s has a line of %d characters: %s", name, n, line)
			}
		}
	}
}

// TestTextWithJSON holds that --json changes nothing of what is text for its readers.
func TestTextWithJSON(t *testing.T) {
	for _, line := range []string{"--help", "help send", "help privacy", "flush --help", "completion bash", "completion powershell"} {
		args := strings.Fields(line)
		if text := help(t, args...); text == "" || text != help(t, append(args, "--json")...) {
			t.Errorf("usagectl %s is another text with --json", line)
		}
	}
}

// TestHelpNamesEverything holds that the overview leads to every command and topic.
func TestHelpNamesEverything(t *testing.T) {
	overview := help(t, "help")
	for _, c := range commands() {
		if c.Parent() != c.Root() { // the help of that leads to it
			overview += help(t, "help", c.Parent().Name())
		}
		if !regexp.MustCompile(`\b` + c.Name() + `\b`).MatchString(overview) {
			t.Errorf("%s is not in the overview", c.Name())
		}
	}
	for _, topic := range manual.Topics() {
		if !strings.Contains(overview, topic.Name) {
			t.Errorf("the topic %s is not in the overview", topic.Name)
		}
	}
}

// TestHelpIsWhole holds that each command has what its page needs, and shows its
// examples before anything else.
func TestHelpIsWhole(t *testing.T) {
	for _, c := range commands() {
		page := help(t, append([]string{"help"}, strings.Fields(nameOf(c))...)...)
		_, codes := manual.ExitStatus(c.Long)
		switch {
		case strings.HasSuffix(c.Short, "."):
			t.Errorf("%s: the short description ends with a full stop", c.Name())
		case !strings.Contains(c.Example, c.CommandPath()):
			t.Errorf("%s: no example", c.Name())
		case !strings.HasPrefix(c.Example, "  # "):
			t.Errorf("%s: the first example does not say what it is for", c.Name())
		case codes == "":
			t.Errorf("%s: no exit status", c.Name())
		case strings.Index(page, "Examples:") > strings.Index(page, "Usage:"):
			t.Errorf("%s: the examples do not come first:\n%s", c.Name(), page)
		}
	}
}

// TestHelpFlags holds that flags are shown as they are typed and with what holds
// without them, and that nothing is headed that is not there.
func TestHelpFlags(t *testing.T) {
	for _, test := range []struct{ command, want string }{
		{"send", `(?m)^      --wait\[=TIME\] +deliver now, within TIME \(2s if none is given\)$`},
		{"send", `(?m)^      --run ID  +the run's ID, a UUID \(default \$USAGECTL_RUN_ID\)$`},
		{"flush", `(?m)^      --timeout TIME   give up after this TIME \(default 1m\)$`},
		{"enable", `(?m)^      --level N    .* \(default 1\)$`},
		{"forget", `(?m)^  -y, --yes  +do not ask$`},
		{"inspect", `(?m)^      --level N  +show what would be sent at level N$`},
		{"completion", `(?m)PowerShell\n.*\n.*\n.*\n\n(?:.+\n)+\nFlags of every command:\n  -h, --help       show what a command does$`},
	} {
		if page := help(t, "help", test.command); !regexp.MustCompile(test.want).MatchString(page) {
			t.Errorf("help %s has no %s:\n%s", test.command, test.want, page)
		}
	}
}

// TestStoriesEndAsHelpSays holds that each exit code with which a story sees a command end
// is in the command's help.
func TestStoriesEndAsHelpSays(t *testing.T) {
	listed := map[string]string{}
	for _, c := range commands() {
		_, listed[nameOf(c)] = manual.ExitStatus(c.Long)
	}
	ends := regexp.MustCompile(`(?m)^(?:\[[^]]*\] )*exits (\d+) usagectl ((?:tools )?[a-z]+)`)
	seen := 0
	for _, story := range repositoryFiles(t, "acceptance/testdata/script/*.txtar") {
		for _, m := range ends.FindAllStringSubmatch(string(mustPage(t, story)), -1) {
			codes, ok := listed[m[2]]
			if !ok || m[2] == "exec" { // which ends as its command does
				continue // a command that people are not told of, or one that is not there
			}
			seen++
			if !regexp.MustCompile(`(?m)^ {1,3}` + m[1] + `  `).MatchString(codes) {
				t.Errorf("%s: %s ends with %s, which its help does not list", story, m[2], m[1])
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d ends were found: are the stories read right?", seen)
	}
}

// TestExitCodes holds that the topic has the codes that commands say they end with,
// and no other.
func TestExitCodes(t *testing.T) {
	told := map[string]bool{}
	for _, c := range commands() {
		_, codes := manual.ExitStatus(c.Long)
		for _, m := range regexp.MustCompile(`(?m)^ {1,3}(\d+)  `).FindAllStringSubmatch(codes, -1) {
			told[m[1]] = true
		}
	}
	topic := map[string]bool{}
	for _, term := range manual.ExitCodes().Terms {
		topic[term.Name] = true
	}
	if !maps.Equal(told, topic) {
		t.Errorf("commands end with %v\nthe topic has    %v", told, topic)
	}
}
