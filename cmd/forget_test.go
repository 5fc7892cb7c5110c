package cmd

import (
	"strings"
	"testing"
)

// used has a person use demo, which makes a source ID.
func used(t *testing.T) *person {
	p := newPerson(t)
	for _, line := range []string{"enable demo -q", "send demo run.start", "send demo run.end --wait"} {
		p.must(line)
	}
	return p
}

func TestForget(t *testing.T) {
	p := used(t)
	p.expect(
		said{"forget", exitUsage, nil, []string{"which tool? name one or more"}},
		said{"forget demo", exitUsage, nil, []string{"forget asks first, and there is no terminal to ask at", "say --yes"}},
		said{"forget --all --manifest x --yes", exitUsage, nil, []string{"--manifest is for one tool, not for --all"}},
		said{"forget nosuch --yes", exitData, nil, []string{`unknown tool "nosuch"`, findTool}},
		said{"forget homebrew --yes", exitData, nil, []string{"nothing was changed for Homebrew: it has no manifest"}},
		said{"forget demo --yes", exitOK, []string{"Demo: forgotten here; One queued event was thrown away; ~/.demo/events.jsonl accepted the deletion request "}, nil},
		said{"forget demo --yes", exitOK, []string{"Demo: "}, nil},
		said{"forget --all --yes", exitOK, []string{"No tool has a source ID here.\n"}, nil},
	)
	if p.there(".demo/source") {
		t.Error("the source ID is there")
	}
	p.write(".demo/source", "no ID")
	p.expect(said{"forget demo --yes", exitData, nil, []string{"nothing was changed for demo: ", "holds no source ID", "remove it yourself"}})
}

func TestForgetJSON(t *testing.T) {
	p := used(t)
	p.must("forget demo --yes --json")
	f := p.tool()
	if f["forgotten"] != true || f["events"] != 1.0 || f["error"] != "" || len(f["sha256"].(string)) != 64 || len(f["deletions"].([]any)) != 1 {
		t.Errorf("%v", f)
	}
	if code := p.run("forget nosuch --yes --json"); code != exitData || p.tool()["forgotten"] != false {
		t.Errorf("%d, %s", code, &p.out)
	}
}

// TestForgetAsks holds what is shown before anything is done, and what an answer does.
func TestForgetAsks(t *testing.T) {
	p := used(t)
	p.world.Interactive = true
	shown := []string{"Demo\n", "is removed from ~/.demo/source; the next event makes a new one", "~/.demo/events.jsonl is asked to delete", "Forget all this? [y/N] "}
	for answer, code := range map[string]int{"": exitNo, "n\n": exitNo, "why\n": exitNo} {
		p.world.Stdin = strings.NewReader(answer)
		p.expect(said{"forget demo", code, nil, append(shown, "error: nothing was changed")})
	}
	if !p.there(".demo/source") {
		t.Error("no answer is a yes")
	}
	p.must("disable demo -q")
	p.world.Stdin = strings.NewReader("y\n")
	p.expect(said{"forget demo --local-only", exitOK, []string{"Demo: forgotten here; nobody was asked\n"}, []string{"Forget all this? [y/N] "}})
	p.write(".demo/source", "6ba7b810-9dad-41d1-80b4-00c04fd430c8")
	p.world.Stdin = strings.NewReader("Yes\n")
	p.expect(said{"forget demo", exitOK, []string{"accepted the deletion request"}, []string{"note: the deletion request is sent though telemetry of demo is off (you refused on 2026-03-04)"}})
}

// TestForgetByMail holds that a person gets the mail that only they can send, and that
// they can say that it was answered.
func TestForgetByMail(t *testing.T) {
	p := newPerson(t)
	p.write(".flwr/source", "6ba7b810-9dad-41d1-80b4-00c04fd430c8")
	p.expect(
		said{"forget flwr-datasets --yes", exitOK, []string{"To: telemetry@flower.ai\n", "When they have answered:\n  usagectl forget --confirm "}, []string{"note: flwr shares the source ID of flwr-datasets, and is forgotten with it"}},
		said{"status", exitOK, []string{"DELETION", "by-mail", "telemetry@flower.ai"}, []string{"see what is left to do with"}},
		said{"inspect flwr --queued", exitOK, []string{"deletion request, by-mail", "Subject: "}, nil},
		said{"forget --confirm x", exitData, nil, []string{`"x" is no request ID: a UUID is needed`}},
		said{"forget --confirm 6ba7b811-9dad-41d1-80b4-00c04fd430c8", exitData, nil, []string{"there is no deletion request of that ID"}},
		said{"forget flwr --confirm x", exitUsage, nil, []string{"--confirm takes request IDs alone"}},
	)
	p.must("status flwr --json")
	id := p.tool()["deletions"].([]any)[0].(map[string]any)["request_id"].(string)
	p.expect(
		said{"status flwr", exitOK, []string{"Deletion requests\n", "    To do     send the message that"}, []string{"*"}},
		said{"forget --confirm " + id, exitOK, []string{"The deletion request " + id + " is settled: confirmed.\n", "only its SHA-256 is kept: "}, nil},
		said{"forget --confirm " + id + " -q", exitOK, nil, nil},
	)
	p.must("forget --json --confirm " + id)
	if list := p.answer()["deletions"].([]any); len(list) != 1 || list[0].(map[string]any)["state"] != "confirmed" {
		t.Error(p.out.String())
	}
}

// TestForgottenLine holds what is said of what was done.
func TestForgottenLine(t *testing.T) {
	for want, f := range map[string]forgottenTool{
		"forgotten here; nobody was asked":                                   {Forgotten: true, SHA256: "x"},
		"not all is forgotten here; nobody was asked":                        {SHA256: "x"},
		"there is nothing to forget here":                                    {Forgotten: true},
		"it has no source ID here; what was kept of it is erased":            {Forgotten: true, traces: true},
		"forgotten here; 2 queued events were thrown away; nobody was asked": {Forgotten: true, SHA256: "x", Events: 2},
	} {
		if got := f.line(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
