package cmd

import (
	"os"
	"testing"
)

func TestEnv(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"env", exitOK, nil, nil},
		said{"env homebrew", exitOK, nil, []string{"note: nothing is decided about homebrew"}},
		said{"env homebrew -q", exitOK, nil, nil},
		said{"disable homebrew -q", exitOK, nil, nil},
		said{"env", exitOK, []string{"export HOMEBREW_NO_ANALYTICS=1\n"}, nil},
		said{"env homebrew --shell fish", exitOK, []string{"set -gx HOMEBREW_NO_ANALYTICS 1\n"}, nil},
		said{"env --shell docker", exitOK, []string{"ENV HOMEBREW_NO_ANALYTICS="}, nil},
		said{"env nosuch", exitData, nil, []string{`unknown tool "nosuch"`, findTool}},
		said{"env brew -q", exitOK, []string{"HOMEBREW_NO_ANALYTICS=1"}, nil},
		said{"env Homebrew", exitData, nil, []string{`tool ID "Homebrew" is not valid`}},
		said{"env --shell fishy", exitUsage, nil, []string{`"fishy" is no shell that is known`}},
		said{"env --all demo", exitUsage, nil, []string{"name tools, or say --all, not both"}},
		said{"env --all", exitOK, []string{"export DO_NOT_TRACK=1\n"}, []string{"note: no variable reaches "}},
	)
	p.must("env homebrew --json")
	v := p.answer()["variables"].([]any)[0].(map[string]any)
	if v["name"] != "HOMEBREW_NO_ANALYTICS" || v["value"] != "1" || v["tools"].([]any)[0] != "homebrew" {
		t.Errorf("%v", v)
	}
	p.must("enable demo -q")
	p.must("env demo --json")
	if v := p.answer()["variables"].([]any)[0].(map[string]any); v["name"] != "DEMO_NO_TELEMETRY" || v["value"] != nil {
		t.Errorf("what must not be set: %v", v)
	}
}

// TestEnvManifest holds that a manifest that was added sets its own variables alone,
// and that one that cannot be used is left out.
func TestEnvManifest(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/acme.toml", acme)
	p.write(".local/share/usagectl/tools/bad.toml", "schema = 1\n")
	p.write(".local/share/usagectl/tools/thief.toml", `schema = 1
[tool]
id = "thief"
purpose = "None."
[consent]
default = "opt-in"
refuse = [ {env = "LD_PRELOAD", when = "/tmp/x"} ]
[send]
transport = "file"
endpoint = "~/x.log"
[[event]]
name = "e"
`)
	p.must("disable acme thief -q")
	p.expect(
		said{"env acme", exitOK, []string{"export ACME_TELEMETRY=0\n"}, nil},
		said{"env thief", exitOK, nil, []string{"note: LD_PRELOAD is left out: the manifest of thief names it, but "}},
		said{"env bad", exitConfig, nil, []string{"bad.toml"}},
		said{"env", exitConfig, []string{"ACME_TELEMETRY"}, []string{"warning: the manifest of bad cannot be used: ", "LD_PRELOAD is left out"}},
	)
}

// TestEnvToNobody holds that a shell learns that it got only a part.
func TestEnvToNobody(t *testing.T) {
	p := newPerson(t)
	closed, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	p.world.Stdout.Writer = closed
	p.expect(
		said{"env --all", exitIO, nil, []string{"error: the answer could not be printed: "}},
		said{"env --all --json", exitIO, nil, []string{"error: the answer could not be printed: "}},
		said{"completion bash", exitIO, nil, []string{"error: the answer could not be printed: "}},
	)
}
