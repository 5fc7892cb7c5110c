// Package note makes notes of what servers said, which are kept on disk and shown to
// people: one short line without the secrets and the source IDs of the request that was
// answered. See [Hidden.Note].
package note

import (
	"encoding/base64"
	"strings"
	"unicode"

	"github.com/usagectl/usagectl/internal/secret"
)

// Max is how much is kept of what a server said, in characters.
const Max = 200

// maxSaid is how much of what a server said is looked at, in bytes.
const maxSaid = 4 << 10

// Hidden are the texts that a note must not contain: a server can send back all that it
// got. Texts of fewer than 4 bytes are found everywhere, and are not hidden.
type Hidden []string

// InHeader are the texts that are secret in an HTTP header: its value and the parts of
// it, if it is one that identifies somebody, and what is secret in an address in it.
func InHeader(name, value string) Hidden {
	h := Hidden(secret.InURL(value))
	if secret.Header(name, value) != secret.Mask {
		return h
	}
	h = append(h, value)
	parts := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t,;&=:\"'", r) })
	if len(parts) < 2 {
		return h
	}
	h = append(h, parts[1:]...)
	if plain, err := base64.RawStdEncoding.DecodeString(parts[1]); err == nil && strings.EqualFold(parts[0], "basic") {
		user, password, _ := strings.Cut(string(plain), ":")
		h = append(h, user, password)
	}
	return h
}

// Note makes a text fit to be kept and shown: one line of valid UTF-8, of at most [Max]
// characters, without what is hidden, or a part of it, and without any UUID: a server can
// know a source ID that was not in the request, such as one that was forgotten since.
func (h Hidden) Note(text string) string {
	if len(text) > maxSaid { // a part of a UUID would not be known for one
		text = strings.TrimRight(text[:maxSaid], inUUID)
	}
	text = strings.ToValidUTF8(text, "\ufffd")
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) })
	words = strings.Split(withoutUUIDs(h.blot(strings.Join(words, " "))), " ")
	for i, word := range words {
		words[i] = maskedURLs(word)
	}
	runes := []rune(strings.Join(words, " "))
	if len(runes) > Max {
		runes = append(runes[:Max-1], '…')
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
