package cmd

import (
	"runtime"
	"testing"
)

func TestSystemWide(t *testing.T) {
	p := newPerson(t)
	image := t.TempDir()
	p.expect(
		said{"disable demo --system", exitOK, []string{"Refused for everybody: the telemetry of demo, in "}, nil},
		said{"disable demo --system", exitOK, []string{"Refused for everybody before, and not changed: the telemetry of demo, in "}, nil},
		said{"enable demo -q", exitOK, nil, []string{"telemetry of demo is still off: "}},
		said{"enable demo --system", exitOK, []string{"No longer refused for everybody: the telemetry of demo; everybody's own decision counts again"}, nil},
		said{"enable demo --system", exitOK, []string{"There was nothing to lift for the telemetry of demo: there is no "}, nil},
		said{"disable --all --system --root " + word(image), exitOK, []string{"Refused for everybody: all telemetry, in " + image}, nil},
		said{"disable demo --system -q", exitOK, nil, nil},
		said{"disable demo --root " + word(image), exitUsage, nil, []string{"--root is for --system"}},
		said{"disable demo --system --root=", exitUsage, nil, []string{"--root is empty: nothing was changed"}},
		said{"disable Demo --system", exitData, nil, []string{`tool ID "Demo" is not valid`}},
		said{"enable demo --system --root " + word(image) + "/none", exitCreate, nil, []string{"nothing was changed: "}},
	)
	p.must("enable --all --system --json")
	if d := p.tool(); d["tool"] != "all" || d["refused"] != false || d["changed"] != false {
		t.Errorf("%v", d)
	}
	p.must("disable --all --system --json")
	if d := p.tool(); d["refused"] != true || d["changed"] != true {
		t.Errorf("%v", d)
	}
	p.expect(said{"env --quiet ray homebrew", exitOK, []string{"export HOMEBREW_NO_ANALYTICS=1\nexport RAY_USAGE_STATS_ENABLED=0\n", "*"}, nil})
	p.must("enable demo --system")
	p.expect(
		said{"disable --all --except demo,homebrew --system", exitOK, []string{"Refused for everybody: all telemetry except that of demo, homebrew, in "}, nil},
		said{"disable --all --except homebrew --except demo --system", exitOK, []string{"Refused for everybody before, and not changed"}, nil},
		said{"enable demo -q", exitOK, nil, nil},
		said{"status -q demo", exitOK, nil, nil},
		said{"enable flwr -q", exitOK, nil, []string{"telemetry of flwr is still off: refused for this machine"}},
		said{"disable --all --system", exitOK, []string{"Refused for everybody: all telemetry, in "}, nil},
		said{"status -q demo", exitNo, nil, nil},
		said{"disable --all --except demo --system -q", exitOK, nil, nil},
		said{"enable --all --system", exitOK, []string{"No longer refused for everybody"}, nil},
		said{"status -q flwr", exitOK, nil, nil},
	)
	p.write("etc/usagectl/consent/all.toml", "state = \"refused\"\n")
	if runtime.GOOS != "windows" { // where everybody can read it as it is
		p.expect(said{"disable --all --system", exitOK, []string{"Refused for everybody: all telemetry, in "}, nil})
	}
	p.expect(
		said{"disable --all --except demo --system", exitConfig, nil, []string{"is not changed: ", "--replace"}},
		said{"disable --all --except demo --system --replace", exitOK, []string{"all telemetry except that of demo"}, nil},
		said{"enable --all --system -q", exitOK, nil, nil},
	)
	p.write("etc/usagectl/consent/demo.toml", "state = ")
	p.expect(
		said{"disable demo --system", exitConfig, nil, []string{"is not changed: ", "--replace"}},
		said{"disable demo --system --replace", exitOK, []string{"Refused for everybody: the telemetry of demo"}, nil},
	)
	if p.there(".config/usagectl/consent/all.toml") {
		t.Error("a decision for everybody is recorded in a home")
	}
}
