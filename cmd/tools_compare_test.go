package cmd

import (
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// full is a manifest in which every key of one transport is set.
const full = `schema = 1
[tool]
id = "full"
name = "Full"
homepage = "https://full.example"
privacy = "https://full.example/privacy"
contact = "me@full.example"
purpose = "To test."
retention = "1 year"
[consent]
levels = ["basic", "more"]
refuse = [{env = "FULL_TELEMETRY", when = "off"}, {env = "FULL_TRACK", unless = "1"}]
grant = [{env = "FULL_TELEMETRY", when = "on"}]
dotenv = true
[identity]
path = "~/.full/source"
env = "FULL_HOME"
[send]
transport = "http"
endpoint = "https://full.example/v1"
headers = {X-Version = "{version}"}
[forget]
method = "http"
endpoint = "https://full.example/forget"
[exec]
start = "start"
end = "end"
exit_code = "number"
duration = "seconds"
[[event]]
name = "start"
[[event]]
name = "end"
[[event]]
name = "detail"
level = 2
[[field]]
name = "source"
from = "identity.source"
purpose = "To count."
[[field]]
name = "version"
from = "tool.version"
events = ["start"]
purpose = "To see versions."
[[field]]
name = "number"
type = "int"
min = 0
max = 9
enum = [1, 2]
also = ["null"]
purpose = "To see numbers."
[[field]]
name = "seconds"
type = "float"
default = 1.5
purpose = "To see times."
[[field]]
name = "word"
type = "string"
pattern = "[a-z]+"
max_len = 8
otherwise = "other"
level = 2
purpose = "To see words."
[[field]]
name = "who"
from = "host.user_hash"
length = 8
missing = "null"
purpose = "To count people."
[[field]]
name = "when"
from = "time.now"
format = "unix"
purpose = "To see times."
[[field]]
name = "fixed"
from = "const"
value = "x"
purpose = "To tell tools apart."
[[field]]
name = "run"
from = "run.id"
instead_of = "source"
purpose = "To match."
`

func parsed(t *testing.T, text string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestCompareOverlooksNothing changes each value of a manifest on its own, and holds that each
// of these changes is listed.
func TestCompareOverlooksNothing(t *testing.T) {
	changed := 0
	segment := strings.Replace(full, "transport = \"http\"\nendpoint = \"https://full.example/v1\"\nheaders = {X-Version = \"{version}\"}", "transport = \"segment\"\nendpoint = \"https://full.example/v1\"\nwrite_key = \"k\"", 1)
	segment = regexp.MustCompile(`(?m)^name = "(source|version|number|seconds|word|who|when|fixed|run)"$`).ReplaceAllString(segment, "$0\nkey = \"/properties/$1\"")
	for _, text := range []string{full, segment} {
		eachLeaf(t, text, func(path string, m *manifest.Manifest) {
			changed++
			if path == "File" {
				return
			}
			before := parsed(t, text)
			if got := compare(before, m); len(got) == 0 {
				t.Errorf("%s: nothing is listed", path)
			}
			if got := compare(m, before); len(got) == 0 {
				t.Errorf("%s, taken back: nothing is listed", path)
			}
		})
		if same := compare(parsed(t, text), parsed(t, text)); len(same) > 0 {
			t.Errorf("the same manifest: %+v", same)
		}
	}
	if changed < 250 {
		t.Errorf("only %d changes were tried", changed)
	}
}

// eachLeaf calls a function with the manifest of which one value is another, for each value.
func eachLeaf(t *testing.T, text string, visit func(path string, m *manifest.Manifest)) {
	t.Helper()
	for n := 0; ; n++ {
		m := parsed(t, text)
		left, path := n, ""
		if !changeLeaf(reflect.ValueOf(m).Elem(), "", &left, &path) {
			return
		}
		visit(path, m)
	}
}

// changeLeaf changes the value that comes after so many others; false if there are not so many.
func changeLeaf(v reflect.Value, at string, left *int, path *string) bool {
	hit := func(change func()) bool {
		if *left > 0 {
			*left--
			return false
		}
		*path = at
		change()
		return true
	}
	switch v.Interface().(type) {
	case manifest.ID:
		other, _ := manifest.ParseID("other")
		return hit(func() { v.Set(reflect.ValueOf(other)) })
	case *regexp.Regexp:
		return hit(func() { v.Set(reflect.ValueOf(regexp.MustCompile(`\A(?:other)\z`))) })
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if changeLeaf(v.Field(i), strings.TrimPrefix(at+"."+v.Type().Field(i).Name, "."), left, path) {
				return true
			}
		}
		return false
	case reflect.Slice:
		for i := range v.Len() {
			if changeLeaf(v.Index(i), fmt.Sprintf("%s[%d]", at, i), left, path) {
				return true
			}
		}
		if v.Type().Elem().Kind() == reflect.String || v.Type().Elem().Kind() == reflect.Interface {
			return hit(func() { v.Set(reflect.Append(v, reflect.ValueOf("more").Convert(v.Type().Elem()))) })
		}
		return v.Len() > 1 && hit(func() { v.Set(v.Slice(0, v.Len()-1)) })
	case reflect.Pointer:
		if v.IsNil() {
			return hit(func() { v.Set(reflect.New(v.Type().Elem())) })
		}
		return hit(func() { v.SetZero() }) || changeLeaf(v.Elem(), at, left, path)
	case reflect.Interface:
		return hit(func() { v.Set(reflect.ValueOf("other")) })
	case reflect.String:
		return hit(func() { v.SetString(v.String() + "other") })
	case reflect.Bool:
		return hit(func() { v.SetBool(!v.Bool()) })
	case reflect.Int:
		return hit(func() { v.SetInt(v.Int() + 1) })
	case reflect.Float64:
		return hit(func() { v.SetFloat(v.Float() + 1) })
	}
	panic("a manifest has a " + v.Kind().String())
}

// TestCompareAndConsent holds what is said of agreements against what the program does: for
// each pair of manifests, somebody agrees to the first at each of its levels, and the second
// takes its place.
func TestCompareAndConsent(t *testing.T) {
	manifests := map[string]string{
		"full": full, "more": strings.Replace(full, "[[field]]", "[[field]]\nname = \"new\"\ntype = \"bool\"\npurpose = \"p\"\n[[field]]", 1),
		"elsewhere": strings.Replace(full, "example/v1", "example/v2", 1), "later": strings.Replace(full, "events = [\"start\"]", "level = 2", 1),
		"typed":  strings.Replace(strings.Replace(full, "default = 1.5\n", "", 1), `type = "float"`, `type = "int"`, 1),
		"events": strings.Replace(full, "[[event]]\nname = \"end\"", "[[event]]\nname = \"end\"\n[[event]]\nname = \"more\"\n[[event]]\nname = \"most\"\nlevel = 2", 1),
		"easier": strings.ReplaceAll(full, "level = 2\n", ""), "one": strings.ReplaceAll(strings.ReplaceAll(full, "level = 2\n", ""), "levels = [\"basic\", \"more\"]\n", ""),
		"deletion": strings.Replace(strings.Replace(full, "method = \"http\"\nendpoint = \"https://full.example/forget\"", "method = \"event\"\nevent = \"gone\"", 1), "[[field]]", "[[event]]\nname = \"gone\"\n[[field]]\nname = \"gone\"\nfrom = \"const\"\nvalue = 1\nevents = [\"gone\"]\npurpose = \"p\"\n[[field]]", 1),
		"optout":   strings.Replace(full, "[consent]", "[consent]\ndefault = \"opt-out\"", 1),
	}
	for _, id := range (manifest.Library{}).IDs() {
		manifests[id.String()] = "" // one that comes with the program, under another ID
	}
	load := func(name string) *manifest.Manifest {
		if manifests[name] != "" {
			return parsed(t, manifests[name])
		}
		id, _ := manifest.ParseID(name)
		m, err := (manifest.Library{}).Find(id)
		if err != nil {
			t.Fatal(err)
		}
		m.Tool.ID, _ = manifest.ParseID("full")
		return m
	}
	home, pairs := t.TempDir(), 0
	for before := range manifests {
		old := load(before)
		stores := make([]consent.Store, len(old.Consent.Levels))
		for i := range stores {
			stores[i] = consent.Store{Dirs: dirs.Dirs{Home: home, ConfigHome: filepath.Join(home, before, fmt.Sprint(i+1))}}
			if err := stores[i].Grant(old, i+1); err != nil {
				t.Fatal(err)
			}
		}
		for after := range manifests {
			now := load(after)
			changes := compare(old, now)
			pairs++
			off, fieldsOut, eventsOut := false, map[string]bool{}, map[string]bool{}
			for _, store := range stores {
				_, verdict := store.Ask(now.Tool.ID, now, nil, "")
				off = off || !verdict.On()
				for _, name := range verdict.NewFields {
					fieldsOut[name] = true
				}
				for _, name := range verdict.NewEvents {
					eventsOut[name] = true
				}
			}
			says := func(ch change, e effect) bool { return ch.Effect == e }
			if want := slices.ContainsFunc(changes, func(ch change) bool { return says(ch, turned) }); want != off {
				t.Errorf("%s, %s: off is %t, and it says %t", before, after, off, want)
			}
			if off {
				continue
			}
			for i := range now.Fields {
				f := &now.Fields[i]
				said := slices.ContainsFunc(changes, func(ch change) bool {
					return strings.HasPrefix(ch.Key, "field") && ch.Name == f.Name && says(ch, leftOut)
				})
				inDeletion := !slices.ContainsFunc(now.EventNames(), f.In)
				if within := f.Level <= len(old.Consent.Levels); within && !inDeletion && said != fieldsOut[f.Name] {
					t.Errorf("%s, %s: field %s is left out: %t, and it says %t", before, after, f.Name, fieldsOut[f.Name], said)
				}
			}
			for _, e := range now.Events {
				said := slices.ContainsFunc(changes, func(ch change) bool {
					return strings.HasPrefix(ch.Key, "event") && ch.Name == e.Name && says(ch, leftOut)
				})
				if e.Level <= len(old.Consent.Levels) && said != eventsOut[e.Name] {
					t.Errorf("%s, %s: event %s is left out: %t, and it says %t", before, after, e.Name, eventsOut[e.Name], said)
				}
			}
		}
	}
	if pairs < 300 {
		t.Errorf("only %d pairs were tried", pairs)
	}
}

// TestCompareAsks holds about what a person would have to be asked, and what becomes of their
// agreement, by one change each and its reverse.
func TestCompareAsks(t *testing.T) {
	asks := func(e effect) string { return "ask " + string(e) }
	for _, test := range []struct{ from, to, there, back string }{
		{`purpose = "To test."`, `purpose = "To sell."`, asks(covered), asks(covered)},
		{`retention = "1 year"`, `retention = "2 years"`, asks(covered), asks(covered)},
		{"retention = \"1 year\"\n", "", asks(covered), "none"},
		{`contact = "me@full.example"`, `contact = "you@full.example"`, "none", "none"},
		{"[consent]", "[consent]\ndefault = \"opt-out\"", asks(nothing), asks(nothing)},
		{`"basic", "more"`, `"basic", "all"`, asks(covered), asks(covered)},
		{`"basic", "more"`, `"basic", "more", "all"`, "none", "none"},
		{`, {env = "FULL_TRACK", unless = "1"}`, ``, asks(covered), "none"},
		{`when = "off"`, `when = "never"`, asks(covered), asks(covered)},
		{`grant = [{env = "FULL_TELEMETRY", when = "on"}]`, ``, asks(nothing), asks(nothing)},
		{"dotenv = true", "dotenv = false", asks(covered), "none"},
		{`~/.full/source`, `~/.other/source`, asks(covered), asks(covered)},
		{`FULL_HOME`, `FULL_DIR`, asks(covered), asks(covered)},
		{`full.example/v1`, `other.example/v1`, asks(turned), asks(turned)},
		{"headers = {X-Version = \"{version}\"}", "", "none", asks(covered)},
		{`X-Version = "{version}"`, `X-Version = "{source}"`, asks(covered), asks(covered)},
		{"full.example/forget", "full.example/gone", asks(covered), asks(covered)},
		{"[forget]\nmethod = \"http\"\nendpoint = \"https://full.example/forget\"\n", "", asks(covered), "none"},
		{"name = \"detail\"\nlevel = 2", "name = \"detail\"", asks(leftOut), "none"},
		{"purpose = \"To see words.\"", "purpose = \"To see what you write.\"", asks(covered), asks(covered)},
		{"level = 2\npurpose = \"To see words.\"", "purpose = \"To see words.\"", asks(leftOut), "none"},
		{`events = ["start"]`, `events = ["start", "end"]`, asks(covered), "none"},
		{`events = ["start"]`, ``, asks(covered), "none"},
		{"min = 0", "min = -1", asks(covered), "none"},
		{"min = 0\n", "", asks(covered), "none"},
		{"max = 9", "max = 99", asks(covered), "none"},
		{"enum = [1, 2]", "enum = [1, 2, 3]", asks(covered), "none"},
		{"enum = [1, 2]\n", "", asks(covered), "none"},
		{"also = [\"null\"]\n", "", "none", asks(covered)},
		{`pattern = "[a-z]+"`, `pattern = "[a-z]*"`, asks(covered), asks(covered)},
		{"pattern = \"[a-z]+\"\n", "", asks(covered), "none"},
		{"max_len = 8\n", "", asks(covered), "none"},
		{"max_len = 8", "max_len = 9", asks(covered), "none"},
		{"otherwise = \"other\"\n", "", "none", "none"},
		{"length = 8", "length = 9", asks(covered), "none"},
		{`format = "unix"`, `format = "unix_float"`, asks(leftOut), asks(leftOut)},
		{`from = "host.user_hash"`, `from = "host.name_hash"`, asks(leftOut), asks(leftOut)},
		{`value = "x"`, `value = "y"`, "none", "none"},
		{"default = 1.5", "default = 2.5", "none", "none"},
		{"name = \"number\"", "name = \"number\"\nkey = \"/deep/number\"", "none", "none"},
		{`start = "start"`, `start = "end"`, "none", "none"},
	} {
		other := strings.Replace(full, test.from, test.to, 1)
		if other == full {
			t.Fatalf("%q is not there", test.from)
		}
		old, now := parsed(t, full), parsed(t, other)
		for _, way := range []struct {
			list []change
			want string
		}{{compare(old, now), test.there}, {compare(now, old), test.back}} {
			got := ""
			for _, ch := range way.list {
				is := string(ch.Effect)
				if ch.Ask {
					is = asks(ch.Effect)
				}
				if got == "" || ch.Ask {
					got = is
				}
			}
			if got != way.want {
				t.Errorf("%q, %q: it is %q, want %q: %+v", test.from, test.to, got, way.want, way.list)
			}
		}
	}
}
