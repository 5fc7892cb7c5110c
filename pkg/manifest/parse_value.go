package manifest

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/suggest"
	"github.com/usagectl/usagectl/internal/tomldoc"
)

// table is a table of a manifest. Below are the values that only manifests have.
type table = tomldoc.Table

// as is the table for mistakes of a kind.
func as(t *table, kind Kind) *table { return t.As(string(kind)) }

// text is a string that has to be there and has to say something.
func text(t *table, key string) string {
	s, ok := tomldoc.Take[string](t, key, "a string")
	switch {
	case !t.Has(key):
		t.Missing(key)
	case ok && strings.TrimSpace(s) == "":
		t.Fail(key, "%s is empty", t.Name(key))
		return ""
	}
	return s
}

// count is a whole number within the bounds of its key; 0 if it is not there.
func count(t *table, key string) int {
	spec := keyIn(t.Path(), key)
	return countUpTo(t, key, spec.Max)
}

// countUpTo is [count] with a bound that may be lower than that of the key.
func countUpTo(t *table, key string, most int) int {
	spec := keyIn(t.Path(), key)
	n, ok := tomldoc.Take[int64](t, key, "an integer")
	if ok && (n < int64(spec.Min) || n > int64(most)) {
		kind := KindForm
		if int64(most) < n && n <= int64(spec.Max) {
			kind = KindReference
		}
		as(t, kind).Fail(key, "%s is %d, not from %d to %d", t.Name(key), n, spec.Min, most)
		return 0
	}
	return int(n)
}

// bound is a number that a value is compared with; nil if it is not there.
func bound(t *table, key string) *float64 {
	const exact = 1 << 53 // every int up to here is a float64
	n, isInt := t.Value(key).(int64)
	f, isFloat := t.Value(key).(float64)
	switch {
	case isInt:
		f = float64(n)
	case !isFloat:
		tomldoc.Take[float64](t, key, "a number")
		return nil
	}
	t.Use(key)
	if math.IsNaN(f) || math.IsInf(f, 0) || isInt && (n < -exact || n > exact) {
		as(t, KindLookalike).Fail(key, "%s is %v, which is no bound: it must be finite and, if an integer, not beyond ±2^53", t.Name(key), t.Value(key))
		return nil
	}
	return &f
}

// oneOf is one of the words of a key; the first of them if the key is not there.
func oneOf(t *table, key string) string {
	words := wordsOf(t.Path(), key)
	if yes, isBool := t.Value(key).(bool); isBool { // which says what is meant
		t.Use(key)
		t.Fail(key, "%s is %t, not one of %s%s", t.Name(key), yes, strings.Join(words, ", "), perhaps(fmt.Sprint(yes), words))
		return words[0]
	}
	s, ok := tomldoc.Take[string](t, key, "a string")
	if ok && !slices.Contains(words, s) {
		t.Fail(key, "%s is %s, not one of %s%s", t.Name(key), Quote(s), strings.Join(words, ", "), perhaps(s, words))
	}
	if !ok || !slices.Contains(words, s) {
		return words[0]
	}
	return s
}

// goesWith reports those keys that are there although another key has, or without a word
// means, another word than the one with which they go.
func goesWith(t *table, other string) {
	given, isString := t.Value(other).(string)
	if t.Has(other) && !isString {
		return
	}
	for _, key := range strays(t, other, given) {
		spec := keyIn(t.Path(), key)
		word := spec.With[slices.IndexFunc(spec.With, func(c Condition) bool { return c.Key == other })].Words[0]
		if t.Has(other) {
			t.Fail(key, "%s goes with %s = %q, not with %q", t.Name(key), other, word, given)
		} else {
			t.Fail(key, "%s goes with %s = %q, and there is no %s", t.Name(key), other, word, other)
		}
		t.Use(key)
	}
}

// isOneOf reports whether a key is not there or is one of its words. If not,
// [oneOf] has said so, and what depends on the word is not known.
func isOneOf(t *table, key string) bool {
	s, isString := t.Value(key).(string)
	return !t.Has(key) || isString && slices.Contains(wordsOf(t.Path(), key), s)
}

// useAll marks keys as known that go with some word of another key, if nobody knows with
// which.
func useAll(t *table, keys ...string) {
	for _, key := range keys {
		t.Use(key)
	}
}

// inParentheses is a remark of [perhaps] in the middle of a sentence.
func inParentheses(remark string) string {
	if remark == "" {
		return ""
	}
	return " (" + strings.TrimPrefix(remark, "; ") + ")"
}

// perhaps is a remark with the word that may be meant, or "".
func perhaps(given string, words []string) string {
	if meant := suggest.Meant(given, words); meant != "" {
		return fmt.Sprintf("; did you mean %q?", meant)
	}
	return ""
}
