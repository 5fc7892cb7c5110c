package manifest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/pelletier/go-toml/v2"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// readersAlone are the kinds of mistakes that the schema cannot state. Of those that it could, and of all
// that are added later, none is among them.
var readersAlone = []manifest.Kind{
	manifest.KindSyntax, manifest.KindLookalike, manifest.KindOrder, manifest.KindReserved, manifest.KindTwice, manifest.KindReference, manifest.KindPlace,
	manifest.KindValue, manifest.KindPattern, manifest.KindAddress, manifest.KindVariable, manifest.KindHeader,
}

// rest says what neither [full] nor a built-in manifest does.
const rest = `schema = 1
tool = {id = "rest", purpose = "To try the other keys."}
send = {transport = "segment", endpoint = "https://segment.example/v1/batch", write_key = "key", auth = "body"}
forget = {method = "event", event = "forget"}
event = [{name = "run"}, {name = "forget"}]
[[field]]
name = "source"
key = "/userId"
from = "identity.source"
missing = "null"
purpose = "To count installs."
[[field]]
name = "run"
key = "/anonymousId"
from = "run.id"
instead_of = "source"
missing = "omit"
purpose = "To count runs."
[[field]]
name = "size"
key = "/properties/size"
type = "int"
min = -1.5
max = 10
also = ["null", '"unknown"']
purpose = "To see how large inputs are."
[[field]]
name = "format"
key = "/properties/format"
type = "string"
pattern = "[a-z]+"
otherwise = "other"
max_len = 8
events = ["run"]
purpose = "To see which formats are used."
[[field]]
name = "details"
key = "/properties/details"
type = "json"
default = '{"a": null}'
purpose = "To see the rest."
[[field]]
name = "kind"
key = "/properties/kind"
from = "const"
type = "json"
value = "null"
purpose = "To tell formats apart."
`

// TestSchemaAgrees holds docs/manifest.schema.json against the reader, on 10,000 manifests that were
// changed at random. What the reader takes the schema takes, and what the reader refuses the schema
// refuses too, unless all that is wrong is of a kind that no schema can state.
func TestSchemaAgrees(t *testing.T) {
	schema := manifestSchema(t)
	bases := bases(t)
	for name, base := range bases {
		if err := schema.Validate(asJSON(t, base)); err != nil {
			t.Errorf("%s: the schema refuses it: %v", name, err)
		}
	}
	names := slices.Sorted(maps.Keys(bases))
	for range 3 { // which take less time than the large ones, and have more of what there is
		names = append(names, "full", "small", "rest", "builtin/demo.toml")
	}
	accepted, formed, byKind := 0, 0, map[manifest.Kind]int{}
	const total = 10_000
	for seed := range uint64(total) {
		m := mutator{t, rand.New(rand.NewPCG(13, seed))}
		name := names[seed%uint64(len(names))]
		text := m.manifest(bases[name])
		var doc map[string]any
		_, err := manifest.Parse("m.toml", []byte(text))
		if syntax := toml.Unmarshal([]byte(text), &doc); syntax != nil {
			byKind[manifest.KindSyntax]++
			if err == nil {
				t.Fatalf("seed %d, %s: the reader takes what is no TOML\n%s", seed, name, text)
			}
			continue
		}
		refused := schema.Validate(asJSON(t, doc))
		var all manifest.Errors
		switch {
		case err == nil && refused != nil:
			t.Fatalf("seed %d, %s: the reader takes it, and the schema does not: %v\n%s", seed, name, refused, text)
		case err == nil:
			accepted++
			continue
		case !errors.As(err, &all):
			t.Fatalf("seed %d, %s: %v", seed, name, err)
		}
		form := false
		for _, e := range all {
			byKind[e.Kind]++
			form = form || !slices.Contains(readersAlone, e.Kind)
		}
		if form {
			formed++
		}
		if form && refused == nil {
			t.Fatalf("seed %d, %s: the schema takes it, and the reader does not:\n%v\n%s", seed, name, err, text)
		}
	}
	t.Logf("%d manifests: %d accepted, %d refused by both; mistakes by kind: %v", total, accepted, formed, byKind)
	if accepted < total/8 || formed < total/3 {
		t.Errorf("of %d manifests %d were accepted, and %d refused by both: too few to tell", total, accepted, formed)
	}
	for _, kind := range append(slices.Clone(readersAlone), manifest.KindForm) {
		if byKind[kind] == 0 {
			t.Errorf("no mistake was of the kind %s", kind)
		}
		delete(byKind, kind)
	}
	if len(byKind) > 0 {
		t.Errorf("nothing is known of the kinds %v", byKind)
	}
}

