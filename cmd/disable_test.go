package cmd

import "testing"

func TestDisable(t *testing.T) {
	p := newPerson(t)
	start := `eval "$(usagectl env --quiet)"`
	p.expect(
		said{"disable demo", exitOK, []string{
			"You refused the telemetry of Demo.\n", "Undo it with: usagectl enable demo", "Demo itself obeys once its variables are set:", "  export DEMO_NO_TELEMETRY=1\n",
		}, []string{"hint: to have every refusal obeyed at once, add this line to your shell's start file:", start}},
		said{"disable homebrew", exitOK, []string{"Homebrew itself obeys once its variable is set:", `Or run "brew analytics off".`}, []string{start}},
		said{"disable nosuch", exitOK, []string{"You refused the telemetry of nosuch."}, []string{"no tool of that name is known yet; the refusal counts once there is one"}},
		said{"disable demp", exitOK, []string{"*"}, []string{`once there is one; did you mean "demo"?`}},
		said{"disable demo -q", exitOK, nil, nil},
		said{"disable Demo", exitData, nil, []string{`tool ID "Demo" is not valid`}},
		said{"disable --all", exitOK, []string{"You refused the telemetry of all tools.\n", "Undo it with: usagectl enable --all"}, []string{"most tools read only their own variable", start}},
		said{"status -q demo", exitNo, nil, nil},
	)
	p.world.Shell = "powershell"
	p.expect(said{"disable demo", exitOK, []string{"*"}, []string{"usagectl env --quiet --shell powershell | Out-String | Invoke-Expression"}})
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
