package cmd

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/dirs"
)

// damaged mends a file that can be replaced.
const damaged = "usagectl disable --all --replace"

// unreadable are ways in which decisions cannot be relied on that hold for root too, and what
// mends each.
func unreadable() map[string]struct {
	spoil func(p *person)
	mends string
} {
	list := map[string]struct {
		spoil func(p *person)
		mends string
	}{
		"a file that says nothing": {func(p *person) { p.write(".config/usagectl/consent/all.toml", "state = ") }, damaged},
		"a directory in the place of a file": {func(p *person) {
			if err := os.MkdirAll(filepath.Join(p.home, ".config", "usagectl", "consent", "all.toml"), 0o700); err != nil {
				p.t.Fatal(err)
			}
		}, "away: it is a directory, not a file"},
		"a file in the place of the directory": {func(p *person) { p.write(".config/usagectl", "a file") }, "away: a directory has to be there"},
		"a file in the place of its parent":    {func(p *person) { p.write(".config", "a file") }, "away: a directory has to be there"},
		"a file of the machine":                {func(p *person) { p.write("etc/usagectl/consent/all.toml", "state = ") }, "have the machine's administrator look at it"},
		"no home":                              {func(p *person) { p.world.Dirs = dirs.Dirs{} }, "set HOME to your home directory"},
	}
	if runtime.GOOS == "windows" { // where nothing is below a file, and nothing is said of that
		delete(list, "a file in the place of the directory")
		delete(list, "a file in the place of its parent")
	}
	return list
}

// TestUnreadableIsNoRefusal holds that decisions that cannot be read are unknown, with what
// mends that, and that nobody is said to have refused; what usagectl sends is off meanwhile.
func TestUnreadableIsNoRefusal(t *testing.T) {
	for name, how := range unreadable() {
		p := newPerson(t)
		how.spoil(p)
		if code := p.run("status homebrew --json"); code != exitConfig {
			t.Errorf("%s: status ends with %d: %s", name, code, &p.errout)
		}
		s := p.tool()
		own, decided := s["own"].(map[string]any), s["decision"].(map[string]any)
		if own["recorded"] != "unknown" || own["agrees"] != nil || len(own["do"].([]any)) > 0 || decided["state"] != "unknown" {
			t.Errorf("%s: %v, %v", name, own, decided)
		}
		if todo := s["to_do"].([]any); len(todo) != 1 || !strings.Contains(todo[0].(string), how.mends) {
			t.Errorf("%s: to do is %q", name, todo)
		}
		for _, line := range []string{"status homebrew", "status demo", "status", "env homebrew"} {
			p.run(line)
			if all := p.out.String() + p.errout.String(); strings.Contains(all, "refused") {
				t.Errorf("%s: %s says that somebody refused: %s", name, line, all)
			}
		}
		p.expect(said{"env homebrew", exitOK, []string{"export HOMEBREW_NO_ANALYTICS=1\n"}, []string{"warning: what was decided cannot be read, and counts as a refusal here: ", "*"}})
		p.expect(said{"status demo flwr", exitConfig, []string{"demo  off (!)", "*"}, []string{"demo, flwr: what ", how.mends}})
		if p.run("env homebrew -q"); !strings.HasPrefix(p.out.String(), "export HOMEBREW_NO_ANALYTICS=1\n") {
			t.Errorf("%s: what is not known is not taken for a refusal by env: %s", name, &p.out)
		}
	}
}

// TestDisableDespiteUnreadable holds that where a refusal cannot be recorded because of what
// cannot be read, nobody is told that a tool that sends by itself is off, that what turns it off
// at once is offered, and that what is advised for the rest works.
func TestDisableDespiteUnreadable(t *testing.T) {
	for name, how := range unreadable() {
		if strings.Contains(name, "machine") || name == "no home" { // a refusal is recorded, or nothing is in its way
			continue
		}
		p := newPerson(t)
		how.spoil(p)
		off := "hint: what usagectl sends for any tool is off as long as "
		p.expect(
			said{"disable --all", exitConfig, nil, []string{off, `what tools send by themselves: eval "$(usagectl env --all)"`, "*"}},
			said{"disable --all --replace --json", map[bool]int{true: exitOK, false: exitCreate}[how.mends == damaged], []string{"*"}, []string{"*"}},
		)
	}
	p := newPerson(t)
	p.write(".config/usagectl/consent/github-cli.toml", "garbage")
	p.write(".config/usagectl/consent/demo.toml", "garbage")
	p.expect(
		said{"disable gh", exitConfig, nil, []string{
			"hint: what usagectl sends for github-cli is off as long as it is there; look at it, then say --replace\n",
			"hint: to turn off at once in this shell what GitHub CLI sends by itself: export GH_TELEMETRY=false\n",
		}},
		said{"disable demo", exitConfig, nil, []string{"what usagectl sends for demo is off"}},
	)
	if strings.Contains(p.errout.String(), "DEMO_NO_TELEMETRY") || strings.Contains(p.errout.String(), "USAGECTL_TELEMETRY") {
		t.Errorf("what is off is to be turned off: %s", &p.errout)
	}
	p.must("disable gh --replace -q")
	p.expect(
		said{"disable --all --except demo", exitOK, []string{"*"}, []string{"warning: whether Demo stays refused though it is an exception is not known: ", "disable --replace demo", "*"}},
	)
	p.write(".config/usagectl/consent/all.toml", "garbage")
	p.expect(said{"enable homebrew -q", exitOK, nil, []string{"warning: whether telemetry of homebrew is still refused is not known, and \"usagectl env\" keeps it off: "}})
	p.world.Dirs.ConfigHome = ""
	if p.run("disable demo"); strings.Contains(p.errout.String(), "DEMO_NO_TELEMETRY") || !strings.Contains(p.errout.String(), "USAGECTL_TELEMETRY=off") {
		t.Errorf("Demo sends nothing by itself: %s", &p.errout)
	}
	if p.run("disable demo --system --root " + word(p.home) + "/none"); strings.Contains(p.errout.String(), "DEMO_NO_TELEMETRY") {
		t.Errorf("Demo sends nothing by itself: %s", &p.errout)
	}
	p.write("etc/usagectl/consent/homebrew.toml", "garbage")
	p.expect(said{"disable homebrew --system", exitConfig, nil, []string{"Homebrew sends by itself: export HOMEBREW_NO_ANALYTICS=1\n"}})
}

// TestUnreadableMark holds that where the mark of an earlier refusal cannot be read, what is advised
// restores what the person had decided: for all tools at once, if the mark is about all.
func TestUnreadableMark(t *testing.T) {
	for mark, mends := range map[string]string{"all": "enable --all", "demo": "enable demo --level 2"} {
		p := newPerson(t)
		p.must("enable demo --level 2 -q")
		p.write(".config/usagectl/consent/"+mark+".refused", "rubbish")
		p.expect(said{"status demo", exitConfig, []string{"decide again: usagectl " + mends + "\n"}, []string{"*"}})
		if mark == "all" {
			p.expect(said{"status demo parsl", exitConfig, []string{"*"}, []string{"  demo, parsl: what", "again: usagectl enable --all\n"}})
		}
		p.must(mends + " -q")
		p.must("status -q demo")
		p.expect(said{"status demo", exitOK, []string{"to level 2"}, []string{"*"}})
	}
}
