// Package tomldoc reads files of TOML strictly: each key is asked for by its name and
// type, keys that nobody asked for are errors, and every error has its line and column.
//
// A reader takes the [Document.Root] table, asks it and the tables below it for what
// may be there, ends each with [Table.Done], and then looks at [Document.Problems]:
// whatever is wrong is noted, and reading goes on with a zero value, so that a person
// sees all of it at once. The reader notes what it minds itself with [Table.Fail].
//
// Places are looked up only when something is wrong, because each send reads a
// manifest and few manifests have errors.
//
// A document and its tables are for one goroutine.
package tomldoc

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Problem is one thing that is wrong with a document.
type Problem struct {
	Line   int // from 1; 0 if the whole file is meant
	Column int // from 1, in bytes; 0 if the whole file is meant
	Msg    string
}

// Document is a file that is being read, and what was found wrong with it so far.
type Document struct {
	// Brief has messages name a key without its tables, and a value of the wrong type
	// without its own: for files in which the line alone says enough.
	Brief bool

	data  []byte
	root  map[string]any
	found []finding
}

// finding is a message about the path of keys and list indexes that leads to a thing.
type finding struct {
	path []any
	msg  string
}

// Parse reads a file, which has one problem if it is no TOML. It makes maps of it,
// because go-toml does not tell "Name" from "name" when it fills a struct.
func Parse(data []byte) (*Document, *Problem) {
	d := &Document{data: data}
	if err := toml.Unmarshal(data, &d.root); err != nil {
		p := &Problem{Msg: strings.TrimPrefix(err.Error(), "toml: ")}
		var syntax *toml.DecodeError
		if errors.As(err, &syntax) {
			p.Line, p.Column = syntax.Position()
		}
		return nil, p
	}
	return d, nil
}

// Root returns the table that is the whole file.
func (d *Document) Root() *Table { return d.table(nil, d.root) }

// Problems returns everything that was found, in the order of the file.
func (d *Document) Problems() []Problem {
	if len(d.found) == 0 {
		return nil
	}
	places := positions(d.data)
	starts := lineStarts(d.data)
	list := make([]Problem, len(d.found))
	for i, f := range d.found {
		at := places.nearest(f.path)
		line, _ := slices.BinarySearch(starts, at+1)
		list[i] = Problem{line, at - starts[line-1] + 1, f.msg}
	}
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(list)
}

func (d *Document) fail(path []any, format string, args ...any) {
	d.found = append(d.found, finding{path, fmt.Sprintf(format, args...)})
}

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
	var names []string
	for _, p := range t.path {
		if s, ok := p.(string); ok && !t.doc.Brief {
			names = append(names, s)
		}
	}
	if len(names) == 0 {
		return key
	}
	return fmt.Sprintf("[%s] %s", strings.Join(names, "."), key)
}

// Fail notes that something is wrong with what is under the key, or with the table if
// the key is not there.
func (t *Table) Fail(key, format string, args ...any) { t.doc.fail(t.at(key), format, args...) }

// FailElement is [Table.Fail] for an element of the list under the key, from 0.
func (t *Table) FailElement(key string, i int, format string, args ...any) {
	t.doc.fail(append(t.at(key), i), format, args...)
}

// FailTable is [Table.Fail] for the table itself.
func (t *Table) FailTable(format string, args ...any) { t.doc.fail(t.path, format, args...) }

// Missing notes that a key has to be there and is not.
func (t *Table) Missing(key string) { t.FailTable("%s is missing", t.Name(key)) }

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
	switch {
	case ok:
	case t.doc.Brief:
		t.Fail(key, "%s is not %s", t.Name(key), want)
	default:
		t.Fail(key, "%s is %s, not %s", t.Name(key), Kind(raw), want)
	}
	return value, ok
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
	t.FailElement(key, i, "%s holds %s; all of it must be %ss", t.Name(key), Kind(element), want)
}

// Table returns the table under the key, which may not be there.
func (t *Table) Table(key string) *Table {
	vals, _ := Take[map[string]any](t, key, "a table")
	return t.doc.table(t.at(key), vals)
}

// maxTables bounds what a reader compares each with each: the fields of a manifest.
const maxTables = 1000

// Tables returns the list of tables under the key, of which a file may have 1000.
func (t *Table) Tables(key string) []*Table {
	raw, _ := Take[[]any](t, key, "a list of tables")
	if len(raw) > maxTables {
		t.Fail(key, "%s has %d entries, more than %d", t.Name(key), len(raw), maxTables)
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

// Done notes each key that nobody asked for.
func (t *Table) Done() {
	for key := range t.vals {
		if !slices.Contains(t.used, key) {
			known := slices.Compact(slices.Sorted(slices.Values(t.used)))
			t.Fail(key, "unknown key %s; known here: %s", t.Name(key), strings.Join(known, ", "))
		}
	}
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
	return "a date or time"
}
