package acceptance

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestLooksAndDecidesWithoutNetwork holds that no command but those that deliver opens
// a socket to a network or starts a program, whatever it shows: every fact of the
// machine is read without the help of another program.
func TestLooksAndDecidesWithoutNetwork(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	p.run("", "send", "harm", "run.end")
	mustWrite(t, filepath.Join(p.home, ".local", "share", "usagectl", "tools", "facts.toml"), everyFact())
	p.onlyLooks([][]string{
		{"status"},
		{"status", "--all"},
		{"status", "harm"},
		{"inspect", "facts"},
		{"inspect", "harm", "run.end", "--wire"},
		{"inspect", "harm", "--queued"},
		{"inspect", "harm", "--sent"},
		{"inspect", "harm", "--forget"},
		{"send", "facts", "run", "--dry-run"},
		{"env", "--all"},
		{"tools"},
		{"tools", "show", "facts"},
		{"tools", "show", "facts", "--markdown"},
		{"tools", "diff", "facts", "facts"},
		{"tools", "add", "--yes", filepath.Join(p.home, ".local", "share", "usagectl", "tools", "facts.toml")},
		{"enable", "facts"},
		{"disable", "facts"},
		{"disable", "--all"},
		{"enable", "--all"},
		{"help"},
		{"--version"},
	})
}

// TestLooksWithoutNetwork holds the same of what only shows, and of a send that is off,
// while a deletion request is due: other commands start a deliverer for it.
func TestLooksWithoutNetwork(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	mustWrite(t, filepath.Join(p.home, ".local", "share", "usagectl", "tools", "facts.toml"), everyFact())
	log := filepath.Join(p.home, "evil.jsonl")
	plantDeletion(t, p.state(), p.home, log)
	before := listing(t, p.home)
	p.onlyLooks([][]string{
		{"inspect", "facts"},
		{"inspect", "harm", "run.end", "--wire"},
		{"inspect", "harm", "--queued"},
		{"inspect", "harm", "--sent"},
		{"inspect", "harm", "--forget"},
		{"send", "facts", "run", "--dry-run"},
		{"send", "facts", "run"},
		{"env", "--all"},
		{"tools"},
		{"tools", "show", "facts"},
		{"tools", "show", "facts", "--markdown"},
		{"tools", "diff", "facts", "facts"},
		{"completion", "bash"},
		{"__complete", "status", ""},
		{"help"},
		{"status", "--help"},
		{"--version"},
		{"version"},
	})
	if after := listing(t, p.home); after != before {
		t.Errorf("in the home there is\n%s\nand there was\n%s", after, before)
	}
	p.run("", "status") // it was due all the time
	eventually(t, "the deletion request has left", func() bool { return slices.Contains(filesIn(p.home), "evil.jsonl") })
}

// onlyLooks runs commands, and watches that they neither open a socket to a network nor
// start a program.
func (p *person) onlyLooks(commands [][]string) {
	p.t.Helper()
	for _, args := range commands {
		file := filepath.Join(p.t.TempDir(), "trace")
		cmd := p.by([]string{"strace", "-f", "-qq", "-o", file, "-e", "trace=execve,%network"}, args...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			p.t.Errorf("usagectl %q: %v: %s", args, err, out)
		}
		trace := string(mustRead(p.t, file))
		if internet.MatchString(trace) || len(programs.FindAllString(trace, -1)) != 1 {
			p.t.Errorf("usagectl %q did\n%s", args, trace)
		}
	}
	if requests := len(p.recorder.all()); requests > 0 {
		p.t.Errorf("%d requests were sent", requests)
	}
}

