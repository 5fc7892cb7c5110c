package note

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/secret"
)

// leastHidden is how long a hidden text is at least, in bytes: a shorter one would be
// found everywhere. One with fewer letters and digits than leastSpelled is found only
// as it is, and one with more than maxFragment also in parts of that length.
const (
	leastHidden  = 4
	leastSpelled = 8
	maxFragment  = 10
)

// blot masks each place at which a text spells something hidden, or a part of it: in
// any case, encoded, and whatever is between the letters and digits, such as a UUID's
// hyphens.
func (h Hidden) blot(text string) string {
	letters, places := spelling(text)
	found := make([]bool, len(letters))
	long, short := h.spellings()
	for _, hide := range long {
		size := min(len(hide), maxFragment)
		for i := range len(letters) - size + 1 {
			if strings.Contains(hide, letters[i:i+size]) {
				for j := range size {
					found[i+j] = true
				}
			}
		}
	}
	var out strings.Builder
	rest := 0
	for i := 0; i < len(letters); i++ {
		if !found[i] {
			continue
		}
		out.WriteString(text[rest:places[i]] + secret.Mask)
		for i+1 < len(letters) && found[i+1] {
			i++
		}
		rest = places[i] + 1
	}
	text = out.String() + text[rest:]
	for _, hide := range short {
		text = strings.ReplaceAll(text, hide, secret.Mask)
	}
	return text
}

// spellings are the hidden texts as a server may encode them: of long ones the letters
// and digits, and short ones as they are. What base64 makes of a text depends on where
// it is in what was encoded, and its last letter on what comes next.
func (h Hidden) spellings() (long, short []string) {
	add := func(encoded string) {
		if letters, _ := spelling(encoded); len(letters) >= leastSpelled {
			long = append(long, letters)
		} else if len(encoded) >= leastHidden {
			short = append(short, encoded)
		}
	}
	for _, s := range h {
		if len(s) < leastHidden {
			continue
		}
		for _, encoded := range [...]string{s, url.QueryEscape(s), url.PathEscape(s), hex.EncodeToString([]byte(s)), base64.RawStdEncoding.EncodeToString([]byte(s + ":"))} {
			add(encoded)
		}
		for _, format := range [...]string{"%%%02x", `\u%04x`, "&#%d;", "&#x%x;"} {
			add(escaped(s, format))
		}
		for before := range 3 {
			encoded := base64.RawStdEncoding.EncodeToString([]byte("\x00\x00"[:before] + s))[(before*8+5)/6:]
			add(encoded)
			add(encoded[:len(encoded)-1])
		}
	}
	slices.Sort(long)
	return slices.Compact(long), short
}

// spelling is the letters and digits of a text, in lower case, and where each of them
// is. A mask in it is one zero: what is before and behind it does not belong together.
func spelling(text string) (letters string, places []int) {
	var list []byte
	for i := 0; i < len(text); {
		c, n := text[i], 1
		switch {
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'z':
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case strings.HasPrefix(text[i:], secret.Mask):
			c, n = 0, len(secret.Mask)
		default:
			i++
			continue
		}
		list, places = append(list, c), append(places, i)
		i += n
	}
	return string(list), places
}

// escaped writes what is no letter or digit in a text by a format for its byte.
func escaped(text, format string) string {
	var out strings.Builder
	for i := range len(text) {
		if letters, _ := spelling(text[i : i+1]); letters != "" {
			out.WriteByte(text[i])
			continue
		}
		fmt.Fprintf(&out, format, text[i])
	}
	return out.String()
}

// inUUID are the characters of a UUID as servers spell it: with hyphens, which may be
// escaped in an address, or without.
const inUUID = "0123456789abcdefABCDEF-%"

// withoutUUIDs masks what has as many hexadecimal digits in a row as a UUID.
func withoutUUIDs(text string) string {
	var out strings.Builder
	for len(text) > 0 {
		rest := strings.TrimLeft(text, inUUID)
		run := text[:len(text)-len(rest)]
		if len(run)-strings.Count(run, "-")-strings.Count(run, "%") >= 32 {
			run = secret.Mask
		}
		next := strings.IndexAny(rest, inUUID)
		if next < 0 {
			next = len(rest)
		}
		out.WriteString(run + rest[:next])
		text = rest[next:]
	}
	return out.String()
}
