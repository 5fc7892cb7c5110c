package cmd

import (
	"strings"
	"testing"
)

func TestEnable(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"enable demo", exitOK, []string{
			"You agreed to the telemetry of Demo at level 1 of 2 (basic).", "How long it is kept\n  until you delete the file", "~/.demo/events.jsonl",
			"Events: run.start, run.end", "exit_code  To see what share of runs succeed.", "usagectl disable demo",
		}, []string{`hint: see the exact document with "usagectl inspect demo"`}},
		said{"enable demo --quiet", exitOK, nil, nil},
		said{"enable demo --level 3", exitData, nil, []string{"demo has levels 1 to 2, not 3"}},
		said{"enable demo --level 0", exitData, nil, []string{"demo has levels 1 to 2, not 0"}},
		said{"enable nosuch", exitData, nil, []string{`unknown tool "nosuch"`, findTool}},
		said{"enable demp", exitData, nil, []string{`; did you mean "demo"?`}},
		said{"enable Demo", exitData, nil, []string{`tool ID "Demo" is not valid`}},
		said{"enable nosuch demo -q", exitData, nil, []string{`unknown tool "nosuch"`}}, // and the other
	)
	p.expect(said{"enable demo --level 2", exitOK, []string{
		"What is sent\n  At level 1 (basic)\n    Events: run.start, run.end\n", "  At level 2 (details), besides\n    features   To see", "Where it goes",
	}, []string{"*"}})
	p.must("enable demo --level 2 --json")
	if d := p.tool(); d["tool"] != "demo" || d["telemetry"] != "on" || d["level"] != 2.0 {
		t.Errorf("%v", d)
	}
}

// TestEnableStillOff holds that an agreement that does not count is recorded, and that
// the person learns what is in its way.
func TestEnableStillOff(t *testing.T) {
	p := newPerson(t)
	p.env["DO_NOT_TRACK"] = "1"
	p.expect(said{"enable demo -q", exitOK, nil, []string{"warning: telemetry of demo is still off: DO_NOT_TRACK is set"}})
	delete(p.env, "DO_NOT_TRACK")
	p.must("disable homebrew --system --quiet")
	p.expect(
		said{"enable homebrew", exitOK, []string{"*"}, []string{`telemetry of homebrew is still refused, and "usagectl env" keeps it off: refused for this machine`}},
	)
}

// TestEnableAfterAll holds that an agreement after a refusal of all is an exception, and
// that one from before does not come back.
func TestEnableAfterAll(t *testing.T) {
	p := newPerson(t)
	p.must("enable flwr --quiet")
	p.must("disable --all --quiet")
	p.expect(
		said{"enable demo", exitOK, []string{"You agreed to the telemetry of Demo", "It is an exception to your refusal of all tools, which stays."}, []string{"*"}},
		said{"enable homebrew", exitOK, []string{"It is an exception to your refusal of all tools, which stays."}, nil},
		said{"status -q demo", exitOK, nil, nil},
		said{"status -q flwr", exitNo, nil, nil},
		said{"enable --all", exitOK, []string{"Your refusal of all tools is lifted. Only what you agreed to as an exception to it counts; any other agreement from before is gone."}, []string{"hint: nobody can agree to what they have not seen"}},
		said{"enable --all", exitOK, []string{"There was no refusal of all tools to lift."}, []string{"*"}},
		said{"status -q demo", exitOK, nil, nil},
		said{"status -q flwr", exitNo, nil, nil},
	)
	p.must("enable --all --json")
	if all := p.tool(); all["tool"] != "all" || all["telemetry"] != "unknown" {
		t.Error(p.out.String())
	}
}

