package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// document is one file being read, and what was found wrong with it.
type document struct {
	file     string
	root     map[string]any
	lines    map[string]int // of each path, "env.0.name"
	problems []problem
}

// problem is one thing that is wrong.
type problem struct {
	file string
	line int
	msg  string
}

func (p problem) Error() string { return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.msg) }

// newDocument reads TOML into maps, because go-toml does not tell "Name" from
// "name" when it fills a struct.
func newDocument(file string, data []byte) (*document, error) {
	d := &document{file: file}
	if err := toml.Unmarshal(data, &d.root); err != nil {
		line := 1
		var syntax *toml.DecodeError
		if errors.As(err, &syntax) {
			line, _ = syntax.Position()
		}
		return nil, problem{file, line, strings.TrimPrefix(err.Error(), "toml: ")}
	}
	d.lines = lines(data)
	return d, nil
}

// fail notes a problem at a path, or at the closest thing around it.
func (d *document) fail(path, format string, args ...any) {
	line := 1
	for at := path; ; {
		if n, ok := d.lines[at]; ok {
			line = n
			break
		}
		dot := strings.LastIndexByte(at, '.')
		if dot < 0 {
			break
		}
		at = at[:dot]
	}
	d.problems = append(d.problems, problem{d.file, line, fmt.Sprintf(format, args...)})
}

// err is everything that was found, in the order of the file, or nil.
func (d *document) err() error {
	slices.SortStableFunc(d.problems, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	var all []error
	for _, p := range slices.Compact(d.problems) {
		all = append(all, p)
	}
	return errors.Join(all...)
}

// lines finds where every table and key of a valid TOML file stands.
func lines(data []byte) map[string]int {
	found := map[string]int{}
	counts := map[string]int{}
	prefix := ""
	var p unstable.Parser
	p.Reset(data)
	for p.NextExpression() {
		e := p.Expression()
		path, line := keyPath(&p, e, prefix)
		switch e.Kind {
		case unstable.Table:
			path, line = keyPath(&p, e, "")
			prefix = path
		case unstable.ArrayTable:
			path, line = keyPath(&p, e, "")
			prefix = fmt.Sprintf("%s.%d", path, counts[path])
			counts[path]++
			path = prefix
		}
		if _, known := found[path]; !known {
			found[path] = line
		}
	}
	return found
}

// keyPath is the path that an expression's key spells below prefix, and its line.
func keyPath(p *unstable.Parser, e *unstable.Node, prefix string) (path string, line int) {
	path = prefix
	for it := e.Key(); it.Next(); {
		path = join(path, string(it.Node().Data))
		line = p.Shape(it.Node().Raw).Start.Line
	}
	return path, line
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// table reads the keys of one TOML table and remembers which were asked for, so
// that [table.done] can report the others.
type table struct {
	doc  *document
	path string
	vals map[string]any
	used []string
}

func (t *table) fail(key, format string, args ...any) {
	t.doc.fail(join(t.path, key), format, args...)
}

// take finds a value and reports one of the wrong type.
func take[T any](t *table, key, want string) (value T, ok bool) {
	t.used = append(t.used, key)
	raw, ok := t.vals[key]
	if !ok {
		return value, false
	}
	if value, ok = raw.(T); !ok {
		t.fail(key, "%s is not %s", key, want)
	}
	return value, ok
}

// has takes a string and tells whether it is there.
func (t *table) has(key string) (string, bool) { return take[string](t, key, "a string") }

// str is a string that, if it is there, has to say something.
func (t *table) str(key string) string {
	s, ok := t.has(key)
	switch {
	case ok && strings.TrimSpace(s) == "":
		t.fail(key, "%s is empty: leave it out", key)
	case s != strings.TrimSpace(s):
		t.fail(key, "%s begins or ends with a space", key)
	}
	return s
}

// text is a string that has to be there.
func (t *table) text(key string) string {
	if _, there := t.vals[key]; !there {
		t.missing(key)
	}
	return t.str(key)
}

func (t *table) missing(key string) { t.doc.fail(t.path, "%s is missing", key) }

// choice is one of the words given, or "" if it is not there.
func choice[T ~string](t *table, key string, words ...T) T {
	s, ok := t.has(key)
	if ok && !slices.Contains(words, T(s)) {
		var list []string
		for _, w := range words {
			list = append(list, string(w))
		}
		t.fail(key, "%s is %q, not one of %s", key, s, strings.Join(list, ", "))
	}
	return T(s)
}

func (t *table) flag(key string) bool {
	b, _ := take[bool](t, key, "a boolean")
	return b
}

func (t *table) strings(key string) []string {
	raw, ok := take[[]any](t, key, "a list of strings")
	if ok && len(raw) == 0 {
		t.fail(key, "%s is empty: leave it out", key)
	}
	var list []string
	for _, e := range raw {
		s, ok := e.(string)
		switch {
		case !ok:
			t.fail(key, "%s holds something that is not a string", key)
		case slices.Contains(list, s):
			t.fail(key, "%s holds %q twice", key, s)
		default:
			list = append(list, s)
		}
	}
	return list
}

// sub is the table under key; one without keys if it is not there.
func (t *table) sub(key string) *table {
	vals, _ := take[map[string]any](t, key, "a table")
	return &table{doc: t.doc, path: join(t.path, key), vals: vals}
}

// subs is the list of tables under key.
func (t *table) subs(key string) []*table {
	raw, _ := take[[]any](t, key, "a list of tables")
	var list []*table
	for i, e := range raw {
		vals, ok := e.(map[string]any)
		if !ok {
			t.fail(key, "%s holds something that is not a table", key)
			continue
		}
		list = append(list, &table{doc: t.doc, path: fmt.Sprintf("%s.%d", join(t.path, key), i), vals: vals})
	}
	return list
}

// done reports the keys that nobody asked for.
func (t *table) done() {
	for key := range t.vals {
		if !slices.Contains(t.used, key) {
			slices.Sort(t.used)
			t.fail(key, "unknown key %s; known here: %s", key, strings.Join(slices.Compact(t.used), ", "))
		}
	}
}
