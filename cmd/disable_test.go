package cmd

import (
	"reflect"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/dirs"
)

func TestDisable(t *testing.T) {
	p := newPerson(t)
	start := `command -v usagectl >/dev/null && eval "$(usagectl env --quiet)"`
	p.expect(
		said{"disable demo", exitOK, []string{"You refused the telemetry of Demo.\nUndo it with: usagectl enable demo\n"}, nil}, // all of it asks usagectl
		said{"disable stripepy", exitOK, []string{"StripePy itself obeys once its variables are set:", "  export STRIPEPY_NO_TELEMETRY=1\n"}, []string{
			"hint: to have every refusal obeyed at once, add this line to the start file of sh, ~/.profile:", start,
		}},
		said{"disable homebrew", exitOK, []string{"Homebrew itself obeys once its variable is set:", `Or run "brew analytics off".`}, []string{start}},
		said{"disable nosuch", exitOK, []string{"You refused the telemetry of nosuch."}, []string{`warning: "nosuch" is refused, but no tool of that name is known yet; the refusal counts once there is one`}},
		said{"disable demp", exitOK, []string{"*"}, []string{`once there is one; did you mean "demo"?`}},
		said{"disable demo -q", exitOK, nil, nil},
		said{"disable Demo", exitData, nil, []string{`tool ID "Demo" is not valid`}},
		said{"disable --all", exitOK, []string{"You refused the telemetry of all tools.\n", "Undo it with: usagectl enable --all"}, []string{"most tools read only their own variable", start}},
		said{"status -q demo", exitNo, nil, nil},
	)
	p.env["SHELL"] = "/usr/bin/pwsh"
	p.expect(said{"disable homebrew", exitOK, []string{"*"}, []string{"start file of pwsh, $PROFILE:", "{ usagectl env --quiet --shell powershell | Invoke-Expression }"}})
}

// TestDisableAllButSome holds what is said about the exceptions, and what it means.
func TestDisableAllButSome(t *testing.T) {
	p := newPerson(t)
	p.must("enable demo flwr -q")
	p.must("send demo run.start")
	p.must("send flwr FLWR_CLIENTAPP_RUN_ENTER")
	p.expect(
		said{"disable demo --except flwr", exitUsage, nil, []string{"--except is for --all: nothing was changed"}},
		said{"disable --all --except=", exitUsage, nil, []string{"--except takes a tool, and it is empty: nothing was changed"}},
		said{"disable --all --except Demo", exitData, nil, []string{`tool ID "Demo" is not valid`}},
		said{"status -q demo", exitOK, nil, nil},
		said{"disable --all --except ghh", exitData, nil, []string{`error: unknown tool "ghh"; did you mean "gh`, findTool}},
		said{"disable --all --except demo --except nosuch", exitData, nil, []string{`error: unknown tool "nosuch"`, findTool}},
		said{"disable --all --except nosuch --system", exitData, nil, []string{`error: unknown tool "nosuch"`, findTool}},
		said{"status -q demo flwr", exitOK, nil, nil}, // nothing was recorded
		said{"disable --all --except nosuch --system --root " + word(p.home), exitOK, []string{"except that of nosuch"}, []string{"warning: no tool named nosuch is known here"}},
		said{"disable nosuch -q", exitOK, nil, []string{"*"}},
		said{"disable --all --except demo,homebrew --except nosuch", exitOK, []string{
			"You refused the telemetry of all tools except Demo, Homebrew.", "You had agreed to Flower. That no longer counts.\n",
			"Demo stays as it is: on, you agreed on 2026-03-04", "Homebrew stays as it is: ",
			"Lift it with: usagectl enable --all\nThat brings no agreement back. Agree again with:\n  usagectl enable flwr\n",
		}, []string{"warning: nosuch stays refused though it is an exception", "*"}},
		said{"status -q demo", exitOK, nil, nil},
		said{"status -q flwr", exitNo, nil, nil},
		said{"status -q nannyml", exitNo, nil, nil},
		said{"env --quiet homebrew", exitOK, nil, nil},
		said{"disable --all --except parsl", exitOK, []string{"Parsl stays as it is: off, you have not been asked yet.", "*"}, []string{"hint: to agree to it: usagectl enable parsl", "*"}},
	)
	p.must("enable demo -q")
	p.must("send demo run.start")
	p.must("disable --all --except demo --json")
	if list := p.answer()["tools"].([]any); len(list) != 2 || p.tool()["tool"] != "all" || list[1].(map[string]any)["tool"] != "demo" || list[1].(map[string]any)["telemetry"] != "on" {
		t.Errorf("%s", &p.out)
	}
	if p.must("status demo --json"); p.tool()["queued"] != 1.0 {
		t.Errorf("what is queued of an exception is thrown away: %s", &p.out)
	}
	if p.must("disable --all --json"); len(p.answer()["tools"].([]any)) != 1 || p.tool()["tool"] != "all" || p.tool()["telemetry"] != "off" {
		t.Errorf("%s", &p.out)
	}
}

