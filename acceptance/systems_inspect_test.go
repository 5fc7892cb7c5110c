package acceptance

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// demo is the built-in tool that imitates nobody, and sends to a file.
var demo = system{
	tool: "demo", version: "1.2.3", level: "2", eventAt: "/event",
	connect: connectDemo,
	messages: func(testing.TB) []message {
		return []message{
			{event: "run.start", set: []string{"features=a", "features=b & <c>"}},
			{event: "run.end", set: []string{"exit_code=3"}, data: `{"duration": 2.0, "features": []}`},
		}
	},
}

// connectDemo installs demo, whose receiver is the file.
func connectDemo(t testing.TB, s system) *installed {
	t.Helper()
	i := &installed{system: s, person: newPersonIn(t, t.TempDir())}
	i.must("", "enable", "-q", s.tool, "--level", s.level)
	i.documents = func() []any {
		data, err := os.ReadFile(filepath.Join(i.home, ".demo", "events.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		var list []any
		for line := range bytes.Lines(data) {
			list = append(list, decodeJSON(t, line))
		}
		return list
	}
	return i
}

// TestInspectEqualsSend holds the promise of "inspect": for every event of a built-in
// manifest it shows what its receiver gets. Only what is new with every event, by the
// manifest's own word, may differ. TestCollectorInspectEqualsSend does the same with the
// tools that are not here.
func TestInspectEqualsSend(t *testing.T) {
	t.Parallel()
	checkInspect(t, append(systems(), demo))
}

func checkInspect(t *testing.T, list []system) {
	for _, s := range list {
		t.Run(s.tool, func(t *testing.T) {
			t.Parallel()
			list := s.messages(t)
			checkComplete(t, s, list)
			i := s.connect(t, s)
			_, documents := i.deliver(list)
			for _, m := range list {
				shown, received := i.inspect(m), documents[m.event]
				for _, path := range i.newEachTime(m.event) {
					if (part(shown, path) == nil) != (part(received, path) == nil) {
						t.Errorf("%s: %s is only in one of the documents", m.event, path)
					}
					remove(shown, path)
					remove(received, path)
				}
				var c comparison
				for _, d := range c.differences(shown, received) {
					t.Errorf("%s, received instead of shown: %s", m.event, d)
				}
			}
		})
	}
}

func (i *installed) transport() manifest.Transport {
	return builtinManifest(i.t, i.tool).Send.Transport
}

// inspect is the document that inspect shows: of OTLP and Segment what goes over the
// wire, because a receiver gets no other document.
func (i *installed) inspect(m message) any {
	i.t.Helper()
	stdin, flags := i.flags(m)
	args := slices.Concat([]string{"inspect", i.tool, m.event, "--payload"}, flags)
	if i.transport() != manifest.OTLP && i.transport() != manifest.Segment {
		return decodeJSON(i.t, []byte(i.must(stdin, args...)))
	}
	args[3] = "--wire"
	wire := decodeJSON(i.t, []byte(i.must(stdin, append(args, "--json")...)))
	items, _ := part(wire, "/body/batch").([]any)
	if i.transport() == manifest.OTLP {
		body, err := encodeJSON(part(wire, "/body"))
		must(i.t, err)
		items = otlpItems(i.t, body)
	}
	if len(items) != 1 {
		i.t.Fatalf("%d messages are shown: %v", len(items), wire)
	}
	return items[0]
}

// otlpPlaces are where the OTLP transport puts times and IDs of a document.
var otlpPlaces = strings.NewReplacer("/start", "/item/startTimeUnixNano", "/end", "/item/endTimeUnixNano",
	"/events/", "/item/events/", "/time", "/timeUnixNano")

// newEachTime lists the places of an event whose values are new each time: times
// and the event's ID. The run's ID is given and has to be equal.
func (i *installed) newEachTime(event string) []string {
	i.t.Helper()
	var list []string
	m := builtinManifest(i.t, i.tool)
	for _, f := range m.FieldsOf(event) {
		if f.From != manifest.FromNow && f.From != manifest.FromEventID {
			continue
		}
		path := "/" + strings.Join(f.Key, "/")
		if i.transport() == manifest.OTLP {
			path = otlpPlaces.Replace(path)
		}
		list = append(list, path)
	}
	switch i.transport() { // the event's ID, and when it was taken, by the transport's rule
	case manifest.OTLP:
		list = append(list, "/item/spanId")
	case manifest.Segment:
		list = append(list, "/messageId", "/timestamp")
	}
	return list
}

// TestInspectMasksSecrets holds that a write key is not shown, and that it does
// travel, in either of the two ways that Segment knows.
func TestInspectMasksSecrets(t *testing.T) {
	const basic = "Basic VEVTVF9XUklURV9LRVk6" // base64 of "TEST_WRITE_KEY:"
	for auth, edits := range map[string][]string{"body": nil, "basic": {`auth          = "body"`, `auth          = "basic"`}} {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			r := newRecorder(t, "200")
			i := install(t, nannyml, r.url(), edits...)
			m := nannyml.messages(t)[0]
			if out := i.send(m, "--wait=30s"); out.code != 0 || out.Outcome != "sent" {
				t.Errorf("%+v", out)
			}
			got := r.all()[0]
			want, wantKey := "", any(writeKey)
			if auth == "basic" {
				want, wantKey = basic, nil
			}
			if header := got.header.Get("Authorization"); header != want {
				t.Errorf("Authorization is %q, not %q", header, want)
			}
			if key := part(decodeJSON(t, got.body), "/writeKey"); key != wantKey {
				t.Errorf("writeKey is %v, not %v", key, wantKey)
			}
			stdin, flags := i.flags(m)
			for _, form := range [][]string{{"--wire"}, {"--wire", "--json"}, {"--payload"}, {"--json"}, {}} {
				shown := i.must(stdin, slices.Concat([]string{"inspect", i.tool, m.event}, form, flags)...)
				if strings.Contains(shown, writeKey) || strings.Contains(shown, strings.Fields(basic)[1]) {
					t.Errorf("inspect %q shows the key: %s", form, shown)
				}
				if slices.Contains(form, "--wire") && !strings.Contains(shown, "****") {
					t.Errorf("inspect %q shows nothing in the key's place: %s", form, shown)
				}
			}
			mustNotHold(t, i.home, writeKey)
		})
	}
}

