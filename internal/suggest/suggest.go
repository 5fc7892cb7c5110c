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
// "form"), else the first that begins with the given one ("host.cpu_count" for "host.cpu"),
// else the nearest by one edit in three letters, else the first of which the given one is
// a part ("os" for "host.os"), else one with which the given one begins, as a whole word
// ("segment" for "segment-v2"). It returns "" if there is none.
func Meant(given string, known []string) string {
	small := strings.ToLower(given)
	for _, group := range synonyms() {
		if slices.Contains(group[1:], small) && slices.Contains(known, group[0]) {
			return group[0]
		}
	}
	for _, word := range known {
		if letters(word) == letters(given) {
			return word
		}
	}
	for _, word := range known {
		if len(small) > 1 && strings.HasPrefix(strings.ToLower(word), small) {
			return word
		}
	}
	if near := first(nearest(given, known, max(1, len(given)/3))); near != "" {
		return near
	}
	if part := first(withWord(small, known)); part != "" {
		return part
	}
	for _, word := range known {
		if strings.HasPrefix(padded(small), padded(word)) {
			return word
		}
	}
	return ""
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

// withWord are the known names of which a word in lower case is one of the words, or
// several that follow each other.
func withWord(word string, known []string) []string {
	var list []string
	if strings.Trim(word, separators) != word { // "../x" means no "mui-x"
		return nil
	}
	for _, name := range known {
		if word != "" && strings.Contains(padded(name), padded(word)) && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// separators are between the words of a name.
const separators = "-._ /"

// padded are the words of a name in lower case, each between two spaces.
func padded(name string) string {
	separates := func(c rune) bool { return strings.ContainsRune(separators, c) }
	return " " + strings.Join(strings.FieldsFunc(strings.ToLower(name), separates), " ") + " "
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
