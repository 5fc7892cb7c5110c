package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/tomldoc"
)

// problem is one thing that is wrong with a file.
type problem struct {
	file string
	line int
	msg  string
}

func (p problem) Error() string { return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.msg) }

// inFile is what is wrong with a file, as one error; nil if nothing is.
func inFile(file string, problems ...tomldoc.Problem) error {
	var all []error
	for _, p := range problems {
		all = append(all, problem{file, max(p.Line, 1), p.Msg})
	}
	return errors.Join(all...)
}

// table is a table of a tool's file. Below are the values that only those have.
type table = tomldoc.Table

// given takes a string and reports whether it is there.
func given(t *table, key string) (string, bool) { return tomldoc.Take[string](t, key, "a string") }

// str is a string that, if it is there, has to say something.
func str(t *table, key string) string {
	s, ok := given(t, key)
	switch {
	case ok && strings.TrimSpace(s) == "":
		t.Fail(key, "%s is empty: leave it out", key)
	case s != strings.TrimSpace(s):
		t.Fail(key, "%s begins or ends with a space", key)
	}
	return s
}

// text is a string that has to be there.
func text(t *table, key string) string {
	if !t.Has(key) {
		t.Missing(key)
	}
	return str(t, key)
}

// choice is one of the words given, or "" if it is not there.
func choice[T ~string](t *table, key string, words ...T) T {
	s, ok := given(t, key)
	if ok && !slices.Contains(words, T(s)) {
		var list []string
		for _, w := range words {
			list = append(list, string(w))
		}
		t.Fail(key, "%s is %q, not one of %s", key, s, strings.Join(list, ", "))
	}
	return T(s)
}

// words is a list of strings that, if it is there, has some, each of them once.
func words(t *table, key string) []string {
	all := t.Strings(key)
	if t.Empty(key) {
		t.Fail(key, "%s is empty: leave it out", key)
	}
	var list []string
	for _, s := range all {
		if slices.Contains(list, s) {
			t.Fail(key, "%s holds %q twice", key, s)
			continue
		}
		list = append(list, s)
	}
	return list
}