// mustNotHold looks for a text in every file of a directory.
func mustNotHold(t testing.TB, dir, text string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && bytes.Contains(data, []byte(text)) {
			err = fmt.Errorf("%s holds %q", path, text)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestInspectEqualsSendOfAnyManifest holds the same of a manifest of one's own that asks for
// everything that can be known, over each transport that a server answers.
func TestInspectEqualsSendOfAnyManifest(t *testing.T) {
	for name, c := range map[string]struct{ send, at string }{
		"http":    {`transport = "http"`, "/body"},
		"segment": {`transport = "segment", write_key = "k"`, "/body/batch/0/properties"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newRecorder(t, "200")
			p := newPersonIn(t, t.TempDir())
			p.toolID = "mytool"
			p.declare("mytool", everything(c.send, server.url(), name == "segment"))
			p.must("", "enable", "-q", "mytool", "--level", "2")
			run := []string{"mytool", "run", "--set", "caller=5", "--run", "4b8a1d4e-53ff-4d55-9d43-3d2a4b1c7f10", "--tool-version", "1.2.3"}
			send := slices.Concat([]string{"send"}, run, []string{"--wait=30s", "--fail"})
			p.must("", send...) // which makes the ID and the key
			shown := part(decodeJSON(t, []byte(p.must("", slices.Concat([]string{"inspect"}, run, []string{"--wire", "--json"})...))), c.at)
			p.must("", send...)
			received := part(map[string]any{"body": decodeJSON(t, server.all()[1].body)}, c.at)
			for _, path := range []string{"/event.id", "/time.now"} {
				if part(shown, path) == nil || part(received, path) == nil {
					t.Errorf("%s is missing", path)
				}
				remove(shown, path)
				remove(received, path)
			}
			var differ comparison
			for _, d := range differ.differences(shown, received) {
				t.Errorf("received instead of shown: %s", d)
			}
			if got, ok := received.(map[string]any); !ok || len(got) < len(manifest.Sources())/2 {
				t.Errorf("received is %v", received)
			}
		})
	}
}

// everything is a manifest that has a field from every source.
func everything(send, address string, segment bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "schema = 1\n[tool]\nid = \"mytool\"\npurpose = \"To see everything.\"\n[consent]\nlevels = [\"a\", \"b\"]\n[send]\n%s\nendpoint = %q\n[[event]]\nname = \"run\"\n",
		strings.ReplaceAll(send, ", ", "\n"), address+"/v1")
	for _, s := range manifest.Sources() {
		key := "/" + string(s)
		if segment {
			key = "/properties" + key
		}
		fmt.Fprintf(&b, "[[field]]\nname = %q\nkey = %q\nfrom = %q\npurpose = \"A fact.\"\n", strings.ReplaceAll(string(s), ".", "_"), key, s)
		switch s {
		case manifest.FromConst:
			b.WriteString("value = {b = [1.0, 2], a = \"x\"}\n")
		case manifest.FromCaller:
			b.WriteString("type = \"int\"\n")
		}
	}
	return b.String()
}
