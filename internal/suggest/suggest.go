// Package suggest finds the name that somebody meant when they mistyped it: a
// command, a tool, an event, a key of a manifest.
package suggest

import (
	"slices"
	"strings"
)

// longest is the length, in bytes, from which on a name is not compared: nobody
// types such a one by mistake, and comparing takes time for each pair of letters.
const longest = 128

// Nearest returns the first of the known names that is fewest edits from the given
// one, without regard to case. At most two edits count, or a third of the given
// name's length in bytes; of one with three bytes or less only one, for nearly every
// short name is two edits from another. It returns "" if none is that near.
func Nearest(given string, known []string) string {
	return first(nearest(given, known, mostEdits(given)))
}

// mostEdits is how many edits a mistyped name can be from the one that was meant.
func mostEdits(given string) int {
	if len(given) <= 3 {
		return 1
	}
	return max(2, len(given)/3)
}

// Near returns all of the known names that are as near as [Nearest], and, if there are
// none, those of which the given one is a whole word: "azure" of "azure-cli". Each is
// named once, in the order given, and no more than most of them.
func Near(given string, known []string, most int) []string {
	near := nearest(given, known, mostEdits(given))
	if len(near) == 0 {
		near = withWord(strings.ToLower(given), known)
	}
	return near[:min(most, len(near))]
}

// Meant returns the word of a closed list that somebody meant: one that is called
// otherwise elsewhere ("integer" for "int"), else one of the same letters ("from" for
// "form"), else the nearest by one edit in three letters, else the first of which the given
// one is a part ("os" for "host.os"). It returns "" if there is none.
func Meant(given string, known []string) string {
	for _, group := range synonyms() {
		if slices.Contains(group, strings.ToLower(given)) {
			for _, word := range group {
				if slices.Contains(known, word) {
					return word
				}
			}
		}
	}
	for _, word := range known {
		if letters(word) == letters(given) {
			return word
		}
	}
	if near := first(nearest(given, known, max(1, len(given)/3))); near != "" {
		return near
	}
	return first(withWord(strings.ToLower(given), known))
}

// letters are those of a word, sorted and small.
func letters(word string) string {
	sorted := []byte(strings.ToLower(word))
	slices.Sort(sorted)
	return string(sorted)
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// synonyms are the words that other formats have for the words of a manifest, which are
// among them: those of JSON Schema, programming languages, and mail.
func synonyms() [][]string {
	return [][]string{
		{"int", "integer", "long", "int32", "int64", "uint", "count"},
		{"float", "number", "double", "real", "decimal", "float32", "float64"},
		{"bool", "boolean", "flag"},
		{"string", "str", "text", "varchar", "uuid", "date", "datetime"},
		{"strings", "array", "list", "[]string", "set", "tags"},
		{"json", "object", "dict", "map", "struct", "any"},
		{"rfc3339", "iso", "iso8601", "iso-8601", "rfc-3339"},
		{"unix", "epoch", "timestamp", "posix"},
		{"time.now", "now", "time", "timestamp", "date", "clock"},
		{"event.id", "uuid", "event_id", "eventid"},
		{"identity.source", "source", "source_id", "user", "user_id", "install", "client_id", "anonymous_id"},
		{"host.os", "platform", "host.platform"},
		{"tool.version", "version"},
		{"caller", "user", "input", "arg", "argument"},
		{"const", "constant", "literal", "fixed", "static"},
		{"opt-in", "off", "disabled", "false", "no"},
		{"opt-out", "on", "enabled", "true", "yes"},
		{"endpoint", "url", "uri", "address", "host"},
		{"mail", "email", "e-mail"},
		{"contact", "email", "mail"},
		{"purpose", "description", "why", "reason", "doc"},
		{"pattern", "regex", "regexp"},
		{"min", "minimum"},
		{"max", "maximum"},
		{"max_len", "maxlength", "max_length"},
		{"enum", "values", "choices", "allowed"},
		{"type", "kind"},
		{"homepage", "url", "web", "website"},
	}
}

// nearest are the known names that are the fewest edits from the given one, if that is
// not more than a number of them.
func nearest(given string, known []string, fewest int) []string {
	if len(given) > longest {
		return nil
	}
	var near []string
	for _, name := range known {
		switch d := distance(strings.ToLower(given), strings.ToLower(name)); {
		case d > fewest || slices.Contains(near, name) && d == fewest:
		case d < fewest:
			near, fewest = []string{name}, d
		default:
			near = append(near, name)
		}
	}
	return near
}

// withWord are the known names of which a word in lower case is one of the words.
func withWord(word string, known []string) []string {
	separates := func(c rune) bool { return strings.ContainsRune("-._ /", c) }
	var list []string
	for _, name := range known {
		if slices.Contains(strings.FieldsFunc(strings.ToLower(name), separates), word) && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// distance is Levenshtein's: the fewest insertions, deletions and replacements of
// bytes that make one word of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
