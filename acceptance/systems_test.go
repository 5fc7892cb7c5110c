package acceptance

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestSystems sends every event of the built-in manifests that imitate a telemetry
// system by HTTP, and compares what arrives with what that system's own client was seen to
// send. TestCollectorSystems does the same with the others.
func TestSystems(t *testing.T) {
	t.Parallel()
	checkSystems(t, systems())
}

func checkSystems(t *testing.T, list []system) {
	for _, s := range list {
		t.Run(s.tool, func(t *testing.T) {
			t.Parallel()
			list := s.messages(t)
			checkComplete(t, s, list)
			i := s.connect(t, s)
			ids, documents := i.deliver(list)
			used := map[string]bool{}
			for _, m := range list {
				c := comparison{allow: s.differ, used: used, vars: i.vars(ids[m.event])}
				for _, d := range c.differences(m.want, documents[m.event]) {
					t.Errorf("%s: %s", m.event, d)
				}
			}
			for _, d := range s.differ {
				if !used[d.at] {
					t.Errorf("the difference at %s is not there", d.at)
				}
			}
			for _, r := range i.requestsIfAny() {
				checkRequest(t, s, r)
			}
		})
	}
}

// checkComplete holds that there is a message for every declared event.
func checkComplete(t testing.TB, s system, list []message) {
	t.Helper()
	var events []string
	for _, m := range list {
		events = append(events, m.event)
	}
	want := declared(t, s.tool)
	slices.Sort(events)
	slices.Sort(want)
	if !slices.Equal(events, want) {
		t.Errorf("the messages are of %q, the manifest declares %q", events, want)
	}
}

// headerDiffer are the headers in which a request must not be equal to the
// captured one, by tool and header.
var headerDiffer = map[string]difference{
	"flwr User-Agent":    {form: `flwr/1\.28\.0`, why: "the capture is of Flower Datasets"},
	"nannyml User-Agent": {form: `usagectl/.+`, why: "the sending library"},
}

// checkRequest compares an HTTP request, but for its document, with the captured
// one of the same system.
func checkRequest(t testing.TB, s system, got request) {
	t.Helper()
	file := "flower-datasets-details.http"
	if s.tool == nannyml.tool {
		file = "segment-python-2.3.3.http"
		checkEnvelope(t, capturedRequest(t, file).body, got.body)
	}
	want := capturedRequest(t, file)
	if got.line != want.line {
		t.Errorf("the request is %q, not %q", got.line, want.line)
	}
	for _, name := range []string{"Content-Type", "Content-Encoding", "User-Agent", "Authorization"} {
		d, differs := headerDiffer[s.tool+" "+name]
		switch value := strings.Join(got.header.Values(name), ", "); {
		case differs && !regexp.MustCompile(`\A(?:`+d.form+`)\z`).MatchString(value):
			t.Errorf("%s is %q, not of the form %s (%s)", name, value, d.form, d.why)
		case !differs && value != want.header.Get(name):
			t.Errorf("%s is %q, not %q", name, value, want.header.Get(name))
		}
	}
}

// checkEnvelope compares what is around the messages of a Segment batch.
func checkEnvelope(t testing.TB, want, got []byte) {
	t.Helper()
	documents := [2]any{decodeJSON(t, want), decodeJSON(t, got)}
	for _, d := range documents {
		d.(map[string]any)["batch"] = []any{}
	}
	c := comparison{allow: []difference{{"/sentAt", utcMicros, "the time"}}}
	for _, d := range c.differences(documents[0], documents[1]) {
		t.Errorf("the batch: %s", d)
	}
	if last := `"writeKey":"` + writeKey + `"}`; !strings.HasSuffix(string(got), last) {
		t.Errorf("the body does not end with %s: %s", last, got)
	}
}

// TestSystemsSourceID looks at the IDs of the tools that have one: they are made
// with the first event, are random, and are the same in the file, in status and
// on the wire (as the form $SOURCE of TestSystems holds).
func TestSystemsSourceID(t *testing.T) {
	t.Parallel()
	for _, s := range []system{flwr, flwrDatasets, nannyml} {
		t.Run(s.tool, func(t *testing.T) {
			t.Parallel()
			i := s.connect(t, s)
			if id := i.sourceID(); id != "" {
				t.Errorf("there is a source ID before the first event: %q", id)
			}
			i.deliver(s.messages(t)[:1])
			id := i.sourceID()
			if !regexp.MustCompile(`\A` + anyUUID + `\z`).MatchString(id) {
				t.Errorf("the source ID is %q, not a random UUID", id)
			}
			path, _ := part(i.report(), "/source_path").(string)
			if data, err := os.ReadFile(path); err != nil || string(data) != id {
				t.Errorf("%s holds %q: %v", path, data, err)
			}
			for _, r := range i.requests() {
				holdsNoHardwareAddress(t, r.body)
			}
		})
	}
}