// TestOnlyShowsWithoutDeliverer holds that what only shows something opens no socket and
// starts no deliverer though a deletion request is due, and that each command that says so
// on docs/privacy.md has it sent.
func TestOnlyShowsWithoutDeliverer(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	asked := filepath.Join(p.home, "asked.jsonl")
	plantDeletion(t, p.state(), p.home, asked)
	for _, args := range [][]string{
		{"--version"},
		{"version"},
		{"help"},
		{"help", "privacy"},
		{"status", "--help"},
		{"completion", "bash"},
		{"__complete", "status", ""},
		{"inspect", "demo"},
		{"inspect", "demo", "--sent"},
		{"inspect", "demo", "--queued"},
		{"inspect", "demo", "--forget"},
		{"env", "--all"},
		{"send", "demo", "run.start", "--dry-run"},
		{"send", "demo", "run.start"}, // which is off
	} {
		cmd, trace := p.traced(args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("usagectl %q: %v: %s", args, err, out)
		}
		for _, call := range trace() {
			if internet.MatchString(call) || started.MatchString(call) {
				t.Errorf("usagectl %q did %s", args, call)
			}
		}
	}
	if _, err := os.Lstat(asked); err == nil {
		t.Error("the request was sent")
	}
	for _, args := range [][]string{{"status"}, nil, {"enable", "demo"}, {"disable", "demo"}, {"flush"}, {"forget", "demo", "--yes"}} {
		if out, err := p.command(args...).CombinedOutput(); err != nil {
			t.Errorf("usagectl %q: %v: %s", args, err, out)
		}
		eventually(t, fmt.Sprintf("usagectl %q has it sent", args), func() bool { _, err := os.Lstat(asked); return err == nil })
		awaitDeliverer(p.stateHome())
		must(t, os.Remove(asked))
		must(t, os.RemoveAll(p.state("deletions")))
		plantDeletion(t, p.state(), p.home, asked)
	}
}

// TestWhoLooksForTools holds which commands look whether the tools that are known are here, in
// the directories of PATH and in their own: those that docs/privacy.md lists, and no other.
func TestWhoLooksForTools(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	bin := filepath.Join(p.home, "programs")
	must(t, os.Mkdir(bin, 0o700))
	mustWrite(t, filepath.Join(bin, "brew"), "#!/bin/sh\nexit 1\n")
	must(t, os.Chmod(filepath.Join(bin, "brew"), 0o700))
	p.env = append(p.env, "PATH="+bin)
	tried := map[string]bool{}
	for _, c := range []struct{ args, listed string }{ // as the page lists it; "" for one that does not look
		{"", "usagectl"},
		{"status", "status"},
		{"status homebrew", "status"},
		{"status -q demo", ""},
		{"env --here", "env --here"},
		{"enable homebrew", "enable TOOL"},
		{"disable homebrew", "disable TOOL"},
		{"disable nosuch", "disable TOOL"},
		{"disable --all --except homebrew", "disable --all --except TOOL"},
		{"__complete status ", "completion status"},
		{"__complete enable ", "completion enable"},
		{"__complete disable ", "completion disable"},
		{"__complete env ", "completion env"},
		{"__complete disable h", ""},
		{"__complete inspect ", ""},
		{"__complete send ", ""},
		{"__complete flush ", ""},
		{"__complete forget ", ""},
		{"enable --all", ""},
		{"enable demo", ""},
		{"disable demo", ""},
		{"disable --all", ""},
		{"disable --all --except demo", ""},
		{"env", ""},
		{"env --all", ""},
		{"inspect demo", ""},
		{"tools", ""},
		{"tools show demo --markdown", ""},
		{"tools diff demo demo", ""},
		{"__complete tools show ", ""},
		{"send demo run.start", ""},
		{"flush demo", ""},
		{"forget demo --yes", ""},
		{"help", ""},
		{"version", ""},
	} {
		tried[c.listed] = true
		args := strings.Split(c.args, " ")
		if c.args == "" {
			args = nil
		}
		cmd, trace := p.traced(args...)
		if out, err := cmd.CombinedOutput(); err != nil && c.args != "status -q demo" {
			t.Errorf("usagectl %s: %v: %s", c.args, err, out)
		}
		looked := false
		for _, call := range trace() {
			looked = looked || strings.Contains(call, bin) && !strings.Contains(call, "execve(")
			if strings.Contains(call, "execve(") && strings.Contains(call, bin) {
				t.Errorf("usagectl %s did %s", c.args, call)
			}
		}
		if looked != (c.listed != "") {
			t.Errorf("usagectl %s looks for tools: %v", c.args, looked)
		}
	}
	delete(tried, "")
	if listed := whoLooks(t); !maps.Equal(tried, listed) {
		t.Errorf("docs/privacy.md lists %q, and these are tried: %q", slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(tried)))
	}
}

