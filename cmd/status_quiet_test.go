package cmd

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
)

// TestStatusQuiet holds that "status -q TOOL" says nothing whatever is amiss, and that its exit
// code says the same of every tool as the page about the tool does.
func TestStatusQuiet(t *testing.T) {
	p := newPerson(t)
	p.must("enable demo -q")
	p.write(".local/share/usagectl/tools/mytool.toml", "schema = 1\n")
	p.write(".local/state/usagectl/outbox/demo", "a file")
	holds := func() {
		t.Helper()
		p.expect(
			said{"status -q mytool", exitNo, nil, nil},
			said{"status -q nosuch", exitNo, nil, nil},
			said{"status -q homebrew mytool", exitNo, nil, nil},
			said{"status -q brew", exitOK, nil, nil},
			said{"status -q Demo", exitData, nil, []string{"is not valid"}},
		)
	}
	holds()
	p.expect(said{"status -q demo", exitOK, nil, nil})
	p.write(".config/usagectl/consent/all.toml", "garbage")
	holds()
	p.expect(said{"status -q demo", exitNo, nil, nil})

	p = newPerson(t)
	p.must("enable demo -q")
	p.env["DO_NOT_TRACK"] = "1"
	p.must("status --all --json")
	list := p.answer()["tools"].([]any)
	if len(list) < len(catalogue.All()) {
		t.Fatalf("%d tools", len(list))
	}
	for _, tool := range list {
		want := exitNo
		if tool.(map[string]any)["telemetry"] == "on" {
			want = exitOK
		}
		id := tool.(map[string]any)["tool"].(string)
		p.expect(said{"status -q " + id, want, nil, nil})
	}
}
