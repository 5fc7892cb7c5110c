package manifest_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// full says everything that an http manifest can say. Each bad manifest in
// this file is an edit of it.
const full = `schema = 1

[tool]
id        = "mytool"
name      = "My Tool"
homepage  = "https://mytool.example"
privacy   = "https://mytool.example/telemetry"      # the page for people
contact   = "telemetry@mytool.example"
purpose   = "Counts users and failing features, to justify funding."
retention = "60 days on the dashboard, then deleted"

[consent]
default = "opt-in"
levels  = ["basic", "configuration", "execution"]
refuse  = [ {env = "MYTOOL_NO_TELEMETRY", when = "present"},
            {env = "MYTOOL_TELEMETRY", unless = "1"} ]
grant   = [ {env = "MYTOOL_TELEMETRY", when = "1"} ]
dotenv  = true

[identity]
kind = "random"
path = "~/.mytool/source"
env  = "MYTOOL_HOME"

[send]
transport = "http"
endpoint  = "https://telemetry.mytool.example/v1/event"
headers   = {User-Agent = "mytool/{version}", X-Kind = "usage"}

[forget]
method   = "http"
endpoint = "https://telemetry.mytool.example/v1/deletions"

[exec]
start     = "run.start"
end       = "run.end"
exit_code = "exit_code"
duration  = "duration"

[[event]]
name = "run.start"

[[event]]
name  = "run.end"
level = 2

[[field]]
name     = "exit_code"
key      = "/context/exit_code"
type     = "int"
from     = "caller"
min      = 0
max      = 255
events   = ["run.end"]
level    = 1
required = true
purpose  = "To see what share of runs succeed."

[[field]]
name    = "duration"
type    = "float"
default = 0
purpose = "To see slow runs."

[[field]]
name    = "features"
key     = "/context/a~1b~0c/0"
type    = "strings"
enum    = ["sort", "merge"]
pattern = "[a-z]+"
max_len = 8
purpose = "To see which features are used."

[[field]]
name    = "shape"
from    = "const"
value   = {b = [1.0, 2], a = "x"}
purpose = "To tell formats apart."

[[field]]
name    = "version"
from    = "tool.version"
purpose = "To see old versions."

[[field]]
name    = "source"
from    = "identity.source"
purpose = "To count installs."

[[field]]
name    = "at"
from    = "time.now"
format  = "unix"
purpose = "To see when."

[[field]]
name    = "user"
from    = "host.user_hash"
length  = 10
level   = 3
purpose = "To count people."
`

