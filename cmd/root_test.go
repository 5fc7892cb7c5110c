package cmd

import (
	"strings"
	"testing"
	"time"
)

// TestBuilders holds that of the commands only the one that was asked for is built, and
// all of them where the first word is none.
func TestBuilders(t *testing.T) {
	all := len(builders(nil))
	for _, line := range []string{"", "help send", "--json status", "stauts", "__complete send", "-h"} {
		if got := len(builders(strings.Fields(line))); got != all {
			t.Errorf("%q: %d of %d commands are built", line, got, all)
		}
	}
	for _, b := range builders(nil) {
		if got := builders([]string{b.name, "demo"}); b.name != "help" && (len(got) != 1 || got[0].name != b.name) {
			t.Errorf("%s: built are %v", b.name, got)
		}
	}
}

// TestTree holds that every command takes its words and runs, and that its builder has
// its name.
func TestTree(t *testing.T) {
	a := newApp(World{})
	for _, b := range builders(nil) {
		if c := b.build(a); c.Name() != b.name || c.RunE == nil || c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: %q", b.name, c.Use)
		}
	}
	people := map[string]bool{}
	for _, c := range append(Tree().Commands(), Tree()) {
		people[c.Name()] = c.Annotations[byPerson] != ""
	}
	for _, name := range []string{"usagectl", "status", "enable", "disable", "flush", "forget"} {
		if !people[name] {
			t.Errorf("%s is no command that a person runs", name)
		}
		delete(people, name)
	}
	for name, by := range people {
		if by {
			t.Errorf("%s is a command that a person runs", name)
		}
	}
}

// TestFlagsFirst holds that flags may stand before the command.
func TestFlagsFirst(t *testing.T) {
	p := newPerson(t)
	p.must("--json version")
	if p.answer()["schema"] != 1.0 {
		t.Error(p.out.String())
	}
	p.must("--json")
	if _, ok := p.answer()["tools"]; !ok {
		t.Errorf("without a command it is no status: %s", &p.out)
	}
}

// TestCarryOn holds that a command of a person tries to start a deliverer if a deletion
// request waits, and that others do not.
func TestCarryOn(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/acme.toml", acme)
	p.must("enable acme -q")
	p.must("send acme run --set part=left")
	p.write("acme.jsonl/in-the-way", "") // so the request cannot be carried out
	p.must("forget acme --yes")
	p.world.Now = func() time.Time { return noon.Add(24 * time.Hour) }
	started := 0
	p.world.Executable = func() (string, error) { started++; return "", errNoProgram }
	for line, want := range map[string]int{"status -v": 1, "enable acme -v": 1, "disable acme -v": 1, "status --help": 0, "send acme nosuch -v": 0, "version": 0, "status --nosuch": 0} {
		started = 0
		if p.run(line); started != want {
			t.Errorf("%s starts a deliverer %d times, want %d", line, started, want)
		}
	}
}
