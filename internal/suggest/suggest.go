// Package suggest finds the name that somebody meant when they mistyped it: a
// command, a tool, an event, a key of a manifest.
package suggest

import "strings"

// longest is the length, in bytes, from which on a name is not compared: nobody
// types such a one by mistake, and comparing takes time for each pair of letters.
const longest = 128

// Nearest returns the first of the known names that is fewest edits from the given
// one, without regard to case. At most two edits count, or a third of the given
// name's length in bytes; of one with three bytes or less only one, for nearly every
// short name is two edits from another. It returns "" if none is that near.
func Nearest(given string, known []string) string {
	if len(given) > longest {
		return ""
	}
	most := max(2, len(given)/3)
	if len(given) <= 3 {
		most = 1
	}
	best, fewest := "", 1+most
	for _, name := range known {
		if d := distance(strings.ToLower(given), strings.ToLower(name)); d < fewest {
			best, fewest = name, d
		}
	}
	return best
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
