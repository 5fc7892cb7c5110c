package statefile

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsLine reports whether a text that was read back is what this program writes as one
// line: valid UTF-8 of at most that many bytes, without control characters.
func IsLine(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
