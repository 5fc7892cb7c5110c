package cmd

import (
	"strings"
	"testing"
)

func TestDisable(t *testing.T) {
	p := newPerson(t)
	start := `command -v usagectl >/dev/null && eval "$(usagectl env --quiet)"`
	p.expect(
		said{"disable demo", exitOK, []string{
			"You refused the telemetry of Demo.\n", "Undo it with: usagectl enable demo", "Demo itself obeys once its variables are set:", "  export DEMO_NO_TELEMETRY=1\n",
		}, []string{"hint: to have every refusal obeyed at once, add this line to the start file of sh, ~/.profile:", start}},
		said{"disable homebrew", exitOK, []string{"Homebrew itself obeys once its variable is set:", `Or run "brew analytics off".`}, []string{start}},
		said{"disable nosuch", exitOK, []string{"You refused the telemetry of nosuch."}, []string{`warning: "nosuch" is refused, but no tool of that name is known yet; the refusal counts once there is one`}},
		said{"disable demp", exitOK, []string{"*"}, []string{`once there is one; did you mean "demo"?`}},
		said{"disable demo -q", exitOK, nil, nil},
		said{"disable Demo", exitData, nil, []string{`tool ID "Demo" is not valid`}},
		said{"disable --all", exitOK, []string{"You refused the telemetry of all tools.\n", "Undo it with: usagectl enable --all"}, []string{"most tools read only their own variable", start}},
		said{"status -q demo", exitNo, nil, nil},
	)
	p.env["SHELL"] = "/usr/bin/pwsh"
	p.expect(said{"disable demo", exitOK, []string{"*"}, []string{"start file of pwsh, $PROFILE:", "{ usagectl env --quiet --shell powershell | Invoke-Expression }"}})
}

// TestDisableAllButSome holds what is said about the exceptions, and what it means.
func TestDisableAllButSome(t *testing.T) {
	p := newPerson(t)
	p.must("enable demo flwr -q")
	p.must("send demo run.start")
	p.must("send flwr FLWR_CLIENTAPP_RUN_ENTER")
	p.expect(
		said{"disable demo --except flwr", exitUsage, nil, []string{"--except is for --all: nothing was changed"}},
		said{"disable --all --except Demo", exitData, nil, []string{`tool ID "Demo" is not valid`}},
		said{"status -q demo", exitOK, nil, nil},
		said{"disable --all --except demo,homebrew --except nosuch", exitOK, []string{
			"You refused the telemetry of all tools except Demo, Homebrew, nosuch.", "You had agreed to Flower. That no longer counts.\n",
			"Demo stays as it is: on, you agreed on 2026-03-04", "Homebrew stays as it is: ", "nosuch stays as it is: unknown, ", "Undo it with: usagectl enable --all\n",
		}, []string{"hint: no tool named nosuch is known", "*"}},
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

// TestDisableBesideException holds that what is advised ends no exception.
func TestDisableBesideException(t *testing.T) {
	p := newPerson(t)
	p.must("disable --all --except huggingface-hub -q")
	p.expect(said{"disable heroku-cli", exitOK, []string{"obeys once its variable is set:\n  export HEROKU_SKIP_ANALYTICS=1\n", "*"}, []string{"*"}})
	if strings.Contains(p.out.String(), "DISABLE_TELEMETRY") {
		t.Errorf("%s", &p.out)
	}
}

// TestDisableFails holds that the error of a refusal that cannot be recorded offers a switch
// that works at once, in the form of the person's shell.
func TestDisableFails(t *testing.T) {
	p := newPerson(t)
	p.world.Dirs.ConfigHome = ""
	hint := "hint: to turn telemetry off at once in this shell: "
	p.expect(
		said{"disable demo", exitCreate, nil, []string{"the decision is not recorded: ", hint + "export USAGECTL_TELEMETRY=off\n"}},
		said{"disable --all", exitCreate, nil, []string{hint + "export USAGECTL_TELEMETRY=off\n"}},
		said{"disable homebrew", exitCreate, nil, []string{hint, "hint: Homebrew reads its own variable: export HOMEBREW_NO_ANALYTICS=1\n"}},
		said{"disable demo --system --root " + word(p.home) + "/none", exitCreate, nil, []string{"hint: or set USAGECTL_TELEMETRY=off in the image's environment\n"}},
	)
	p.write("etc", "a file")
	p.expect(said{"disable demo --system", exitCreate, nil, []string{hint}})
	p.env["SHELL"] = "/usr/bin/fish"
	p.expect(said{"disable demo", exitCreate, nil, []string{hint + "set -gx USAGECTL_TELEMETRY off\n"}})
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
