package cmd

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/sender"
)

func TestInspect(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"inspect demo", exitOK, []string{
			"Demo, event run.start\n", "Would be sent now: no: you have not been asked yet", "Where it goes:     ~/.demo/events.jsonl (file)",
			`  source = "` + sender.NotMade, "cpu_count = left out: it takes level 2, this is level 1", "The document\n{\n",
		}, nil},
		said{"inspect demo run.end --level 2 --set exit_code=7 --set features=a", exitOK, []string{"  exit_code = 7\n", `  features = ["a"]` + "\n", "cpu_count = "}, nil},
		said{"inspect demo run.end --payload", exitOK, []string{"{\n  \"event\": \"run.end\",\n"}, nil},
		said{"inspect demo --wire", exitOK, []string{"APPEND ", "events.jsonl\n\n{\n"}, nil},
		said{"inspect stripepy call --wire", exitOK, []string{"POST https://", "Content-Type: "}, nil},
		said{"inspect demo --queued", exitOK, []string{"Nothing waits for demo.\n"}, nil},
		said{"inspect demo --sent", exitOK, []string{"Nothing is recorded as sent for demo.\n"}, nil},
		said{"inspect demo --level 3", exitData, nil, []string{"demo has levels 1 to 2, not 3"}},
		said{"inspect demo nosuch", exitData, nil, []string{`demo has no event "nosuch"`}},
		said{"inspect demo run.end --set exit_code=x", exitData, []string{"*"}, []string{`warning: field "exit_code" is left out`}},
		said{"inspect demo --data nosuch.json", exitData, []string{"*"}, []string{"warning: --data: "}},
		said{"inspect homebrew", exitData, nil, []string{"no manifest says what Homebrew sends", `hint: see what switches it with "usagectl status homebrew"`}},
		said{"inspect nosuch", exitData, nil, []string{`unknown tool "nosuch"`, findTool}},
		said{"inspect Demo", exitData, nil, []string{`tool ID "Demo" is not valid`}},
	)
	if p.there(".demo") || p.there(".local") || p.there(".config") {
		t.Error("inspect makes files")
	}
}

// TestInspectJSON holds the answers for programs.
func TestInspectJSON(t *testing.T) {
	p := newPerson(t)
	p.must("inspect demo run.end --json")
	v := p.answer()
	if v["event"] != "run.end" || v["would_send"] != false || v["transport"] != "file" || len(v["fields"].([]any)) != 11 {
		t.Errorf("%v", v)
	}
	p.must("enable demo -q")
	p.must("inspect demo --json")
	if v := p.answer(); v["would_send"] != true {
		t.Errorf("%v", v)
	}
	p.must("inspect stripepy call --wire --json")
	if v := p.answer(); v["method"] != "POST" || v["body"] == nil {
		t.Errorf("%v", v)
	}
	p.must("inspect demo --forget --json")
	if v := p.answer(); v["method"] != "event" || v["payload"] == nil || v["mail"] != nil {
		t.Errorf("%v", v)
	}
}

// TestInspectKept holds what is shown of events that wait, and that left.
func TestInspectKept(t *testing.T) {
	p := newPerson(t)
	for _, line := range []string{"enable demo -q", "send demo run.start", "send demo run.end --wait"} {
		p.must(line)
	}
	p.expect(
		said{"inspect demo --queued", exitOK, []string{"2026-03-04T12:00:00Z  run.start  ", "  \"event\": \"run.start\""}, nil},
		said{"inspect demo --sent", exitOK, []string{"2026-03-04T12:00:00Z  run.end  ", "  to ~/.demo/events.jsonl\n"}, nil},
	)
	p.must("inspect demo --queued --json")
	if v := p.answer(); len(v["queued"].([]any)) != 1 || len(v["deletions"].([]any)) != 0 {
		t.Errorf("%v", v)
	}
	p.must("inspect demo --sent --json")
	if v := p.answer(); len(v["sent"].([]any)) != 1 {
		t.Errorf("%v", v)
	}
	p.must("disable demo -q")
	p.expect(said{"inspect demo --queued", exitOK, []string{"Nothing waits for demo.\n"}, nil})
}

// TestInspectForget holds what is shown of a deletion request before it is made.
func TestInspectForget(t *testing.T) {
	newPerson(t).expect(
		said{"inspect demo --forget", exitOK, []string{`Demo, what "usagectl forget demo" asks for`, "There is no source ID here now", "Where it goes: ~/.demo/events.jsonl (event)"}, nil},
		said{"inspect demo forget", exitOK, []string{`what "usagectl forget demo" asks for`}, nil}, // by its event
		said{"inspect demo --forget --payload", exitOK, []string{"{\n  \"event\": \"forget\""}, nil},
		said{"inspect demo --forget --wire", exitOK, []string{"APPEND "}, nil},
		said{"inspect flwr --forget", exitOK, []string{"this is the mail that you would be given:", "To: telemetry@flower.ai", "mailto:"}, nil},
		said{"inspect parsl --forget", exitData, nil, []string{"parsl has no source ID, so there is nothing to ask for"}},
	)
}

// TestInspectManifest holds that --manifest takes the place of what is known.
func TestInspectManifest(t *testing.T) {
	p := newPerson(t)
	file := p.write("acme.toml", acme)
	p.expect(
		said{"inspect acme --manifest " + word(file), exitOK, []string{"Acme, event run\n"}, nil},
		said{"inspect demo --manifest " + word(file), exitConfig, nil, []string{"manifest: " + file + " is for the tool acme, not for demo"}},
		said{"inspect acme --manifest " + word(file) + "x", exitConfig, nil, []string{"manifest: "}},
		said{"inspect acme --manifest " + word(p.write("bad.toml", "schema = 1\n[tool]\nidd = \"acme\"\n")), exitConfig, nil, []string{"bad.toml:3:1: "}},
	)
}