// TestSchemaBounds holds that the schema and the reader have the same bounds, where chance seldom leads.
func TestSchemaBounds(t *testing.T) {
	schema := manifestSchema(t)
	levels := func(n int) string { return "levels = [" + strings.Repeat(`"a", `, n) + "]" }
	events := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "[[event]]\nname = \"e%d\"\n", i)
		}
		return b.String() + "[[field]]\nname     = \"exit_code\""
	}
	for _, c := range []struct {
		old, now string
		fits     bool
	}{
		{"length  = 10", "length = 64", true},
		{"length  = 10", "length = 65", false},
		{"max_len = 8", "max_len = 32768", true},
		{"max_len = 8", "max_len = 32769", false},
		{`levels  = ["basic", "configuration", "execution"]`, levels(9), true},
		{`levels  = ["basic", "configuration", "execution"]`, levels(10), false},
		{"[[field]]\nname     = \"exit_code\"", events(998), true},
		{"[[field]]\nname     = \"exit_code\"", events(999), false},
	} {
		text := edited(t, full, c.old, c.now)
		var doc map[string]any
		if err := toml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		if _, err := manifest.Parse("m.toml", []byte(text)); (err == nil) != c.fits {
			t.Errorf("%.40s: the reader: %v", c.now, err)
		}
		if err := schema.Validate(asJSON(t, doc)); (err == nil) != c.fits {
			t.Errorf("%.40s: the schema: %v", c.now, err)
		}
	}
}

func manifestSchema(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "manifest.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

// bases are the manifests from which the others are made.
func bases(t *testing.T) map[string]map[string]any {
	t.Helper()
	texts := map[string]string{"full": full, "small": small, "rest": rest}
	for _, pattern := range []string{"builtin/*.toml", "../../tools/pictures/*.toml"} {
		files, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts[filepath.ToSlash(file)] = string(text)
		}
	}
	list := map[string]map[string]any{}
	for name, text := range texts {
		var doc map[string]any
		if err := toml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		list[name] = doc
	}
	return list
}

// asJSON is a document of TOML as editors give it to a schema.
func asJSON(t *testing.T, doc map[string]any) any {
	t.Helper()
	text, err := json.Marshal(plain(doc))
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// plain writes what JSON does not have as taplo does: dates as strings, inf and nan as null.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		members := map[string]any{}
		for name, e := range v {
			members[name] = plain(e)
		}
		return members
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plain(e)
		}
		return list
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return nil
		}
		return v
	case string, bool, int64:
		return v
	}
	return fmt.Sprint(v)
}

// mutator makes manifests that are nearly right.
type mutator struct {
	t *testing.T
	*rand.Rand
}

// manifest is the text of a manifest with up to three changes.
func (m mutator) manifest(base map[string]any) string {
	doc := clone(base).(map[string]any)
	for range max(1, m.IntN(4)) {
		m.change(doc)
	}
	names := slices.Sorted(maps.Keys(doc))
	slices.SortStableFunc(names, func(a, b string) int { // schema has to come first
		return boolInt(b == "schema") - boolInt(a == "schema")
	})
	if m.IntN(50) == 0 {
		m.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	}
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%s = %s\n", quoted(name), inTOML(doc[name]))
	}
	if m.IntN(100) == 0 {
		b.WriteString("schema = 1\n") // given twice
	}
	return b.String()
}