func TestParse(t *testing.T) {
	id, err := manifest.ParseID("mytool")
	if err != nil {
		t.Fatal(err)
	}
	zero, most := 0.0, 255.0
	shape, err := jsondoc.Parse([]byte(`{"a":"x","b":[1.0,2]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &manifest.Manifest{
		File: "mytool.toml",
		Tool: manifest.Tool{
			ID:        id,
			Name:      "My Tool",
			Homepage:  "https://mytool.example",
			Privacy:   "https://mytool.example/telemetry",
			Contact:   "telemetry@mytool.example",
			Purpose:   "Counts users and failing features, to justify funding.",
			Retention: "60 days on the dashboard, then deleted",
		},
		Consent: manifest.Consent{
			Default: manifest.OptIn,
			Levels:  []string{"basic", "configuration", "execution"},
			Refuse: []manifest.EnvRule{
				{Env: "MYTOOL_NO_TELEMETRY", When: manifest.Present},
				{Env: "MYTOOL_TELEMETRY", Unless: "1", HasUnless: true},
			},
			Grant:  []manifest.EnvRule{{Env: "MYTOOL_TELEMETRY", When: "1"}},
			Dotenv: true,
		},
		Identity: manifest.Identity{Random: true, Path: "~/.mytool/source", Env: "MYTOOL_HOME"},
		Send: manifest.Send{
			Transport: manifest.HTTP,
			Endpoint:  "https://telemetry.mytool.example/v1/event",
			Headers:   []manifest.Header{{Name: "User-Agent", Value: "mytool/{version}"}, {Name: "X-Kind", Value: "usage"}},
		},
		Forget: manifest.Forget{Method: "http", Endpoint: "https://telemetry.mytool.example/v1/deletions"},
		Exec:   &manifest.Exec{Start: "run.start", End: "run.end", ExitCode: "exit_code", Duration: "duration"},
		Events: []manifest.Event{{Name: "run.start", Level: 1}, {Name: "run.end", Level: 2}},
		Fields: []manifest.Field{
			{
				Name: "exit_code", Key: manifest.Pointer{"context", "exit_code"}, Type: manifest.Int, From: manifest.FromCaller,
				Min: &zero, Max: &most, Events: []string{"run.end"}, Level: 1, Required: true, Purpose: "To see what share of runs succeed.",
			},
			{
				Name: "duration", Key: manifest.Pointer{"duration"}, Type: manifest.Float, From: manifest.FromCaller,
				Default: number(t, 0), Level: 1, Purpose: "To see slow runs.",
			},
			{
				Name: "features", Key: manifest.Pointer{"context", "a/b~c", "0"}, Type: manifest.Strings, From: manifest.FromCaller,
				Enum: []string{"sort", "merge"}, Pattern: regexp.MustCompile(`\A(?:[a-z]+)\z`), MaxLen: 8, Level: 1, Purpose: "To see which features are used.",
			},
			{
				Name: "shape", Key: manifest.Pointer{"shape"}, Type: manifest.JSON, From: manifest.FromConst,
				Const: shape, Level: 1, Purpose: "To tell formats apart.",
			},
			{
				Name: "version", Key: manifest.Pointer{"version"}, Type: manifest.String, From: manifest.FromToolVersion,
				Level: 1, Purpose: "To see old versions.",
			},
			{
				Name: "source", Key: manifest.Pointer{"source"}, Type: manifest.String, From: manifest.FromSourceID,
				Level: 1, Purpose: "To count installs.",
			},
			{
				Name: "at", Key: manifest.Pointer{"at"}, Type: manifest.Int, From: manifest.FromNow, Format: "unix",
				Level: 1, Purpose: "To see when.",
			},
			{
				Name: "user", Key: manifest.Pointer{"user"}, Type: manifest.String, From: manifest.FromUserHash, Length: 10,
				Level: 3, Purpose: "To count people.",
			},
		},
	}
	got, err := manifest.Parse("mytool.toml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Fields {
		if i < len(got.Fields) && !reflect.DeepEqual(got.Fields[i], want.Fields[i]) {
			t.Errorf("field %d:\n got %#v\nwant %#v", i, got.Fields[i], want.Fields[i])
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func number(t *testing.T, f float64) any {
	t.Helper()
	n, err := jsondoc.Float(f)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// small says what has to be said and nothing else.
const small = `schema = 1
tool = {id = "t", purpose = "p"}
send = {transport = "file", endpoint = "~/.t/x.log"}
event = [{name = "e"}]
`

func TestDefaults(t *testing.T) {
	m, err := manifest.Parse("t.toml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	id := m.Tool.ID
	want := &manifest.Manifest{
		File:     "t.toml",
		Tool:     manifest.Tool{ID: id, Name: "t", Purpose: "p"},
		Consent:  manifest.Consent{Default: manifest.OptIn, Levels: []string{"on"}},
		Identity: manifest.Identity{Random: true, Path: "~/.t/source"},
		Send:     manifest.Send{Transport: manifest.File, Endpoint: "~/.t/x.log"},
		Forget:   manifest.Forget{Method: "none"},
		Events:   []manifest.Event{{Name: "e", Level: 1}},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("\n got %+v\nwant %+v", m, want)
	}
	m, err = manifest.Parse("t.toml", []byte(small+`field = [{name = "h", purpose = "p", from = "host.user_hash"}, {name = "c", purpose = "p", type = "int"}]`))
	if err != nil {
		t.Fatal(err)
	}
	if h, c := m.Fields[0], m.Fields[1]; h.Length != 16 || h.Key.String() != "/h" || c.From != manifest.FromCaller || c.Level != 1 || c.Events != nil {
		t.Errorf("%+v, %+v", h, c)
	}
}

func TestSend(t *testing.T) {
	for text, want := range map[string]manifest.Send{
		`transport = "http", endpoint = "https://h.example/"`:                                                {Transport: manifest.HTTP, Endpoint: "https://h.example/"},
		`transport = "http", endpoint = "http://127.0.0.1:8080"`:                                             {Transport: manifest.HTTP, Endpoint: "http://127.0.0.1:8080"},
		`transport = "http", endpoint = "http://[::1]:8080/x"`:                                               {Transport: manifest.HTTP, Endpoint: "http://[::1]:8080/x"},
		`transport = "http", endpoint = "http://localhost:8080/x?y=z"`:                                       {Transport: manifest.HTTP, Endpoint: "http://localhost:8080/x?y=z"},
		`transport = "udp", endpoint = "h.example:1"`:                                                        {Transport: manifest.UDP, Endpoint: "h.example:1"},
		`transport = "udp", endpoint = "udp://[::1]:65535", prefix = "1"`:                                    {Transport: manifest.UDP, Endpoint: "udp://[::1]:65535", Prefix: "1"},
		`transport = "otlp", endpoint = "https://h.example/v1/traces"`:                                       {Transport: manifest.OTLP, Endpoint: "https://h.example/v1/traces", Signal: "traces"},
		`transport = "otlp", endpoint = "https://h.example/v1/logs", signal = "logs"`:                        {Transport: manifest.OTLP, Endpoint: "https://h.example/v1/logs", Signal: "logs"},
		`transport = "segment", endpoint = "https://h.example/", write_key = "k"`:                            {Transport: manifest.Segment, Endpoint: "https://h.example/", WriteKey: "k", Auth: "basic"},
		`transport = "segment", endpoint = "https://h.example/", write_key_env = "T_WRITE_KEY", auth="body"`: {Transport: manifest.Segment, Endpoint: "https://h.example/", WriteKeyEnv: "T_WRITE_KEY", Auth: "body"},
		`transport = "file", endpoint = "/var/log/t.jsonl"`:                                                  {Transport: manifest.File, Endpoint: "/var/log/t.jsonl"},
	} {
		m, err := manifest.Parse("t.toml", []byte(edited(t, small, `transport = "file", endpoint = "~/.t/x.log"`, text)))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if !reflect.DeepEqual(m.Send, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", text, m.Send, want)
		}
	}
}

// TestSegmentMakesNoPersonOfAWord holds that no word stands for a missing ID where Segment
// tells people apart.
func TestSegmentMakesNoPersonOfAWord(t *testing.T) {
	const text = `schema = 1
[tool]
id = "mytool"
purpose = "A test."
[send]
transport = "segment"
endpoint = "https://api.segment.io/v1/batch"
write_key = "x"
[[event]]
name = "run"
[[field]]
name = "user"
key = "/userId"
from = "identity.source"
%s
purpose = "p"
[[field]]
name = "source"
key = "/properties/source"
from = "identity.source"
purpose = "p"
[[field]]
name = "anonymous"
key = "/anonymousId"
from = "host.name_hash"
purpose = "p"
`
	for missing, want := range map[string]manifest.Missing{
		"": manifest.MissingNull, `missing = "null"`: manifest.MissingNull, `missing = "omit"`: manifest.MissingOmit,
	} {
		m, err := manifest.Parse("x.toml", fmt.Appendf(nil, text, missing))
		if err != nil {
			t.Fatal(err)
		}
		if m.Fields[0].Missing != want || m.Fields[1].Missing != manifest.MissingWord || m.Fields[2].Missing != manifest.MissingNull {
			t.Errorf("%s: got %q, %q and %q", missing, m.Fields[0].Missing, m.Fields[1].Missing, m.Fields[2].Missing)
		}
	}
	_, err := manifest.Parse("x.toml", fmt.Appendf(nil, text, `missing = "word"`))
	if err == nil || !strings.Contains(err.Error(), `x.toml:15:1: [field] missing is "word", and segment takes all events with the same userId for one person's: use "null" or "omit"`) {
		t.Errorf("got %v", err)
	}
}

func TestForget(t *testing.T) {
	for text, want := range map[string]manifest.Forget{
		`method = "none"`: {Method: "none"},
		`method = "mail", mail = "privacy@t.example"`:              {Method: "mail", Mail: "privacy@t.example"},
		`method = "event", event = "e"`:                            {Method: "event", Event: "e"},
		`method = "http", endpoint = "https://t.example/deletion"`: {Method: "http", Endpoint: "https://t.example/deletion"},
	} {
		const source = `field = [{name = "source", from = "identity.source", purpose = "p"}]` + "\n"
		m, err := manifest.Parse("t.toml", []byte(small+source+"forget = {"+text+"}\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if m.Forget != want {
			t.Errorf("%s: got %+v, want %+v", text, m.Forget, want)
		}
	}
}

// TestDeletionEvent holds that callers cannot send the event that is the tool's
// deletion request, and that it holds the ID and what the request is alone.
func TestDeletionEvent(t *testing.T) {
	m, err := manifest.Parse("t.toml", []byte(`schema = 1
tool = {id = "t", purpose = "p"}
send = {transport = "file", endpoint = "~/.t/x.log"}
event = [{name = "forget"}, {name = "run"}]
field = [
  {name = "source", from = "identity.source", purpose = "p"},
  {name = "id", from = "event.id", purpose = "p"},
  {name = "when", from = "time.now", purpose = "p"},
  {name = "what", from = "event.name", purpose = "p"},
  {name = "where", from = "const", type = "string", value = "here", purpose = "p"},
  {name = "n", type = "int", purpose = "p"},
  {name = "run", from = "run.id", purpose = "p"},
  {name = "version", from = "tool.version", purpose = "p"},
  {name = "level", from = "consent.level", purpose = "p"},
  {name = "os", from = "host.os", purpose = "p"},
  {name = "user", from = "host.user_hash", purpose = "p"},
]
forget = {method = "event", event = "forget"}
`))
	if err != nil {
		t.Fatal(err)
	}
	if !m.IsDeletion("forget") || m.IsDeletion("run") || !slices.Equal(m.EventNames(), []string{"run"}) {
		t.Errorf("events of callers: %q", m.EventNames())
	}
	var names []string
	for _, f := range m.FieldsOf("forget") {
		if f.InDeletion() {
			names = append(names, f.Name)
		}
	}
	if want := []string{"source", "id", "when", "what", "where"}; !slices.Equal(names, want) {
		t.Errorf("in the deletion request: %q, want %q", names, want)
	}
}

// edited replaces the first of each pair by the second. The first has to stand
// in the text exactly once, or an edit could hit something else unnoticed.
func edited(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if n := strings.Count(text, pairs[i]); n != 1 {
			t.Fatalf("%q stands %d times in the manifest", pairs[i], n)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// caret marks the places of the expected errors in a bad manifest.
const caret = "‸"

// expected takes the carets out and puts "file:line:column: " in front of the
// messages, in the order of the carets. A message without one is about the
// whole file, which is told as its first byte.
func expected(t *testing.T, text string, messages []string) (string, string) {
	t.Helper()
	parts := strings.Split(text, caret)
	var before string
	var places, lines []string
	for _, part := range parts[:len(parts)-1] {
		before += part
		line := before[strings.LastIndex(before, "\n")+1:]
		places = append(places, fmt.Sprintf("bad.toml:%d:%d: ", 1+strings.Count(before, "\n"), 1+len(line)))
	}
	for len(places) < len(messages) {
		places = append([]string{"bad.toml:1:1: "}, places...)
	}
	if len(places) != len(messages) {
		t.Fatalf("%d carets, %d messages", len(places), len(messages))
	}
	for i, m := range messages {
		lines = append(lines, places[i]+m)
	}
	return strings.Join(parts, ""), strings.Join(lines, "\n")
}

type badManifest struct {
	name  string
	edits []string // pairs: a text of full, and what stands there instead
	want  []string
}

func testBad(t *testing.T, table []badManifest) {
	t.Helper()
	for _, test := range table {
		t.Run(test.name, func(t *testing.T) {
			text, want := expected(t, edited(t, full, test.edits...), test.want)
			m, err := manifest.Parse("bad.toml", []byte(text))
			if err == nil {
				t.Fatalf("it is accepted; want\n%s", want)
			}
			if err.Error() != want {
				t.Errorf("\n got %s\nwant %s", err, want)
			}
			if m != nil {
				t.Error("there is an error and a manifest")
			}
		})
	}
}

// TestPlaces holds a few places spelled out, so that the rest of this file does
// not rest on [expected] alone.
func TestPlaces(t *testing.T) {
	const text = `schema = 0
tool = {id = "T", purpose = "p"}
[consent]
refuse = [ {env = "A", when = "1"}, # one
  {env = "B C", when = "1"} ]
[send]
transport = "file"
endpoint = "~/.t/x.log"
headers.X = "y"
[[event]]
name = "e"
[[field]]
name = "a"
purpose = "p"
type = "int"
[[field]]
name = "b"
purpose = "p"
  type = "it"
`
	_, err := manifest.Parse("bad.toml", []byte(text))
	want := `bad.toml:1:1: schema is 0, and there is none before schema 1
bad.toml:2:9: tool ID "T" is not valid: it takes a lower-case letter or digit and then up to 63 of a-z, 0-9, ".", "_" and "-"
bad.toml:5:4: [consent.refuse] env is "B C", not the name of an environment variable
bad.toml:9:1: [send] headers goes with transport = "http", not with "file"
bad.toml:19:3: [field] type is "it", not one of string, int, float, bool, strings, json; did you mean "int"?`
	if err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}
