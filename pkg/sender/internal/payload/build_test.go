package payload

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

const head = `schema = 1
[tool]
id = "mytool"
purpose = "A test."
[consent]
levels = ["one", "two"]
[send]
transport = "http"
endpoint = "http://127.0.0.1:9/v1"
[[event]]
name = "run"
`

func parse(t testing.TB, text string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sources() Sources {
	return Sources{
		Now: time.Date(2026, 11, 21, 23, 46, 29, 975817000, time.UTC), EventID: uuid.New(), RunID: uuid.New(),
		Version: func() string { return "1.2.3" },
	}
}

// built is the document for what a caller sets, at level 1.
func built(t testing.TB, m *manifest.Manifest, set ...Setting) string {
	t.Helper()
	terms := consent.Offer(m, 1)
	r := Request{Event: "run", Set: set}
	draft, problems := Check(m, r)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	p, err := draft.Prepare(terms, sources())
	if err != nil {
		t.Fatal(err)
	}
	data, err := jsondoc.Append(nil, p.Payload.Document())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestBuild(t *testing.T) {
	for _, c := range []struct {
		name, fields string
		set          []Setting
		want         string
	}{
		{"nested", `{name="a", key="/x/y", type="int", purpose="p"}, {name="b", key="/x/z", type="int", purpose="p"}`, []Setting{{"b", "2"}, {"a", "1"}}, `{"x":{"y":1,"z":2}}`},
		{"escaped pointer", `{name="a", key="/x~1y/~0", type="int", purpose="p"}`, []Setting{{"a", "1"}}, `{"x/y":{"~":1}}`},
		{"a dot is no separator", `{name="a", key="x.y", type="int", purpose="p"}`, []Setting{{"a", "1"}}, `{"x.y":1}`},
		{"nothing set", `{name="a", key="/x/y", type="int", purpose="p"}`, nil, `{}`},
		{"default", `{name="a", type="bool", default=false, purpose="p"}`, nil, `{"a":false}`},
		{"above the level", `{name="a", type="int", level=2, purpose="p"}`, []Setting{{"a", "1"}}, `{}`},
		{"empty object", `{name="a", from="const", type="json", value="{}", purpose="p"}, {name="b", key="/a/b", type="int", purpose="p"}`, nil, `{"a":{}}`},
		{"object with a field inside", `{name="a", from="const", type="json", value='{"c": 1}', purpose="p"}, {name="b", key="/a/b", type="int", purpose="p"}`, []Setting{{"b", "2"}}, `{"a":{"c":1,"b":2}}`},
		{"null", `{name="a", from="const", type="json", value="null", purpose="p"}`, nil, `{"a":null}`},
		{"a float stays one", `{name="a", type="float", purpose="p"}`, []Setting{{"a", "12"}}, `{"a":12.0}`},
		{"beyond 2^53", `{name="a", type="int", purpose="p"}`, []Setting{{"a", "9007199254740993"}}, `{"a":9007199254740993}`},
		{"no HTML escapes", `{name="a", type="string", purpose="p"}`, []Setting{{"a", "<&>"}}, `{"a":"<&>"}`},
		{"a list grows", `{name="a", type="strings", purpose="p"}`, []Setting{{"a", "x"}, {"a", "y,z"}}, `{"a":["x","y,z"]}`},
		{"a scalar is replaced", `{name="a", type="int", purpose="p"}`, []Setting{{"a", "1"}, {"a", "2"}}, `{"a":2}`},
		{"version", `{name="a", from="usagectl.version", purpose="p"}`, nil, `{"a":"1.2.3"}`},
		{"time", `{name="a", from="time.now", purpose="p"}, {name="b", from="time.now", format="unix", purpose="p"}, {name="c", from="time.now", format="unix_float", purpose="p"}`, nil, `{"a":"2026-11-21T23:46:29.975817+00:00","b":1795304789,"c":1795304789.975817}`},
		{"element of a list", `{name="a", key="/l/1/x", type="int", purpose="p"}, {name="b", key="/l/0", type="int", purpose="p"}`, []Setting{{"a", "1"}, {"b", "2"}}, `{"l":[2,{"x":1}]}`},
		{"elements close up", `{name="a", key="/l/0/x", type="int", purpose="p"}, {name="b", key="/l/1/x", type="int", purpose="p"}, {name="c", key="/l/2/x", type="int", purpose="p"}`, []Setting{{"b", "2"}, {"c", "3"}}, `{"l":[{"x":2},{"x":3}]}`},
		{"element without the caller's value", `{name="n", key="/l/0/n", from="const", value="exception", purpose="p"}, {name="a", key="/l/0/t", type="string", purpose="p"}`, nil, `{}`},
		{"element with the caller's value", `{name="n", key="/l/0/n", from="const", value="exception", purpose="p"}, {name="a", key="/l/0/t", type="string", purpose="p"}`, []Setting{{"a", "E"}}, `{"l":[{"n":"exception","t":"E"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := head
			for _, f := range strings.Split(strings.Trim(c.fields, "{}"), "}, {") {
				text += "[[field]]\n" + inlineToLines(f)
			}
			if got := built(t, parse(t, text), c.set...); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// inlineToLines makes lines of the pairs of an inline table, whose values hold no
// comma followed by a space.
func inlineToLines(pairs string) string {
	return strings.ReplaceAll(pairs, ", ", "\n") + "\n"
}

// TestBuildLeavesOutWhatIsNotAllowed gives Build values that no Collect would: an
// entry may have been changed on disk, or the manifest since.
func TestBuildLeavesOutWhatIsNotAllowed(t *testing.T) {
	m := parse(t, head+`
[[field]]
name = "n"
type = "int"
max = 5
purpose = "p"
[[field]]
name = "s"
type = "string"
level = 2
purpose = "p"
`)
	values, err := jsondoc.ParseObject([]byte(`{"n": 6, "s": "above", "unknown": 1}`))
	if err != nil {
		t.Fatal(err)
	}
	p := Build(m, "run", consent.Offer(m, 1), values)
	if got, _ := jsondoc.Append(nil, p.Document()); string(got) != "{}" {
		t.Errorf("got %s", got)
	}
	for _, f := range p.Fields {
		if f.Withheld == "" || f.Value != nil {
			t.Errorf("%s: %+v", f.Field.Name, f)
		}
	}
}
