package statefile

import (
	"errors"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsLine reports whether a text that was read back is what this program writes as one
// line: valid UTF-8 of at most that many bytes, without control characters.
func IsLine(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// IgnoreMissing is an error, but nil if it says that a file is not there: whoever removes
// or moves what others may have removed has what it wants then.
func IgnoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