// holdsNoHardwareAddress looks for the addresses of this machine's network
// interfaces, in any spelling.
func holdsNoHardwareAddress(t testing.TB, body []byte) {
	t.Helper()
	interfaces, err := net.Interfaces()
	if err != nil && runtime.GOOS == "windows" {
		t.Skipf("the network interfaces are not told, as under wine: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	digits := strings.NewReplacer(":", "", "-", "", ".", "")
	for _, n := range interfaces {
		address := digits.Replace(n.HardwareAddr.String())
		if strings.Trim(address, "0") != "" && strings.Contains(digits.Replace(strings.ToLower(string(body))), address) {
			t.Errorf("the hardware address of %s is in %s", n.Name, body)
		}
	}
}

// TestSystemsFlowersOwnID holds that an ID that Flower made first is respected:
// sent as it stands there, and not changed.
func TestSystemsFlowersOwnID(t *testing.T) {
	t.Parallel()
	const id = "682f3011-6096-4d21-9a99-219accac9dc2"
	for name, c := range map[string]struct{ file, want string }{
		"Flower's":     {id, id},
		"newline":      {id + "\n", id},
		"space":        {" \t" + id + "\r\n", id},
		"upper case":   {strings.ToUpper(id), strings.ToUpper(id)},
		"no dashes":    {strings.ReplaceAll(id, "-", ""), strings.ReplaceAll(id, "-", "")},
		"braces":       {"{" + id + "}", "{" + id + "}"},
		"urn":          {"urn:uuid:" + id, "urn:uuid:" + id},
		"two lines":    {id + "\n" + id, "invalid"},
		"empty":        {"", "invalid"},
		"something":    {"not a UUID", "invalid"},
		"not a folder": {"-", "unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, s := range []system{flwr, flwrDatasets} {
				i := s.connect(t, s)
				path := filepath.Join(i.home, ".flwr")
				if c.want != "unavailable" {
					if err := os.Mkdir(path, 0o700); err != nil {
						t.Fatal(err)
					}
					path = filepath.Join(path, "source")
				}
				if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
					t.Fatal(err)
				}
				i.deliver(s.messages(t)[:1])
				if got := part(i.documents()[0], "/context/source"); got != c.want {
					t.Errorf("%s: the source is %q, not %q", s.tool, got, c.want)
				}
				if data, err := os.ReadFile(path); err != nil || string(data) != c.file {
					t.Errorf("%s: %s is now %q: %v", s.tool, path, data, err)
				}
			}
		})
	}
}

// TestSystemsNoPersonWithoutID holds that nobody becomes a person at Segment whom everybody
// shares who has no source ID: where NannyML's is not there, an ID that is new for each run
// stands where Segment wants one of somebody unknown.
func TestSystemsNoPersonWithoutID(t *testing.T) {
	t.Parallel()
	for name, breakID := range map[string]func(t *testing.T, dir string) error{
		"unavailable": func(_ *testing.T, dir string) error { return os.WriteFile(dir, nil, 0o600) },
		"invalid": func(t *testing.T, dir string) error {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			return os.WriteFile(filepath.Join(dir, "source"), []byte("not a UUID"), 0o600)
		},
	} {
		if name == "unavailable" && runtime.GOOS == "windows" {
			continue // a file in the place of the directory is an ID that is not made yet there
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := nannyml.connect(t, nannyml)
			if err := breakID(t, filepath.Join(i.home, ".nannyml")); err != nil {
				t.Fatal(err)
			}
			m := nannyml.messages(t)[0]
			shown := i.inspect(m)
			i.deliver([]message{m})
			for what, document := range map[string]any{"shown": shown, "sent": i.documents()[0]} {
				if user, id := part(document, "/userId"), part(document, "/anonymousId"); user != nil || id != runID {
					t.Errorf("%s: the user is %v, somebody unknown is %v", what, user, id)
				}
			}
			for _, r := range i.requests() {
				if strings.Contains(string(r.body), name) {
					t.Errorf("%q is in %s", name, r.body)
				}
			}
		})
	}
}

// TestSystemsFlowersHome holds that the framework looks where FLWR_HOME says, and
// that Flower Datasets, which does not know it, does not.
func TestSystemsFlowersHome(t *testing.T) {
	t.Parallel()
	for _, s := range []system{flwr, flwrDatasets} {
		home := t.TempDir()
		s.env = []string{"FLWR_HOME=" + home}
		i := s.connect(t, s)
		i.deliver(s.messages(t)[:1])
		want := filepath.Join(i.home, ".flwr", "source")
		if s.tool == flwr.tool {
			want = filepath.Join(home, "source")
		}
		data, err := os.ReadFile(want)
		if got := part(i.documents()[0], "/context/source"); err != nil || string(data) != got {
			t.Errorf("%s: %s holds %q, %v was sent: %v", s.tool, want, data, got, err)
		}
	}
}

// TestSystemsLeaveOutWhatIsNotSet sends events without any data: what a caller
// did not set is not there, rather than null or empty.
func TestSystemsLeaveOutWhatIsNotSet(t *testing.T) {
	t.Parallel()
	checkLeftOut(t, []bareEvent{
		{flwr, "PING", "context event_details event_type"},
		{nannyml, "CLI run", "anonymousId context event integrations messageId properties timestamp type userId"},
	})
}

// bareEvent is an event without any data, and the names in its document.
type bareEvent struct {
	system
	event, want string
}

func checkLeftOut(t *testing.T, list []bareEvent) {
	for _, c := range list {
		t.Run(c.tool+" "+c.event, func(t *testing.T) {
			t.Parallel()
			i := c.connect(t, c.system)
			_, documents := i.deliver([]message{{event: c.event}})
			document := documents[c.event].(map[string]any)
			if got := strings.Join(slices.Sorted(maps.Keys(document)), " "); got != c.want {
				t.Errorf("%s, not %s", got, c.want)
			}
			if span, ok := document["item"].(map[string]any); ok && (span["events"] != nil || span["attributes"] != nil) {
				t.Errorf("the span has attributes or events: %v", span)
			}
		})
	}
}
