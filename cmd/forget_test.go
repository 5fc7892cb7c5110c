package cmd

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
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
		said{"forget demo --yes", exitOK, []string{"Demo: forgotten here; one queued event was thrown away; ~/.demo/events.jsonl accepted the deletion request "}, nil},
		said{"forget demo --yes", exitOK, []string{"Demo: "}, nil},
		said{"forget --all --yes", exitOK, []string{"No tool has a source ID here, and nothing else is kept.\n"}, nil},
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
		said{"status", exitOK, []string{"DELETION", "by-mail", "telemetry@flower.ai"}, []string{"To do\n  flwr: a deletion request needs you\n      send the message that \"usagectl inspect flwr-datasets --queued\" shows"}},
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

// TestForgetNobody holds that a person learns whom to write to where nobody takes
// requests.
func TestForgetNobody(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/acme.toml", acmeWithoutDeletion())
	p.write(".acme/source", "6ba7b810-9dad-41d1-80b4-00c04fd430c8")
	p.expect(
		said{"inspect acme --forget", exitOK, []string{"  Nothing: ", "You can write to them yourself: privacy@acme.example"}, nil},
		said{"forget acme --yes", exitUnavailable, []string{"Write to them yourself, privacy@acme.example, and name the source ID 6ba7b810-", "When that is settled: usagectl forget --confirm "}, nil},
		said{"inspect acme --queued", exitOK, []string{"deletion request, failed", "Write to them yourself"}, nil},
		said{"forget acme --yes", exitUnavailable, []string{"Acme: it was forgotten here before"}, nil},
	)
	if all := p.offers("forget --confirm |"); len(all) != 1 {
		t.Errorf("of one request %q are offered", all)
	}
}

// TestForgetFailure holds how a forgetting ends that did not go well.
func TestForgetFailure(t *testing.T) {
	p := newPerson(t)
	c := &forgetCommand{app: newApp(p.world)}
	demo := plan{tools: []tool{c.tools.look(id(t, "demo"))}}
	failed := sender.Deletion{Requests: []sender.DeletionRequest{{State: sender.Failed, Method: manifest.ForgetHTTP}}}
	disk := errors.Join(errors.New("one"), fs.ErrPermission)
	for name, test := range map[string]struct {
		d    sender.Deletion
		err  error
		code int
		said string
	}{
		"done":           {sender.Deletion{Erased: true}, nil, exitOK, ""},
		"refused":        {failed, nil, exitRejected, "<nil>"},
		"not filed":      {sender.Deletion{}, sender.ErrNotFiled, exitCreate, "demo: " + sender.ErrNotFiled.Error()},
		"not noted":      {sender.Deletion{Erased: true}, errors.New("no room"), exitIO, "demo: it is forgotten here, but that could not be noted: no room"},
		"not removed":    {sender.Deletion{}, disk, exitIO, "demo: not all could be removed: one; permission denied"},
		"ID not removed": {sender.Deletion{}, errors.Join(disk, &sender.SourceIDError{Err: fs.ErrPermission}), exitNoPerm, "demo: not all could be removed: one; permission denied; the source ID: permission denied"},
		"ID, otherwise":  {sender.Deletion{}, errors.Join(disk, &sender.SourceIDError{Err: errors.New("busy")}), exitIO, "; the source ID: busy"},
		"filed, however": {failed, errors.New("e"), exitIO, "; the deletion request was filed all the same: "},
	} {
		var f *failure
		err := c.failureOf(demo, test.d, test.err)
		switch {
		case test.code == exitOK && err == nil:
		case !errors.As(err, &f) || f.code != test.code || !strings.Contains(f.Error(), strings.ReplaceAll(test.said, "permission denied", fs.ErrPermission.Error())):
			t.Errorf("%s: %v, want %d, %s", name, err, test.code, test.said)
		}
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

// TestForgetNothingToAsk holds that where there is nothing to be asked about before it is forgotten,
// no terminal is needed to say so, and that each such tool gets a sentence that is true of it.
func TestForgetNothingToAsk(t *testing.T) {
	p := newPerson(t)
	own := `Homebrew sends by itself and keeps its own data: turn it off with "usagectl disable homebrew"`
	p.expect(
		said{"forget brew", exitData, nil, []string{"nothing was changed for Homebrew", own}},
		said{"forget brew --yes", exitData, nil, []string{"nothing was changed for Homebrew", own}},
		said{"forget brew --json", exitData, []string{`"outcome":"own-data"`}, []string{own}},
		said{"forget nosuch", exitData, nil, []string{"unknown tool"}},
		said{"forget --all", exitOK, []string{"nothing else is kept"}, nil},
		said{"forget demo", exitUsage, nil, []string{"forget asks first"}},
		said{"forget brew demo", exitUsage, nil, []string{"forget asks first", "*"}},
	)
	for _, tool := range catalogue.All() {
		id, err := manifest.ParseID(tool.ID)
		if _, found := (manifest.Library{}).Find(id); err != nil || found == nil {
			continue
		}
		p.expect(said{"forget " + tool.ID, exitData, nil, []string{"nothing was changed for " + tool.Name}})
		claims := strings.Contains(p.errout.String(), "sends by itself") || strings.Contains(p.errout.String(), "usagectl disable")
		if ended := strings.Contains(p.errout.String(), "collects nothing any more"); claims == ended || ended != (tool.Status != catalogue.Active) {
			t.Errorf("%s: status %q: %s", tool.ID, tool.Status, &p.errout)
		}
	}
}