// whoLooks are the commands that docs/privacy.md lists as looking for tools.
func whoLooks(t *testing.T) map[string]bool {
	t.Helper()
	_, list, _ := strings.Cut(string(mustRead(t, repository("docs/privacy.md"))), "- These look whether the programs")
	list, _, _ = strings.Cut(list, "They read")
	commands, completed, found := strings.Cut(list, "the completion of")
	if !found {
		t.Fatal("docs/privacy.md does not list who looks for tools")
	}
	all := map[string]bool{}
	span := regexp.MustCompile("`([^`]+)`")
	for _, m := range span.FindAllStringSubmatch(commands, -1) {
		all[m[1]] = true
	}
	for _, m := range span.FindAllStringSubmatch(completed, -1) {
		all["completion "+m[1]] = true
	}
	return all
}

// TestFactsAreReadWhereThePageSays holds that a fact is read from the files of docs/privacy.md
// and from no other, and only if a field asks for it; send reads it once it is agreed to.
func TestFactsAreReadWhereThePageSays(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	_, page, _ := strings.Cut(string(mustRead(t, repository("docs/privacy.md"))), "## What it reads of the machine")
	page, _, _ = strings.Cut(page, "\n## ")
	p := newPerson(t, 0, "")
	none := strings.Replace(everyFact(), `"facts"`, `"none"`, 1)
	none, _, _ = strings.Cut(none, "[[field]]")
	p.declare("none", none)
	p.declare("facts", everyFact())
	read := func(args ...string) map[string]bool {
		cmd, trace := p.traced(args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("usagectl %q: %v: %s", args, err, out)
		}
		files := map[string]bool{}
		for _, call := range trace() {
			if m := machineFile.FindStringSubmatch(call); m != nil {
				files[m[1]] = true
			}
		}
		return files
	}
	nothing, all := read("inspect", "none"), read("inspect", "facts")
	asked := 0
	for file := range all {
		if nothing[file] {
			continue
		}
		asked++
		if !strings.Contains(page, "`"+file+"`") && !listOfUsers.MatchString(file) {
			t.Errorf("the page does not say that %s is read", file)
		}
	}
	if asked < 5 {
		t.Errorf("of the machine only %d files were read", asked)
	}
	const fact = "/proc/meminfo"
	if before := read("send", "facts", "run"); before[fact] || !all[fact] {
		t.Errorf("%s is read by send before somebody agreed: %v; by inspect: %v", fact, before[fact], all[fact])
	}
	p.must("", "enable", "-q", "facts")
	if !read("send", "facts", "run")[fact] {
		t.Errorf("%s is not read", fact)
	}
}

var (
	machineFile = regexp.MustCompile(`"(/(?:etc|proc|sys|run|var|usr/lib)/[^"]*|/\.dockerenv)"`)
	listOfUsers = regexp.MustCompile(`^/etc/(passwd|nsswitch\.conf|ld\.so\..*|localtime)$|/lib[^/]*\.so|^/var/(run|lib|db)/(nscd|sss)|^/run/systemd/(userdb|resolve)`)
)

// everyFact is a manifest that asks for all that can be known of a machine.
func everyFact() string {
	var b strings.Builder
	b.WriteString("schema = 1\ntool = {id = \"facts\", purpose = \"To see how facts are read.\"}\n" +
		"send = {transport = \"file\", endpoint = \"~/.facts/events.jsonl\"}\n[[event]]\nname = \"run\"\n")
	for _, s := range manifest.Sources() {
		if strings.HasPrefix(string(s), "host.") {
			fmt.Fprintf(&b, "[[field]]\nname = %q\nfrom = %q\npurpose = \"A fact.\"\n", strings.TrimPrefix(string(s), "host."), s)
		}
	}
	return b.String()
}
