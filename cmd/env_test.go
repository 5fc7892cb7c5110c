package cmd

import (
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
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

// TestEnvWithExceptionByManifest holds that what a manifest has usagectl obey is left out too.
func TestEnvWithExceptionByManifest(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/borrower.toml", `schema = 1
[tool]
id = "borrower"
purpose = "None."
[consent]
default = "opt-in"
refuse = [ {env = "CHECKPOINT_DISABLE", when = "present"} ]
[send]
transport = "file"
endpoint = "~/x.log"
[[event]]
name = "e"
`)
	p.expect(
		said{"disable --all --except borrower", exitOK, []string{
			"leaves out CHECKPOINT_DISABLE for it, so no variable reaches CDK for Terraform, Consul, Packer, ", "leaves out DO_NOT_TRACK for it", "*",
		}, []string{"*"}},
		said{"env terraform", exitOK, nil, []string{"because borrower obeys it too and is an exception"}},
		said{"env borrower", exitOK, nil, []string{"borrower is an exception to the refusal of all tools: nothing is set for it", "*"}},
	)
}

// TestEnvWithEachException holds, for each tool that shares a variable, that nothing which env
// prints switches it off while it is the exception, and that every other one is switched or named.
func TestEnvWithEachException(t *testing.T) {
	readers := map[string]int{}
	all := catalogue.All()
	for i := range all {
		for _, v := range all[i].Env {
			readers[v.Name]++
		}
	}
	p := newPerson(t)
	for i := range all {
		excepted := &all[i]
		if !slices.ContainsFunc(excepted.Env, func(v catalogue.Variable) bool { return readers[v.Name] > 1 && v.Name != catalogue.DoNotTrackName }) {
			continue
		}
		p.must("disable --all -q --except " + excepted.ID)
		p.must("env --json")
		set, named := map[string]string{}, map[string]bool{}
		for _, v := range p.answer()["variables"].([]any) {
			if v := v.(map[string]any); v["value"] != nil {
				set[v["name"].(string)] = v["value"].(string)
			}
		}
		for _, b := range p.answer()["beyond"].([]any) {
			named[b.(map[string]any)["tool"].(string)] = true
		}
		env := catalogue.Machine{Env: func(name string) (string, bool) { v, ok := set[name]; return v, ok }}
		for j := range all {
			state := all[j].State(env)
			switch {
			case i == j && state != all[j].State(catalogue.Machine{}):
				t.Errorf("%s is excepted, and %s", excepted.ID, state.Because)
			case i != j && state.Telemetry != catalogue.Off && !named[all[j].ID]:
				t.Errorf("but for %s: %s is not switched off, and nothing is said", excepted.ID, all[j].ID)
			}
		}
	}
}

// TestEnvDespiteBrokenManifest holds that a manifest that cannot be used keeps no other tool from
// obeying, and is an error that is reported, with --quiet too.
func TestEnvDespiteBrokenManifest(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/mytool.toml", "schema = 1\n")
	p.must("disable brew -q")
	brew := []string{"export HOMEBREW_NO_ANALYTICS=1\n"}
	p.expect(
		said{"env -q", exitConfig, brew, []string{"error: the manifest of mytool cannot be used: "}},
		said{"env", exitConfig, brew, []string{"warning: the manifest of mytool cannot be used: "}},
		said{"env mytool brew -q", exitConfig, brew, []string{"error: ", "mytool.toml:1:1: [tool] id is missing"}},
		said{"env brew mytool --json", exitConfig, []string{`"HOMEBREW_NO_ANALYTICS"`}, []string{"mytool.toml:1:1: "}},
		said{"env brew -q", exitOK, brew, nil},
	)
}

// TestEnvChangesNoTool holds that commands that look at all tools leave the table as it is, of
// which they have no copy.
func TestEnvChangesNoTool(t *testing.T) {
	before := catalogue.All()
	p := newPerson(t)
	for _, line := range []string{
		"disable --all -q", "env", "env --here", "env homebrew", "env --all --json", "enable homebrew -q", "env", "status homebrew", "disable --all --except gh -q", "env -v", "status", "enable --all -q", "env",
	} {
		p.run(line)
		if !reflect.DeepEqual(before, catalogue.All()) {
			t.Fatalf("%s changes the table", line)
		}
	}
}