// TestUndo holds that what is said to undo a refusal brings back what there was before it.
func TestUndo(t *testing.T) {
	p := newPerson(t)
	agreed := func() any {
		p.must("status demo homebrew --json")
		var list []any
		for _, tool := range p.answer()["tools"].([]any) {
			s := tool.(map[string]any)
			list = append(list, s["level"], s["decision"].(map[string]any)["state"])
		}
		return list
	}
	p.must("enable demo --level 2 -q")
	p.must("enable homebrew -q")
	before := agreed()
	for _, refusal := range []string{"disable --all", "disable demo homebrew"} {
		p.must(refusal)
		refused := p.out.String()
		for line := range lines(refused) {
			_, command, found := strings.Cut(line, "usagectl ")
			if found && strings.HasPrefix(command, "enable ") {
				p.must(command)
			}
		}
		if after := agreed(); !reflect.DeepEqual(after, before) {
			t.Errorf("%s: %v before, %v after what it said: %s", refusal, before, after, refused)
		}
	}
	p.must("enable acme -q --manifest " + word(p.write("acme.toml", acme)))
	p.expect(said{"disable --all", exitOK, []string{"  usagectl enable acme --manifest FILE\n"}, []string{"*"}})
	p.expect(said{"disable --all", exitOK, []string{"Undo it with: usagectl enable --all\n"}, []string{"*"}})
}

// TestDisableBesideException holds that what is advised ends no exception.
func TestDisableBesideException(t *testing.T) {
	p := newPerson(t)
	p.must("disable --all --except dandi-cli -q")
	p.expect(said{"disable nipype", exitOK, []string{"obeys once its variable is set:\n  export NIPYPE_NO_ET=1\n", "*"}, []string{"*"}})
	if strings.Contains(p.out.String(), " NO_ET=") {
		t.Errorf("%s", &p.out)
	}
}

