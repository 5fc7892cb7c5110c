package sender

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// maxNote is how much is kept of what a server said, in characters.
const maxNote = 200

// hidden is what a note must not hold: a server can send back all that it got.
type hidden []string

// hiddenOf is what is secret in a request, and private, such as the source ID.
func hiddenOf(w Wire, private []string) hidden {
	h := append(hidden(secret.InURL(w.URL)), private...)
	for _, header := range w.Headers {
		h = append(h, secret.InURL(header.Value)...)
		if !secret.Name(header.Name) && !secret.Value(header.Value) {
			continue
		}
		h = append(h, header.Value)
		scheme, token, ok := strings.Cut(header.Value, " ")
		if !ok {
			continue
		}
		h = append(h, token)
		if plain, err := base64.StdEncoding.DecodeString(token); err == nil && strings.EqualFold(scheme, "basic") {
			user, password, _ := strings.Cut(string(plain), ":")
			h = append(h, user, password)
		}
	}
	return h
}

// note makes a text fit to be kept and shown: one short line of valid UTF-8 without
// what is hidden.
func (h hidden) note(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	for _, s := range h.spellings() {
		text = blot(text, s)
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) })
	for i, word := range words {
		words[i] = maskedURLs(word)
	}
	runes := []rune(strings.Join(words, " "))
	if len(runes) > maxNote {
		runes = append(runes[:maxNote-1], '…')
	}
	return string(runes)
}

// maskedURLs masks what is secret in an address that a word holds, perhaps quoted.
func maskedURLs(word string) string {
	start := strings.Index(word, "://")
	if start < 0 {
		return word
	}
	end := strings.IndexAny(word[start:], "\"'<>`")
	if end < 0 {
		return secret.URL(word)
	}
	return secret.URL(word[:start+end]) + maskedURLs(word[start+end:])
}

// spellings are the hidden texts as a server may spell them, the longest first. One
// of a few characters is left out: it would be found everywhere.
func (h hidden) spellings() []string {
	const least = 4
	var list []string
	for _, s := range h {
		if len(s) < least {
			continue
		}
		list = append(list, s, url.QueryEscape(s), url.PathEscape(s))
		for _, plain := range []string{s, s + ":"} {
			list = append(list, base64.RawStdEncoding.EncodeToString([]byte(plain)), base64.RawURLEncoding.EncodeToString([]byte(plain)))
		}
	}
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(list)
}

// blot masks each place at which a text spells something hidden: in any case, and
// with or without what stands between letters and digits, such as a UUID's hyphens.
func blot(text, hide string) string {
	if !spelled(hide) {
		return strings.ReplaceAll(text, hide, secret.Mask)
	}
	var out strings.Builder
	for rest := 0; rest < len(text); {
		n := spells(text[rest:], hide)
		if n == 0 {
			out.WriteByte(text[rest])
			rest++
			continue
		}
		out.WriteString(secret.Mask)
		rest += n
	}
	return out.String()
}

// spelled reports whether a text has so many letters and digits that only they need
// to be compared.
func spelled(text string) bool {
	n := 0
	for i := range len(text) {
		if alnum(text[i]) {
			n++
		}
	}
	return n >= leastSpelled
}

// leastSpelled is also how much of a hidden text at the end of another counts: it
// may have been cut there.
const leastSpelled = 8

// maxBetween is how many bytes may be between two letters of a hidden text.
const maxBetween = 6

// spells is how long the beginning of a text is that spells a hidden one; 0 if it
// does not.
func spells(text, hide string) int {
	at, matched := 0, 0
	for i := range len(hide) {
		if !alnum(hide[i]) {
			continue
		}
		if matched > 0 {
			at += between(text[at:])
		}
		switch {
		case at >= len(text) && matched >= leastSpelled:
			return at
		case at >= len(text) || lower(text[at]) != lower(hide[i]):
			return 0
		}
		at++
		matched++
	}
	return at
}

// between is how many bytes at the beginning of a text are no letters or digits, be
// it that they are escaped.
func between(text string) int {
	n := 0
	for n < len(text) && n < maxBetween {
		switch {
		case escapedHyphen(text[n:]) > 0:
			n += escapedHyphen(text[n:])
		case alnum(text[n]):
			return n
		default:
			n++
		}
	}
	return n
}

func escapedHyphen(text string) int {
	for _, escaped := range [...]string{"%2d", `\u002d`, "&#45;", "&#x2d;"} {
		if len(text) >= len(escaped) && strings.EqualFold(text[:len(escaped)], escaped) {
			return len(escaped)
		}
	}
	return 0
}

func alnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// private are the values of a message that a server must not bring into a note: the
// source ID, under whichever name it was sent.
func (p parcel) private() []string {
	list := []string{p.sourceID}
	for _, f := range p.payload.Fields {
		// Shorter ones are the words for an ID that there is not.
		if value, ok := f.Value.(string); ok && f.Field.From == manifest.FromSourceID && len(value) >= 32 {
			list = append(list, value)
		}
	}
	return list
}

func private(parcels []parcel) []string {
	var list []string
	for _, p := range parcels {
		list = append(list, p.private()...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
