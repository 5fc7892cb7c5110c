package lint

import (
	"slices"
	"strings"
	"unicode"
)

// empty are the words that say nothing about why something is collected. The list is a courtesy to
// authors, and nothing rests on it.
const empty = `
a an and are as at be by can do for from how i in is it its of on or our so that the their them they this to us we what when where which who why will with you your
about all also any better collect collected collecting collection collects data debug debugging development diagnostic diagnostics
analyse analysis analytic analytics analyze experience field general generic improve improved improvement improvements improving info information insight insights internal
learn measure measurement measuring metric metrics misc monitor monitoring needed product products project purpose purposes
quality reason reasons record report reporting research see service services software stat statistic statistical statistics stats telemetry
things tool tools track tracked tracking understand understanding use used user users uses usage using value various know knows`

// leastWords is how many words a purpose has at least, and leastSaid how many of them say something.
const leastWords, leastSaid = 4, 2

// isVague reports whether a purpose says too little: of a thing of these names. The list of words is English; of what is
// written without spaces between words nothing is said.
func isVague(purpose string, names ...string) bool {
	if strings.ContainsFunc(purpose, func(r rune) bool { return r >= 0x0e00 }) {
		return false
	}
	boring := strings.Fields(empty)
	for _, name := range names {
		boring = append(boring, wordsOf(name)...)
	}
	words := wordsOf(purpose)
	said := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return slices.Contains(boring, word) })
	return len(words) < leastWords || len(said) < leastSaid
}

// wordsOf are the words of a text in lower case.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
