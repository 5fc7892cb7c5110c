package tomldoc

import (
	"cmp"
	"slices"
)

// Problems returns everything that was found and is not wrong only because something else
// is. It is in the order of the file, except that what is missing comes after the keys of
// the same table that are not known: one of them may be meant for it.
func (d *Document) Problems() []Problem {
	if len(d.found) == 0 {
		return nil
	}
	type placed struct {
		Problem
		order int
	}
	places := positions(d.data)
	starts := lineStarts(d.data)
	var list []placed
	for _, f := range d.found {
		if d.follows(f) {
			continue
		}
		at := places.nearest(f.path)
		line, column := place(starts, at)
		list = append(list, placed{Problem{line, column, f.kind, f.msg}, max(at, d.unknownBeside(f, places))})
	}
	slices.SortStableFunc(list, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.order, b.order), -cmp.Compare(a.Line, b.Line), -cmp.Compare(a.Column, b.Column))
	})
	problems := make([]Problem, len(list))
	for i, p := range list {
		problems[i] = p.Problem
	}
	return slices.Compact(problems)
}

// place is the line and the column of an offset.
func place(starts []int, at int) (line, column int) {
	line, _ = slices.BinarySearch(starts, at+1)
	return line, at - starts[line-1] + 1
}

// unknownBeside is the place of the last key that is not known in the table in which
// something is missing; -1 if there is none.
func (d *Document) unknownBeside(f finding, places places) int {
	last := -1
	if f.wanted == nil {
		return last
	}
	table := f.path
	for len(table) > 0 && places[pathKey(table)] == 0 { // a table that is missing is so in the one around it
		table = table[:len(table)-1]
	}
	for _, path := range d.unknown {
		if slices.Equal(path[:len(path)-1], table) {
			last = max(last, places.nearest(path))
		}
	}
	return last
}

// follows reports whether something is only wrong because something else is.
func (d *Document) follows(f finding) bool {
	in := func(list [][]any, path []any) bool {
		return slices.ContainsFunc(list, func(p []any) bool { return begins(path, p) })
	}
	if in(d.misspelt, f.path) || in(d.misspelt, f.wanted) || in(d.mistyped, f.wanted) {
		return true
	}
	if f.relies == nil {
		return false
	}
	touches := func(path []any) bool {
		keys := keysOf(path)
		return len(keys) > 0 && (begins(keys, f.relies) || begins(f.relies, keys))
	}
	return slices.ContainsFunc(d.misspelt, touches) || slices.ContainsFunc(d.doubled, touches) ||
		slices.ContainsFunc(d.found, func(o finding) bool { return touches(o.about()) })
}

// about is the path of what is wrong: of what is missing, or of what is there.
func (f finding) about() []any {
	if f.wanted != nil {
		return f.wanted
	}
	return f.path
}

// begins reports whether a path leads to, or through, what another one leads to.
func begins(path, with []any) bool {
	return len(path) >= len(with) && slices.Equal(path[:len(with)], with)
}

// keysOf are the keys of a path, without the indexes in lists.
func keysOf(path []any) []any {
	var keys []any
	for _, step := range path {
		if _, isKey := step.(string); isKey {
			keys = append(keys, step)
		}
	}
	return keys
}
