// Package tomldoc reads files of TOML strictly: each key is asked for by its name and
// type, keys that nobody asked for are errors, and every error has its line and column.
//
// A reader takes the [Document.Root] table, asks it and the tables below it for what
// may be there, ends each with [Table.Done], and then looks at [Document.Problems]:
// whatever is wrong is noted, and reading goes on with a zero value, so that a person
// sees all of it at once. The reader notes what it minds itself with [Table.Fail]. What is
// wrong only because something else is, such as a table that seems to be missing since its
// name is misspelled, is left out: a person mends causes.
//
// Places are looked up only when something is wrong, because each send reads a
// manifest and few manifests have errors.
//
// A document and its tables are for one goroutine.
package tomldoc

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/usagectl/usagectl/internal/suggest"
)

// Problem is one thing that is wrong with a document.
type Problem struct {
	Line   int // from 1; 0 if the whole file is meant
	Column int // from 1, in bytes; 0 if the whole file is meant
	Kind   string
	Msg    string
}

// The kinds of problems that this package finds itself and that a reader may want to tell from the
// others, which have none. See [Table.As] for those of readers.
const (
	Syntax = "syntax" // the file is no TOML
	// Lookalike is a value of the wrong type that is the right one once it is JSON: a float without
	// a fraction for an integer, a date for a string.
	Lookalike = "lookalike"
)

// Document is a file that is being read, and what was found wrong with it so far.
type Document struct {
	// Brief has messages name a key without its tables, and a value of the wrong type
	// without its own: for files in which the line alone says enough.
	Brief bool

	data     []byte
	root     map[string]any
	found    []finding
	misspelt [][]any // the paths of keys that are there under another name only
	doubled  [][]any // likewise of those that are there under their own name too
	mistyped [][]any // the paths of values of the wrong type
	unknown  [][]any // the paths of keys that nobody asked for
}

// finding is a message about the path of keys and list indexes that leads to a thing.
type finding struct {
	path   []any
	kind   string
	msg    string
	wanted []any // the path of the key whose absence this is about
	relies []any // the keys, of which the last may be in a list, without which this is not known
}

// Parse reads a file, which has one problem if it is no TOML. It makes maps of it,
// because go-toml does not tell "Name" from "name" when it fills a struct.
func Parse(data []byte) (*Document, *Problem) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // the mark that some editors put before UTF-8
	d := &Document{data: data}
	if err := toml.Unmarshal(data, &d.root); err != nil {
		p := &Problem{Kind: Syntax, Msg: strings.TrimPrefix(err.Error(), "toml: ")}
		var syntax *toml.DecodeError
		if errors.As(err, &syntax) {
			p.Line, p.Column = syntax.Position()
			p.Msg += bareValue(data, p.Line)
		}
		return nil, p
	}
	return d, nil
}

// bareValue is a remark about a value on a line that is no TOML, if it is a text without
// quotes or a boolean of another language; else "".
func bareValue(data []byte, line int) string {
	lines := strings.Split(string(data), "\n")
	key, value, found := strings.Cut(lines[min(line, len(lines))-1], "=")
	value, _, _ = strings.Cut(value, "#")
	value = strings.TrimSpace(value)
	small := strings.ToLower(value)
	switch {
	case !found || strings.ContainsAny(strings.TrimSpace(key), " \t:") || value == "" || !unicode.IsLetter(rune(value[0])) && value[0] != '~' && value[0] != '/':
		return ""
	case small == value && (value == "true" || value == "false") || strings.ContainsAny(value, "\"'[]{}"):
		return ""
	case small == "true" || small == "false":
		return ": write " + small
	}
	return fmt.Sprintf(": a text needs quotes: %q", value)
}

// First returns the first key of the file, as it is written before any dot; "" if the file
// begins with a table or has no key.
func (d *Document) First() string {
	var p unstable.Parser
	p.Reset(d.data)
	if !p.NextExpression() || p.Expression().Kind != unstable.KeyValue {
		return ""
	}
	key := p.Expression().Key()
	key.Next()
	return string(key.Node().Data)
}

// Root returns the table that is the whole file.
func (d *Document) Root() *Table { return d.table(nil, d.root) }

func (d *Document) table(path []any, vals map[string]any) *Table {
	return &Table{doc: d, path: path, vals: vals, used: make([]string, 0, 20)}
}

