package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// Error is one thing that is wrong with a manifest.
type Error struct {
	File   string
	Line   int // from 1; 0 if the whole file is meant
	Column int // from 1, in bytes; 0 if the whole file is meant
	Msg    string
}

// Error spells the place as compilers do.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

// Errors is everything that is wrong with a manifest, in the order of the file.
// It is never empty.
type Errors []*Error

func (list Errors) Error() string {
	lines := make([]string, len(list))
	for i, e := range list {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// document is a TOML file being read: what go-toml made of it, and the problems
// found so far. Places are looked up only for an error, because every send
// reads a manifest and few manifests have errors.
type document struct {
	file     string
	data     []byte
	root     map[string]any
	problems []problem
}

// problem is an error at the path of keys and list indexes that leads to it.
type problem struct {
	path []any
	msg  string
}

func newDocument(file string, data []byte) (*document, error) {
	d := &document{file: file, data: data}
	if err := toml.Unmarshal(data, &d.root); err != nil {
		e := &Error{File: file, Msg: strings.TrimPrefix(err.Error(), "toml: ")}
		var syntax *toml.DecodeError
		if errors.As(err, &syntax) {
			e.Line, e.Column = syntax.Position()
		}
		return nil, Errors{e}
	}
	return d, nil
}

func (d *document) fail(path []any, format string, args ...any) {
	d.problems = append(d.problems, problem{path, fmt.Sprintf(format, args...)})
}

// err turns the problems into [Errors] with places, or into nil.
func (d *document) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	places := positions(d.data)
	starts := lineStarts(d.data)
	list := make(Errors, len(d.problems))
	for i, p := range d.problems {
		at := places.nearest(p.path)
		line, _ := slices.BinarySearch(starts, at+1)
		list[i] = &Error{d.file, line, at - starts[line-1] + 1, p.msg}
	}
	slices.SortStableFunc(list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(list, func(a, b *Error) bool { return *a == *b })
}

func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, c := range data {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// table reads the keys of one TOML table and remembers which were asked for, so
// that [table.done] can report the others.
type table struct {
	doc  *document
	path []any
	vals map[string]any
	used []string
}

func (d *document) table(path []any, vals map[string]any) *table {
	return &table{doc: d, path: path, vals: vals, used: make([]string, 0, 20)}
}

func (t *table) at(key string) []any { return append(slices.Clip(slices.Clone(t.path)), key) }

func (t *table) fail(key, format string, args ...any) {
	t.doc.fail(t.at(key), format, args...)
}

func (t *table) has(key string) bool { _, ok := t.vals[key]; return ok }

func (t *table) use(key string) { t.used = append(t.used, key) }

// take finds a value and reports one that has the wrong type.
func take[T any](t *table, key, want string) (value T, ok bool) {
	t.use(key)
	raw, ok := t.vals[key]
	if !ok {
		return value, false
	}
	value, ok = raw.(T)
	if !ok {
		t.fail(key, "%s is %s, not %s", t.name(key), tomlKind(raw), want)
	}
	return value, ok
}

func (t *table) str(key string) string {
	s, _ := take[string](t, key, "a string")
	return s
}

// text is a string that has to be there and has to say something.
func (t *table) text(key string) string {
	s, ok := take[string](t, key, "a string")
	switch {
	case !t.has(key):
		t.missing(key)
	case ok && strings.TrimSpace(s) == "":
		t.fail(key, "%s is empty", t.name(key))
		return ""
	}
	return s
}

// empty tells whether there is a list under key, without elements.
func (t *table) empty(key string) bool {
	list, ok := t.vals[key].([]any)
	return ok && len(list) == 0
}

func (t *table) missing(key string) {
	t.doc.fail(t.path, "%s is missing", t.name(key))
}

func (t *table) flag(key string) bool {
	b, _ := take[bool](t, key, "a boolean")
	return b
}

// count is a whole number from 1 to most; 0 if it is not there.
func (t *table) count(key string, most int) int {
	n, ok := take[int64](t, key, "an integer")
	if ok && (n < 1 || n > int64(most)) {
		t.fail(key, "%s is %d, not from 1 to %d", t.name(key), n, most)
		return 0
	}
	return int(n)
}

func (t *table) number(key string) *float64 {
	const exact = 1 << 53 // every int up to here is a float64
	n, isInt := t.vals[key].(int64)
	f, isFloat := t.vals[key].(float64)
	switch {
	case isInt:
		f = float64(n)
	case !isFloat:
		take[float64](t, key, "a number")
		return nil
	}
	t.use(key)
	if math.IsNaN(f) || math.IsInf(f, 0) || isInt && (n < -exact || n > exact) {
		t.fail(key, "%s is %v, which is no bound: it must be finite and, if an integer, not beyond ±2^53", t.name(key), t.vals[key])
		return nil
	}
	return &f
}

// oneOf is one of the words given; the first of them if the key is not there.
func (t *table) oneOf(key string, words ...string) string {
	s, ok := take[string](t, key, "a string")
	if ok && !slices.Contains(words, s) {
		t.fail(key, "%s is %s, not one of %s", t.name(key), Quote(s), strings.Join(words, ", "))
	}
	if !ok || !slices.Contains(words, s) {
		return words[0]
	}
	return s
}

func (t *table) strings(key string) []string {
	raw, ok := take[[]any](t, key, "a list of strings")
	if !ok {
		return nil
	}
	list := []string{}
	for i, e := range raw {
		s, ok := e.(string)
		if !ok {
			t.doc.fail(append(t.at(key), i), "%s holds %s; all of it must be strings", t.name(key), tomlKind(e))
			continue
		}
		list = append(list, s)
	}
	return list
}

// sub is the table under key; one without keys if it is not there.
func (t *table) sub(key string) *table {
	vals, _ := take[map[string]any](t, key, "a table")
	return t.doc.table(t.at(key), vals)
}

// maxTables bounds the events, the fields and the rules: each field is compared
// with every other.
const maxTables = 1000

// subs is the list of tables under key.
func (t *table) subs(key string) []*table {
	raw, _ := take[[]any](t, key, "a list of tables")
	if len(raw) > maxTables {
		t.fail(key, "%s has %d entries, more than %d", t.name(key), len(raw), maxTables)
		return nil
	}
	var list []*table
	for i, e := range raw {
		path := append(t.at(key), i)
		vals, ok := e.(map[string]any)
		if !ok {
			t.doc.fail(path, "%s holds %s; all of it must be tables", t.name(key), tomlKind(e))
			continue
		}
		list = append(list, t.doc.table(path, vals))
	}
	return list
}

// done reports the keys that nobody asked for.
func (t *table) done() {
	for key := range t.vals {
		if !slices.Contains(t.used, key) {
			slices.Sort(t.used)
			t.fail(key, "unknown key %s; known here: %s", t.name(key), strings.Join(slices.Compact(t.used), ", "))
		}
	}
}

// name spells a key with its table for messages: "[tool] purpose".
func (t *table) name(key string) string {
	var names []string
	for _, p := range t.path {
		if s, ok := p.(string); ok {
			names = append(names, s)
		}
	}
	if len(names) == 0 {
		return key
	}
	return fmt.Sprintf("[%s] %s", strings.Join(names, "."), key)
}

func tomlKind(v any) string {
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

// deepest is how many steps a path takes to the deepest thing that a message is
// about, with some to spare. Places below are not kept, because keys of a
// thousand dotted parts are valid TOML.
const deepest = 8

// places maps a path, spelled by [pathKey], to its offset in the file.
type places map[string]int

func pathKey(path []any) string {
	var b strings.Builder
	for _, p := range path {
		fmt.Fprintf(&b, "%v\x00", p)
	}
	return b.String()
}

// nearest is the place of the path, or of the closest thing around it.
func (p places) nearest(path []any) int {
	for n := len(path); n > 0; n-- {
		if at, ok := p[pathKey(path[:n])]; ok {
			return at
		}
	}
	return 0
}

// positions finds where every key of a valid TOML file stands.
func positions(data []byte) places {
	found := places{}
	counts := map[string]int{} // elements seen of each list of tables
	var p unstable.Parser
	p.Reset(data)
	var prefix []any
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table:
			prefix = found.key(e, nil, counts)
		case unstable.ArrayTable:
			prefix = found.key(e, nil, counts)
			list := pathKey(prefix)
			prefix = append(prefix, counts[list])
			counts[list]++
			found[pathKey(prefix)] = found[list]
		case unstable.KeyValue:
			found.keyValue(e, prefix, counts)
		}
	}
	return found
}

// key records the key of an expression below prefix and returns its path. Where
// it passes through a list of tables, TOML means the last element.
func (found places) key(e *unstable.Node, prefix []any, counts map[string]int) []any {
	path := slices.Clone(prefix)
	for it := e.Key(); it.Next() && len(path) < deepest; {
		if n := counts[pathKey(path)]; n > 0 && len(path) > 0 {
			path = append(path, n-1)
		}
		path = append(path, string(it.Node().Data))
		place := pathKey(path)
		if _, known := found[place]; !known || it.IsLast() { // [send.headers] is not where [send] stands
			found[place] = int(it.Node().Raw.Offset)
		}
	}
	return path
}

func (found places) keyValue(e *unstable.Node, prefix []any, counts map[string]int) {
	path := found.key(e, prefix, counts)
	found.value(e.Value(), path, counts)
}

func (found places) value(v *unstable.Node, path []any, counts map[string]int) {
	if len(path) >= deepest {
		return
	}
	switch v.Kind {
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			found.keyValue(it.Node(), path, counts)
		}
	case unstable.Array:
		i := 0
		for it := v.Children(); it.Next(); {
			if it.Node().Kind == unstable.Comment {
				continue
			}
			element := append(slices.Clone(path), i)
			if it.Node().Raw.Length > 0 {
				found[pathKey(element)] = int(it.Node().Raw.Offset)
			}
			found.value(it.Node(), element, counts)
			i++
		}
	}
}