// place is a table or a list in a document, and one thing in it.
type place struct {
	path  string // of the table of keys that it is, or ""; of a list that of its elements
	table map[string]any
	list  []any
	set   func([]any) // puts a list in the place of this one
	key   string
	index int
}

// change changes one thing in a document.
func (m mutator) change(doc map[string]any) {
	var places []place
	walk(doc, "", &places)
	p := places[m.IntN(len(places))]
	switch what := m.IntN(10); {
	case p.table != nil && what < 3:
		delete(p.table, p.key)
	case p.table != nil && what == 3:
		p.table[m.one("zzz", "Name", "purpos", p.key+"s", strings.ToUpper(p.key))] = m.value()
	case p.table != nil && what < 7:
		m.known(p)
	case p.table != nil:
		p.table[p.key] = m.instead(p.table[p.key])
	case what < 3:
		p.set(slices.Delete(slices.Clone(p.list), p.index, p.index+1))
	case what < 5:
		p.set(append(slices.Clone(p.list), clone(p.list[p.index])))
	default:
		p.list[p.index] = m.instead(p.list[p.index])
	}
}

// known sets a key that the table can have to a value that may fit it.
func (m mutator) known(p place) {
	tables := manifest.Keys()
	i := slices.IndexFunc(tables, func(t manifest.KeyTable) bool { return t.Name == p.path })
	if i < 0 || len(tables[i].Keys) == 0 {
		p.table[p.key] = m.instead(p.table[p.key])
		return
	}
	k := tables[i].Keys[m.IntN(len(tables[i].Keys))]
	if j := slices.IndexFunc(tables[i].Keys, func(k manifest.Key) bool { return k.Name == p.key }); j >= 0 && m.IntN(2) == 0 {
		k = tables[i].Keys[j] // which is there, so that what it goes with is there too
	}
	switch {
	case len(k.Words) > 0:
		p.table[k.Name] = k.Words[m.IntN(len(k.Words))].Name
	case k.Type == manifest.KeyInt:
		p.table[k.Name] = int64([]int{k.Min, k.Min - 1, k.Max, k.Max + 1, 2}[m.IntN(5)])
	case k.Type == manifest.KeyBool:
		p.table[k.Name] = m.IntN(2) == 0
	case k.Type == manifest.KeyStrings:
		p.table[k.Name] = []any{m.text(), m.text()}[:m.IntN(3)]
	case k.Type == manifest.KeyWords:
		p.table[k.Name] = []any{m.text(), int64(1), m.text()}[:m.IntN(4)]
	case k.Type == manifest.KeyNumber, k.Type == manifest.KeyAny:
		p.table[k.Name] = m.value()
	case k.Type == manifest.KeyHeaders:
		p.table[k.Name] = map[string]any{m.one("X-Kind", "Host", "x_y", "Accept", ""): m.text()}
	case k.Name == "id" || k.Name == "name" && m.IntN(4) == 0: // as long as they can be, and longer
		p.table[k.Name] = m.one("all", strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("b", 128), strings.Repeat("b", 129))
	case k.Name == "pattern":
		p.table[k.Name] = m.one("(", "[a-z]+", "a)|(?:b")
	case m.IntN(2) == 0: // one that is right in many places
		p.table[k.Name] = m.one("a", "run.end", "MYTOOL_TELEMETRY", "https://a.example/", "~/.a/b", "a@a.example")
	default:
		p.table[k.Name] = m.text()
	}
}

// instead is another value for one that is there.
func (m mutator) instead(v any) any {
	if s, ok := v.(string); ok && m.IntN(2) == 0 {
		switch m.IntN(4) {
		case 0:
			return s + m.one("x", " ", "\n", "-", "ß")
		case 1:
			return m.one(" ", "-", "/", "~", "é") + s
		}
		return m.text()
	}
	return m.value()
}

