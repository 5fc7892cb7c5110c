package tomldoc

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const file = `name = 1
lst = ["a",
  2]

[[row]]
size = "big"

[[row]]
bogus = 1
other = 2
nested.key = true
`

// read asks the file for what it should have.
func read(d *Document) string {
	root := d.Root()
	root.String("name")
	root.Bool("on")
	root.Strings("lst")
	for _, row := range root.Tables("row") {
		Take[int64](row, "size", "an integer")
		row.String("size")
		row.Table("nested").Done()
		row.Done()
	}
	root.Missing("purpose")
	root.Done()
	var b strings.Builder
	for _, p := range d.Problems() {
		fmt.Fprintf(&b, "%d:%d: %s\n", p.Line, p.Column, p.Msg)
	}
	return b.String()
}

// TestProblems holds that everything is found at once, each in its place and once.
func TestProblems(t *testing.T) {
	for _, test := range []struct {
		brief bool
		want  string
	}{
		{false, `1:1: name is an integer, not a string
1:1: purpose is missing
3:3: lst holds an integer; all of it must be strings
6:1: [row] size is a string, not an integer
9:1: unknown key [row] bogus; known here: nested, size
10:1: unknown key [row] other; known here: nested, size
11:8: unknown key [row.nested] key; known here: 
`},
		{true, `1:1: name is not a string
1:1: purpose is missing
2:1: lst holds something that is not a string
6:1: size is not an integer
9:1: unknown key bogus; known here: nested, size
10:1: unknown key other; known here: nested, size
11:8: unknown key key; known here: 
`},
	} {
		d, bad := Parse([]byte(file))
		if bad != nil {
			t.Fatal(bad)
		}
		d.Brief = test.brief
		if got := read(d); got != test.want {
			t.Errorf("brief %t: got\n%s\nwant\n%s", test.brief, got, test.want)
		}
	}
}

// TestNoTOML holds that what is no TOML has its one problem, with the place.
func TestNoTOML(t *testing.T) {
	d, bad := Parse([]byte("a = 1\nb : 2\n"))
	if d != nil || bad == nil || bad.Line != 2 || bad.Column != 3 || strings.HasPrefix(bad.Msg, "toml: ") {
		t.Errorf("got %+v, %+v", d, bad)
	}
}

// TestAbsent holds that a table which is not there can be asked for anything.
func TestAbsent(t *testing.T) {
	d, _ := Parse(nil)
	none := d.Root().Table("none")
	if none.Exists() || none.String("a") != "" || none.Strings("b") != nil || none.Table("c").Tables("d") != nil || none.Empty("e") || len(none.Keys()) > 0 {
		t.Error("something is there")
	}
	if p := d.Problems(); p != nil {
		t.Errorf("that is a problem: %v", p)
	}
}

// TestKinds holds that a reader can tell kinds of problems apart, and which this package finds itself.
func TestKinds(t *testing.T) {
	doc, bad := Parse([]byte("a = 1.0\nb = 1.5\nc = 1979-05-27\nd = [\"x\", 1979-05-27, 1]\n[e]\nf = 1\n"))
	if bad != nil {
		t.Fatal(bad)
	}
	root := doc.Root()
	for _, key := range []string{"a", "b", "c"} {
		Take[int64](root, key, "an integer")
	}
	root.String("c")
	root.Strings("d")
	e := root.Table("e")
	e.As("odd").Fail("f", "%s is odd", e.Name("f"))
	e.Fail("f", "and even")
	var got []string
	for _, p := range doc.Problems() {
		got = append(got, fmt.Sprintf("%d:%d %s: %s", p.Line, p.Column, p.Kind, p.Msg))
	}
	want := []string{
		"1:1 lookalike: a is a float, not an integer",
		"2:1 : b is a float, not an integer",
		"3:1 : c is a date or time, not an integer",
		"3:1 lookalike: c is a date or time, not a string",
		"4:11 lookalike: d holds a date or time; all of it must be strings",
		"4:23 : d holds an integer; all of it must be strings",
		"6:1 odd: [e] f is odd",
		"6:1 : and even",
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, bad := Parse([]byte("a = ")); bad == nil || bad.Kind != Syntax {
		t.Errorf("%+v", bad)
	}
	for _, c := range []struct {
		path         []any
		line, column int
	}{{[]any{"e", "f"}, 6, 1}, {[]any{"e", "g"}, 5, 2}, {[]any{"d", 2}, 4, 23}, {[]any{"z"}, 1, 1}} {
		if line, column := doc.At(c.path...); line != c.line || column != c.column {
			t.Errorf("%v is at %d:%d", c.path, line, column)
		}
	}
	if e.Path() != "e" || root.Path() != "" {
		t.Errorf("%q, %q", e.Path(), root.Path())
	}
}
