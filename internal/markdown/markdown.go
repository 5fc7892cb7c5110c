// Package markdown writes text that came from elsewhere into a Markdown document, so that it
// stays text: it makes no HTML, link, picture, heading, list, table or code block, in
// CommonMark, in GitHub's dialect and in those that make links of addresses. What is shown is
// the text, without control characters and with single spaces.
package markdown

import (
	"net/url"
	"strings"
	"unicode"

	"github.com/usagectl/usagectl/internal/term"
)

// Text is a text for a paragraph, a heading, an item of a list or the cell of a table. A word
// that some renderer would make a link of, such as an address, is shown as code, in which
// none does.
func Text(s string) string {
	var b strings.Builder
	for i, word := range strings.Fields(term.Clean(s)) {
		if i > 0 {
			b.WriteByte(' ')
		}
		// In a cell neither of the two can stand within code.
		for j := 0; len(word) > 0; j++ {
			piece, rest := word, ""
			if end := strings.IndexAny(word, "`|"); end >= 0 {
				piece, rest = word[:end], word[end:]
			}
			switch {
			case piece == "":
			case linkable(piece):
				b.WriteString("`" + piece + "`")
			default:
				b.WriteString(escape(piece, i+j == 0))
			}
			if word = rest; rest != "" {
				b.WriteString(map[byte]string{'`': "&#96;", '|': "&#124;"}[rest[0]])
				word = rest[1:]
			}
		}
	}
	return b.String()
}

// linkable reports whether a renderer may make a link of a word that has no mark of one: of an
// address, with a scheme or without, of a mail address, and of what looks like the name of a
// host.
func linkable(word string) bool {
	if strings.Contains(word, "://") || strings.Contains(word, "@") {
		return true
	}
	before := ' '
	letters := []rune(word)
	for i, r := range letters {
		if r == '.' && (unicode.IsLetter(before) || unicode.IsDigit(before)) && i+1 < len(letters) && unicode.IsLetter(letters[i+1]) {
			return true
		}
		before = r
	}
	return false
}

// escape puts a backslash before each character that means something in Markdown; first says
// that a paragraph can begin with the word, where more do.
func escape(word string, first bool) string {
	var b strings.Builder
	digits := true
	for i, r := range word {
		begins := first && (i == 0 && r < unicode.MaxASCII && (unicode.IsPunct(r) || unicode.IsSymbol(r)) || digits && (r == '.' || r == ')'))
		if begins || strings.ContainsRune("\\*_{}[]<>#+!~&$^=%", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		digits = digits && '0' <= r && r <= '9'
	}
	return b.String()
}

// Code is a text as code, where that can be said of it as it is: what is empty, begins or ends
// with a space or holds a backtick or a vertical line is [Text].
func Code(s string) string {
	clean := term.Clean(s)
	if clean == "" || strings.TrimSpace(clean) != clean || strings.ContainsAny(clean, "`|") {
		return Text(s)
	}
	return "`" + clean + "`"
}

// Link is a link to a web page, if the text is the plain address of one; else [Code].
func Link(address string) string {
	u, err := url.Parse(address)
	odd := func(r rune) bool { return !strings.ContainsRune("-._~:/?#@!$&+,;=%", r) && !isAlnum(r) }
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsFunc(address, odd) {
		return Code(address)
	}
	return "<" + address + ">"
}

func isAlnum(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