// value is a value of any type.
func (m mutator) value() any {
	switch m.IntN(12) {
	case 0:
		return []int64{0, 1, 2, -1, 9, 10, 64, 65, 1 << 15, 1<<15 + 1, 1 << 60, -1 << 60}[m.IntN(12)]
	case 1:
		return []float64{0, 1, 2, 1.5, -1, 1e300, math.Inf(1), math.NaN()}[m.IntN(8)]
	case 2:
		return m.IntN(2) == 0
	case 3:
		return toml.LocalDate{Year: 1979, Month: 5, Day: 27}
	case 4:
		return []any{}
	case 5:
		return []any{m.text()}
	case 6:
		return []any{int64(1), 1.0, m.text(), toml.LocalDate{Year: 2026, Month: 1, Day: 1}}[m.IntN(4):]
	case 7:
		return map[string]any{}
	case 8:
		return map[string]any{m.one("env", "name", "a"): m.text()}
	case 9:
		return []any{map[string]any{m.one("env", "name", "a"): m.text(), "when": m.text()}}
	}
	return m.text()
}

// text is a string that means something somewhere, or nearly.
func (m mutator) text() string {
	if m.IntN(3) == 0 {
		tables := manifest.Keys()
		keys := tables[m.IntN(len(tables))].Keys
		if k := keys[m.IntN(len(keys))]; len(k.Words) > 0 {
			return k.Words[m.IntN(len(k.Words))].Name
		}
	}
	return m.one("", " ", "\u00a0", "\ufeff", "\u2003\n", "a", "x", "run.end", "run", "exit_code", "source", "all", "a b", "A", "1", "0", "no", "present", "é", "\x00", "a\nb", "-", "-a", "a-",
		"MYTOOL_TELEMETRY", "MYTOOL_HOME", "1A", "SEGMENT_WRITE_KEY", "https://a.example/", "HTTPS://a.example/x", "http://a.example/", "http://127.0.0.1:1/", "https://", "https:///x", "https://u@/",
		"a.example:1", "udp://a.example:1", "a.example", "~/a.log", "/var/log/a.jsonl", "~/.a/b", "~/a", "~/a/../b", "~/a//b", "a@a.example", "@", "(", "[a-z]+", "null", `"x"`, "{", "/a/0", "/a/1", "/a/x", "/0", "/a//b", "/a~b", "/userId",
		strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("b", 128), strings.Repeat("b", 129))
}

func (m mutator) one(words ...string) string { return words[m.IntN(len(words))] }

// walk lists the places in a value.
func walk(v any, path string, places *[]place) {
	table, _ := v.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(table)) {
		*places = append(*places, place{path: path, table: table, key: key})
		below := strings.TrimPrefix(path+"."+key, ".")
		if list, ok := table[key].([]any); ok {
			for i := range list {
				*places = append(*places, place{path: below, list: list, index: i, set: func(l []any) { table[key] = l }})
				walk(list[i], below, places)
			}
			continue
		}
		walk(table[key], below, places)
	}
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		members := map[string]any{}
		for name, e := range v {
			members[name] = clone(e)
		}
		return members
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = clone(e)
		}
		return list
	}
	return v
}

// inTOML writes a value as TOML, on one line.
func inTOML(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var list []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			list = append(list, quoted(name)+" = "+inTOML(v[name]))
		}
		return "{" + strings.Join(list, ", ") + "}"
	case []any:
		var list []string
		for _, e := range v {
			list = append(list, inTOML(e))
		}
		return "[" + strings.Join(list, ", ") + "]"
	case string:
		return quoted(v)
	case float64:
		switch {
		case math.IsInf(v, 0):
			return "inf"
		case math.IsNaN(v):
			return "nan"
		}
		text := strconv.FormatFloat(v, 'e', -1, 64)
		return strings.Replace(text, "e", ".0e", boolInt(!strings.Contains(text, ".")))
	}
	return fmt.Sprint(v)
}

// quoted is a string of TOML, which has the escapes of JSON.
func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