// Table is one table of a document. It remembers the keys that it was asked for, so
// that [Table.Done] can report the others. A table that is not there has no keys.
type Table struct {
	doc  *Document
	path []any
	vals map[string]any // nil if the table is not there
	used []string

	relies []any  // see [Table.Relying]
	kind   string // see [Table.As]
}

// Exists reports whether the file has the table.
func (t *Table) Exists() bool { return t.vals != nil }

// Has reports whether the key is there, with a value of any type.
func (t *Table) Has(key string) bool { _, ok := t.vals[key]; return ok }

// Empty reports whether there is a list under the key, without elements.
func (t *Table) Empty(key string) bool {
	list, ok := t.vals[key].([]any)
	return ok && len(list) == 0
}

// Keys returns the keys that are there, sorted.
func (t *Table) Keys() []string { return slices.Sorted(maps.Keys(t.vals)) }

// Value returns the value under the key as go-toml has it, or nil.
func (t *Table) Value(key string) any { return t.vals[key] }

// Name spells a key with its table for messages: "[tool] purpose".
func (t *Table) Name(key string) string {
	if len(t.path) == 0 || t.doc.Brief {
		return key
	}
	return fmt.Sprintf("[%s] %s", strings.Join(t.names(), "."), key)
}

// Path spells the keys that lead to the table: "consent.refuse"; "" for the whole file.
func (t *Table) Path() string { return strings.Join(t.names(), ".") }

// names are the keys that lead to the table.
func (t *Table) names() []string {
	var names []string
	for _, key := range keysOf(t.path) {
		names = append(names, key.(string))
	}
	return names
}

// At is the place of what the keys and list indexes lead to, or of the closest thing around it that
// is in the file: its line and column, as in a [Problem].
func (d *Document) At(path ...any) (line, column int) {
	return place(lineStarts(d.data), positions(d.data).nearest(path))
}

// Fail notes that something is wrong with what is under the key, or with the table if
// the key is not there.
func (t *Table) Fail(key, format string, args ...any) { t.fail(t.at(key), format, args...) }

// Sound reports whether nothing was found wrong so far with what is under the key.
func (t *Table) Sound(key string) bool {
	at := pathKey(t.at(key))
	return !slices.ContainsFunc(t.doc.found, func(f finding) bool { return strings.HasPrefix(pathKey(f.path), at) })
}

// FailElement is [Table.Fail] for an element of the list under the key, from 0.
func (t *Table) FailElement(key string, i int, format string, args ...any) {
	t.fail(append(t.at(key), i), format, args...)
}

// FailTable is [Table.Fail] for the table itself.
func (t *Table) FailTable(format string, args ...any) { t.fail(t.path, format, args...) }

func (t *Table) fail(path []any, format string, args ...any) {
	t.doc.found = append(t.doc.found, finding{path: path, kind: t.kind, msg: fmt.Sprintf(format, args...), relies: t.relies})
}

// Missing notes that a key has to be there and is not.
func (t *Table) Missing(key string) { t.FailMissing(key, "%s is missing", t.Name(key)) }

// FailMissing is [Table.Missing] in other words.
func (t *Table) FailMissing(key, format string, args ...any) {
	t.doc.found = append(t.doc.found, finding{path: t.path, kind: t.kind, msg: fmt.Sprintf(format, args...), wanted: t.at(key)})
}

// Relying is the table for problems that are none if the value below some keys of the file
// is another: the names in a list of tables, how many levels there are. They are left out
// if something is wrong with that value, or with what holds it.
func (t *Table) Relying(keys ...any) *Table {
	relying := *t
	relying.relies = keys
	return &relying
}

// As is the table for problems of a kind.
func (t *Table) As(kind string) *Table {
	as := *t
	as.kind = kind
	return &as
}

func (t *Table) at(key string) []any { return append(slices.Clip(slices.Clone(t.path)), key) }

// Use marks a key as known without reading it.
func (t *Table) Use(key string) { t.used = append(t.used, key) }

// Take returns the value under the key, if it is there and of the type T, which is one
// of go-toml's: string, bool, int64, float64, []any, map[string]any. Another type is a
// problem; want is how people call the right one: "a string".
func Take[T any](t *Table, key, want string) (value T, ok bool) {
	t.Use(key)
	raw, ok := t.vals[key]
	if !ok {
		return value, false
	}
	value, ok = raw.(T)
	if !ok {
		t.doc.mistyped = append(t.doc.mistyped, t.at(key))
	}
	switch wrong := t.As(LooksLike(raw, value)); {
	case ok:
	case t.doc.Brief:
		wrong.Fail(key, "%s is not %s", t.Name(key), want)
	default:
		wrong.Fail(key, "%s is %s, not %s", t.Name(key), Kind(raw), want)
	}
	return value, ok
}