// TestEnableManifest holds that a manifest that is not installed can be agreed to, and
// what it gains later once the person says so again, at their level.
func TestEnableManifest(t *testing.T) {
	p := newPerson(t)
	file := word(p.write("own.toml", strings.Replace(acme, "[send]", "levels = [\"basic\", \"more\"]\n[send]", 1)))
	p.expect(
		said{"enable acme", exitData, nil, []string{`unknown tool "acme"`, "*"}},
		said{"enable acme demo --manifest " + file, exitUsage, nil, []string{"--manifest is for one tool: nothing was changed"}},
		said{"enable --all --manifest " + file, exitUsage, nil, []string{"--manifest is for one tool"}},
		said{"enable acme --system --manifest " + file, exitUsage, nil, []string{"--manifest is for one tool"}},
		said{"enable demo --manifest " + file, exitConfig, nil, []string{"is for the tool acme, not for demo"}},
		said{"enable acme --level 2 --manifest " + file, exitOK, []string{"You agreed to the telemetry of Acme at level 2 of 2"}, []string{`usagectl inspect acme --manifest `}},
	)
	send := "send acme run --set part=left --set depth=1 --json --manifest " + file
	p.must(send)
	if p.answer()["outcome"] != "queued" {
		t.Errorf("%v", p.answer())
	}
	p.write("own.toml", strings.Replace(acme, "[send]", "levels = [\"basic\", \"more\"]\n[send]", 1)+
		"\n[[field]]\nname = \"depth\"\ntype = \"int\"\nlevel = 2\npurpose = \"To see how deep it goes.\"\n")
	p.must("inspect acme run --set part=left --set depth=1 --payload --manifest " + file)
	if strings.Contains(p.out.String(), "depth") {
		t.Errorf("before it is agreed to: %s", &p.out)
	}
	p.must("enable acme --quiet --level 2 --manifest " + file)
	p.must("inspect acme run --set part=left --set depth=1 --payload --manifest " + file)
	if !strings.Contains(p.out.String(), `"depth": 1`) {
		t.Errorf("once it is agreed to: %s", &p.out)
	}
	if p.must("status acme --json"); p.tool()["queued"] != 1.0 {
		t.Errorf("what was queued is lost: %s", &p.out)
	}
}

// TestEnableOwn holds what it means to agree to a tool that does not ask usagectl.
func TestEnableOwn(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"enable homebrew", exitOK, []string{"You agreed to the telemetry of Homebrew. It does not ask usagectl", "  Where: https://", "  Now:   on, ", "Undo it with: usagectl disable homebrew"}, nil},
		said{"enable homebrew --level 2", exitData, nil, []string{"homebrew has no levels"}},
	)
	p.env["HOMEBREW_NO_ANALYTICS"] = "1"
	p.expect(said{"enable homebrew", exitOK, []string{"  Now:   off, HOMEBREW_NO_ANALYTICS is set", "  To do: unset HOMEBREW_NO_ANALYTICS"}, nil})
	p.must("enable homebrew --json")
	if d := p.tool(); d["telemetry"] != "off" || d["level"] != 0.0 {
		t.Errorf("%v", d)
	}
}

// TestEnableUnknown holds that a refusal of a tool of which nothing is known can be
// taken back.
func TestEnableUnknown(t *testing.T) {
	p := newPerson(t)
	p.must("disable nosuch --quiet")
	p.expect(
		said{"enable nosuch", exitOK, []string{"Your refusal of nosuch is lifted. Nothing is known of it"}, nil},
		said{"enable nosuch", exitData, nil, []string{`unknown tool "nosuch"`, "*"}},
	)
	p.must("disable nosuch --quiet")
	if p.must("enable nosuch --json"); p.tool()["tool"] != "nosuch" || p.tool()["telemetry"] == "on" {
		t.Errorf("%s", &p.out)
	}
}

// TestDecisionFiles holds what a decision may not be written over, and where to.
func TestDecisionFiles(t *testing.T) {
	p := newPerson(t)
	path := p.write(".config/usagectl/consent/demo.toml", "state = ")
	p.expect(
		said{"enable demo", exitConfig, nil, []string{path + " is not overwritten, though it cannot be used: ", "say --replace"}},
		said{"disable demo", exitConfig, nil, []string{path + " is not overwritten"}},
		said{"enable demo --replace -q", exitOK, nil, nil},
	)
	p.write(".config/usagectl/consent/all.toml", "state = ")
	p.expect(said{"enable --all", exitConfig, nil, []string{"is not overwritten"}})
	p.write(".local/share/usagectl/tools/bad.toml", "schema = 1\n")
	p.expect(said{"enable bad", exitConfig, nil, []string{"bad.toml"}})
	p.world.Dirs.ConfigHome = ""
	p.expect(said{"enable demo", exitCreate, nil, []string{"the decision is not recorded: no home directory is found, and XDG_CONFIG_HOME is not set"}})
	p.world.Dirs.StateFlaw = "others can write it"
	p.expect(said{"enable demo", exitCreate, nil, []string{"warning: ", "is not used: others can write it", "*"}})
}
