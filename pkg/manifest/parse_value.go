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

// count is a whole number from 1 to most; 0 if it is not there.
func count(t *table, key string, most int) int {
	n, ok := tomldoc.Take[int64](t, key, "an integer")
	if ok && (n < 1 || n > int64(most)) {
		t.Fail(key, "%s is %d, not from 1 to %d", t.Name(key), n, most)
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
		t.Fail(key, "%s is %v, which is no bound: it must be finite and, if an integer, not beyond ±2^53", t.Name(key), t.Value(key))
		return nil
	}
	return &f
}

// oneOf is one of the words given; the first of them if the key is not there.
func oneOf(t *table, key string, words ...string) string {
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
func goesWith(t *table, other, word string, keys ...string) {
	for _, key := range keys {
		given, isString := t.Value(other).(string)
		switch {
		case !t.Has(key) || given == word || t.Has(other) && !isString:
			continue
		case !t.Has(other):
			t.Fail(key, "%s goes with %s = %q, and there is no %s", t.Name(key), other, word, other)
		default:
			t.Fail(key, "%s goes with %s = %q, not with %q", t.Name(key), other, word, given)
		}
		t.Use(key)
	}
}

// isOneOf reports whether a key is not there or is one of the words given. If not,
// [oneOf] has said so, and what depends on the word is not known.
func isOneOf(t *table, key string, words ...string) bool {
	s, isString := t.Value(key).(string)
	return !t.Has(key) || isString && slices.Contains(words, s)
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
