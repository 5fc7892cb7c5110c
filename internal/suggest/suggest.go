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
	if near := nearest(given, known); len(near) > 0 {
		return near[0]
	}
	return ""
}

// Near returns all of the known names that are as near as [Nearest], and, if there are
// none, those of which the given one is a whole word: "azure" of "azure-cli". Each is
// named once, in the order given, and no more than most of them.
func Near(given string, known []string, most int) []string {
	near := nearest(given, known)
	if len(near) == 0 {
		near = withWord(strings.ToLower(given), known)
	}
	return near[:min(most, len(near))]
}

// nearest are the known names that are the fewest edits from the given one.
func nearest(given string, known []string) []string {
	if len(given) > longest {
		return nil
	}
	fewest := max(2, len(given)/3)
	if len(given) <= 3 {
		fewest = 1
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
