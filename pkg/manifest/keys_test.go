package manifest_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestKeysAreTheReaders holds that each table has the keys in [manifest.Keys], and no others: an unknown
// key in it makes the reader list those that it asked for.
func TestKeysAreTheReaders(t *testing.T) {
	asked := map[string][]string{}
	for _, transport := range wordsOf(t, "send", "transport") {
		for _, method := range wordsOf(t, "forget", "method") {
			for path, keys := range keysKnown(t, transport, method) {
				asked[path] = append(asked[path], keys...)
			}
		}
	}
	for _, table := range manifest.Keys() {
		want := []string{}
		for _, k := range table.Keys {
			want = append(want, k.Name)
		}
		for _, below := range manifest.Keys() {
			if name, ok := strings.CutPrefix(below.Name, table.Name+"."); ok || table.Name == "" && below.Name != "" && !strings.Contains(below.Name, ".") {
				want = append(want, strings.TrimPrefix(name, "."))
			}
		}
		slices.Sort(want)
		got := slices.Compact(slices.Sorted(slices.Values(asked[table.Name])))
		if !slices.Equal(got, want) {
			t.Errorf("[%s] is asked for %q, and the table has %q", table.Name, got, want)
		}
		delete(asked, table.Name)
	}
	for path := range asked {
		t.Errorf("no table says what is in [%s]", path)
	}
}

var known = regexp.MustCompile(`unknown key (?:\[([a-z.]+)\] )?zzz; known here: (.*)`)

// keysKnown are the keys that the reader asks each table for.
func keysKnown(t *testing.T, transport, method string) map[string][]string {
	t.Helper()
	const wrong = "zzz = 1\n"
	_, err := manifest.Parse("x", []byte(wrong+"schema = 1\n[tool]\n"+wrong+"[consent]\n"+wrong+"refuse = [{zzz = 1}]\ngrant = [{zzz = 1}]\n[identity]\n"+wrong+
		"[send]\ntransport = \""+transport+"\"\n"+wrong+"[exec]\n"+wrong+"[[event]]\n"+wrong+"[[field]]\n"+wrong+"[forget]\nmethod = \""+method+"\"\n"+wrong))
	var all manifest.Errors
	if !errors.As(err, &all) {
		t.Fatalf("%v", err)
	}
	list := map[string][]string{}
	for _, e := range all {
		if m := known.FindStringSubmatch(e.Msg); m != nil {
			list[m[1]] = strings.Split(m[2], ", ")
		}
	}
	return list
}

// wordsOf are the words of a key.
func wordsOf(t *testing.T, table, key string) []string {
	t.Helper()
	for _, k := range keysOf(t, table) {
		if k.Name == key {
			var words []string
			for _, w := range k.Words {
				words = append(words, w.Name)
			}
			return words
		}
	}
	t.Fatalf("there is no key %s in [%s]", key, table)
	return nil
}

func keysOf(t *testing.T, table string) []manifest.Key {
	t.Helper()
	for _, k := range manifest.Keys() {
		if k.Name == table {
			return k.Keys
		}
	}
	t.Fatalf("there is no table [%s]", table)
	return nil
}

// TestKeyTypesAreTheReaders holds that the reader refuses what is not of the type of a key, in the words
// of that type, and what the key's words do not list.
func TestKeyTypesAreTheReaders(t *testing.T) {
	for _, table := range manifest.Keys() {
		for _, k := range table.Keys {
			value, want := "1979-05-27", strings.Replace(string(k.Type), "a text", "a string", 1)
			switch k.Type {
			case manifest.KeyAny:
				want = "which a payload cannot hold"
			case manifest.KeyWords:
				want = "a list"
			case manifest.KeyHeaders:
				want = "a table"
			default:
				want = "is a date or time, not " + want
			}
			wantError(t, table, k, value, want)
			if len(k.Words) > 0 {
				for _, w := range k.Words {
					wantNoWord(t, table, k, strconv.Quote(w.Name))
				}
				wantError(t, table, k, `"zzzz"`, `"zzzz", `)
			}
			if k.Type == manifest.KeyInt {
				wantError(t, table, k, strconv.Itoa(k.Max+1), "is "+strconv.Itoa(k.Max+1))
				wantError(t, table, k, strconv.Itoa(k.Min-1), "is "+strconv.Itoa(k.Min-1))
			}
		}
	}
}

// wantError holds that the reader refuses a value of a key with these words.
func wantError(t *testing.T, table manifest.KeyTable, k manifest.Key, value, want string) {
	t.Helper()
	if err := errorsAbout(table, k, value); !strings.Contains(err, want) {
		t.Errorf("[%s] %s = %s: %s, want %q", table.Name, k.Name, value, err, want)
	}
}

// wantNoWord holds that the reader takes a word of a key.
func wantNoWord(t *testing.T, table manifest.KeyTable, k manifest.Key, value string) {
	t.Helper()
	if err := errorsAbout(table, k, value); strings.Contains(err, "not one of") || strings.Contains(err, "no source") {
		t.Errorf("[%s] %s = %s: %s", table.Name, k.Name, value, err)
	}
}

// errorsAbout is what the reader says of a key that has a value, among keys with which it goes.
func errorsAbout(table manifest.KeyTable, k manifest.Key, value string) string {
	line := fmt.Sprintf("%s = %s", k.Name, value)
	for _, c := range k.With {
		line += fmt.Sprintf("\n%s = %q", c.Key, c.Words[0])
	}
	if k.Name == "default" { // whose type is that of the field
		line += "\ntype = \"json\""
	}
	text := line
	switch inside, _ := strings.CutPrefix(table.Name, "consent."); {
	case table.Name == "":
	case inside != table.Name:
		text = fmt.Sprintf("schema = 1\n[consent]\n%s = [{%s}]", inside, line)
	case table.List:
		text = fmt.Sprintf("schema = 1\n[[%s]]\n%s", table.Name, line)
	default:
		text = fmt.Sprintf("schema = 1\n[%s]\n%s", table.Name, line)
	}
	_, err := manifest.Parse("x", []byte(text))
	var said []string
	var all manifest.Errors
	errors.As(err, &all)
	for _, e := range all {
		if e.Line > 1 || table.Name == "" {
			said = append(said, e.Msg)
		}
	}
	return strings.Join(said, "\n")
}

// TestKeyDefaults holds that the values of what is left out are those in the table.
func TestKeyDefaults(t *testing.T) {
	const fields = "[[field]]\nname = \"a\"\nfrom = \"host.user_hash\"\npurpose = \"p\"\n[[field]]\nname = \"b\"\ntype = \"string\"\npurpose = \"p\"\n"
	m, err := manifest.Parse("x", []byte(small+fields))
	if err != nil {
		t.Fatal(err)
	}
	n := len(m.Fields)
	for key, got := range map[string]any{
		"field level": m.Fields[n-1].Level, "field required": m.Fields[n-1].Required, "field length": m.Fields[n-2].Length,
		"field max_len": manifest.DefaultMaxLen, "event level": m.Events[0].Level, "consent dotenv": m.Consent.Dotenv,
		"consent default": m.Consent.Default, "field from": m.Fields[n-1].From,
	} {
		table, name, _ := strings.Cut(key, " ")
		for _, k := range keysOf(t, table) {
			if k.Name == name && k.Default != fmt.Sprint(got) {
				t.Errorf("[%s] %s is %v if it is left out, and the table says %s", table, name, got, k.Default)
			}
		}
	}
}