// TestDisableFails holds that the error of a refusal that cannot be recorded offers a switch
// that works at once, in the form of the person's shell.
func TestDisableFails(t *testing.T) {
	p := newPerson(t)
	p.world.Dirs.ConfigHome = ""
	const (
		hint     = "hint: to turn off at once in this shell what "
		usagectl = hint + "usagectl sends: export USAGECTL_TELEMETRY=off\n"
		homebrew = hint + "Homebrew sends by itself: export HOMEBREW_NO_ANALYTICS=1\n"
		ray      = hint + "Ray sends by itself: export RAY_USAGE_STATS_ENABLED=0\n"
		every    = hint + "tools send by themselves: eval \"$(usagectl env --all)\"\n"
		golang   = "hint: no variable turns off what Go toolchain sends by itself: run \"go telemetry off\"\n"
		failed   = "error: the decision is not recorded: "
	)
	p.expect(
		said{"disable nosuch", exitCreate, nil, []string{failed, usagectl}},
		said{"disable flwr -q", exitCreate, nil, []string{failed, usagectl, hint + "Flower sends by itself: export FLWR_TELEMETRY_ENABLED=0\n"}},
		said{"disable --all", exitCreate, nil, []string{failed, usagectl, every}},
		said{"disable --all -q --json", exitCreate, nil, []string{failed, usagectl, every}},
		said{"disable --all --except homebrew", exitCreate, nil, []string{usagectl, "what tools send by themselves, the exceptions too: eval"}},
		said{"disable homebrew", exitCreate, nil, []string{failed, homebrew}},
		said{"disable dagger", exitCreate, nil, []string{hint + "Dagger sends by itself, and other tools with it: export DO_NOT_TRACK=1\n"}},
		said{"disable go -q", exitCreate, nil, []string{failed, golang}},
		said{"disable homebrew go ray -q", exitCreate, nil, []string{homebrew, ray, golang}},
	)
	for _, line := range []string{"disable homebrew go ray", "disable dagger"} {
		if p.run(line); strings.Contains(p.errout.String(), "USAGECTL_TELEMETRY") {
			t.Errorf("%s offers what none of these reads: %s", line, &p.errout)
		}
	}
	if p.run("disable demo flwr"); strings.Count(p.errout.String(), usagectl) != 1 {
		t.Errorf("the same hint twice: %s", &p.errout)
	}
	none := " --system --root " + word(p.home) + "/none"
	const image = "hint: or set USAGECTL_TELEMETRY=off in the image's environment\n"
	p.expect(
		said{"disable demo -q" + none, exitCreate, nil, []string{image}},
		said{"disable homebrew" + none, exitCreate, nil, []string{image, "hint: and for what Homebrew sends by itself set HOMEBREW_NO_ANALYTICS=1 there\n"}},
		said{"disable --all" + none, exitCreate, nil, []string{image, `hint: and for what tools send by themselves what "usagectl env --all" prints` + "\n"}},
	)
	p.write("etc", "a file")
	p.expect(
		said{"disable demo --system", exitCreate, nil, []string{usagectl}},
		said{"disable homebrew go --system -q", exitCreate, nil, []string{homebrew, golang}},
		said{"disable --all --system", exitCreate, nil, []string{usagectl, every}},
	)
	p.env["SHELL"] = "/usr/bin/fish"
	p.expect(
		said{"disable demo", exitCreate, nil, []string{hint + "usagectl sends: set -gx USAGECTL_TELEMETRY off\n"}},
		said{"disable homebrew", exitCreate, nil, []string{"set -gx HOMEBREW_NO_ANALYTICS 1\n"}},
		said{"disable --all", exitCreate, nil, []string{": usagectl env --all --shell fish | source\n"}},
	)
	p.env["SHELL"] = "/bin/tcsh"
	p.expect(said{"disable --all", exitCreate, nil, []string{`what tools send by themselves, set what "usagectl env --all" prints: it has no form for tcsh, your shell, yet` + "\n"}})
	p.env["SHELL"] = "/bin/sh"
	p.atTerminal(60) // no line that is to be copied is broken
	p.expect(said{"disable --all", exitCreate, nil, []string{"what tools\n                send by themselves:\n  eval \"$(usagectl env --all)\"\n"}})
}

// TestDisableThrowsAway holds that what is queued goes, and is counted.
func TestDisableThrowsAway(t *testing.T) {
	p := newPerson(t)
	for _, line := range []string{"enable demo", "send demo run.start", "send demo run.end"} {
		p.must(line)
	}
	p.must("disable demo --json")
	events, _ := p.answer()["events"].(map[string]any)
	if d := p.tool(); events["discarded"] != 2.0 || d["telemetry"] != "off" {
		t.Errorf("%v, %v", events, d)
	}
	p.must("enable demo")
	p.must("send demo run.start")
	p.expect(
		said{"disable --all", exitOK, []string{"You refused the telemetry of all tools. One queued event was thrown away.\n"}, []string{"*"}},
		said{"flush", exitOK, []string{"nothing waits"}, nil},
	)
}

// TestDisableUnknownEvents checks that the number of events that were stopped is not given as 0 where
// nobody knows it.
func TestDisableUnknownEvents(t *testing.T) {
	p := newPerson(t)
	p.world.Dirs = dirs.Dirs{System: p.world.Dirs.System, ConfigHome: p.home} // no state directory is known
	for _, command := range []string{"disable demo --json", "disable --all --json"} {
		p.expect(said{command, exitOK, []string{`"events":null}` + "\n"}, []string{"note: events cannot be kept now, so nobody knows ", "*"}})
	}
}