// LooksLike is [Lookalike] for a value that JSON writes as it writes one of the wanted type; else "".
func LooksLike(raw, wanted any) string {
	f, isFloat := raw.(float64)
	_, wantsInt := wanted.(int64)
	_, wantsString := wanted.(string)
	if wantsInt && isFloat && f == math.Trunc(f) || wantsString && Kind(raw) == dateOrTime {
		return Lookalike
	}
	return ""
}

// String returns the string under the key, or "".
func (t *Table) String(key string) string {
	s, _ := Take[string](t, key, "a string")
	return s
}

// Bool returns the boolean under the key, or false.
func (t *Table) Bool(key string) bool {
	b, _ := Take[bool](t, key, "a boolean")
	return b
}

// Strings returns the list of strings under the key; nil if it is not there.
func (t *Table) Strings(key string) []string {
	raw, ok := Take[[]any](t, key, "a list of strings")
	if !ok {
		return nil
	}
	list := []string{}
	for i, e := range raw {
		s, ok := e.(string)
		if !ok {
			t.oddElement(key, i, "string")
			continue
		}
		list = append(list, s)
	}
	return list
}

// oddElement notes that an element of a list has another type than all of them must have.
func (t *Table) oddElement(key string, i int, want string) {
	if t.doc.Brief {
		t.Fail(key, "%s holds something that is not a %s", t.Name(key), want)
		return
	}
	element := t.vals[key].([]any)[i]
	kind := ""
	if want == "string" {
		kind = LooksLike(element, "")
	}
	t.As(kind).FailElement(key, i, "%s holds %s; all of it must be %ss", t.Name(key), Kind(element), want)
}

// Table returns the table under the key, which may not be there.
func (t *Table) Table(key string) *Table {
	vals, _ := Take[map[string]any](t, key, "a table")
	return t.doc.table(t.at(key), vals)
}

// MaxTables is how many tables a list can have. It bounds what a reader compares each with each: the fields of a manifest.
const MaxTables = 1000

// Tables returns the list of tables under the key, of which a file may have 1000.
func (t *Table) Tables(key string) []*Table {
	want := "a list of tables"
	if _, isTable := t.vals[key].(map[string]any); isTable && !t.doc.Brief {
		want = fmt.Sprintf("a list of tables: write [[%s]]", strings.Join(append(t.names(), key), "."))
	}
	raw, _ := Take[[]any](t, key, want)
	if len(raw) > MaxTables {
		t.Fail(key, "%s has %d entries, more than %d", t.Name(key), len(raw), MaxTables)
		return nil
	}
	var list []*Table
	for i, e := range raw {
		vals, ok := e.(map[string]any)
		if !ok {
			t.oddElement(key, i, "table")
			continue
		}
		list = append(list, t.doc.table(append(t.at(key), i), vals))
	}
	return list
}

// Done notes each key that nobody asked for, with the one that may be meant.
func (t *Table) Done() {
	for key := range t.vals {
		if slices.Contains(t.used, key) {
			continue
		}
		known := slices.Compact(slices.Sorted(slices.Values(t.used)))
		t.Fail(key, "unknown key %s%s; known here: %s", t.Name(key), t.meant(key, known), strings.Join(known, ", "))
		t.doc.unknown = append(t.doc.unknown, t.at(key))
	}
}

// meant is a remark with the known key that may be meant by one that is not, or "".
func (t *Table) meant(key string, known []string) string {
	if meant := suggest.Meant(key, slices.DeleteFunc(slices.Clone(known), t.Has)); meant != "" {
		t.doc.misspelt = append(t.doc.misspelt, t.at(meant))
		return fmt.Sprintf(" (did you mean %q?)", meant)
	}
	if meant := suggest.Meant(key, slices.DeleteFunc(slices.Clone(known), func(k string) bool { return !t.Has(k) })); meant != "" {
		t.doc.doubled = append(t.doc.doubled, t.at(meant))
		return fmt.Sprintf(" (did you mean %q, which is here too?)", meant)
	}
	return ""
}

// Kind is how people call the type of a value: "a string".
func Kind(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return dateOrTime
}

const dateOrTime = "a date or time"
