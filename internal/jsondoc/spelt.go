package jsondoc

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// spelt finds what encoding/json would change without a word: bytes that are no UTF-8, and
// escapes that are half of a character. It replaces each by U+FFFD.
func spelt(data []byte) error {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return fmt.Errorf("byte %d is no UTF-8", i+1)
		}
		i += size
	}
	for at := 0; ; {
		next := bytes.IndexByte(data[at:], '\\')
		if next < 0 {
			return nil
		}
		at += next
		first, ok := escape(data[at:])
		if !ok || !utf16.IsSurrogate(first) {
			at += 2 // a backslash, too, can stand behind one
			if at > len(data) {
				return nil
			}
			continue
		}
		second, _ := escape(data[at+len(`\uXXXX`):])
		if utf16.DecodeRune(first, second) == utf8.RuneError {
			return errors.New(string(data[at:at+len(`\uXXXX`)]) + " is half of a character, without the other half")
		}
		at += 2 * len(`\uXXXX`)
	}
}

// escape reads an escape such as \u00e4.
func escape(data []byte) (rune, bool) {
	if len(data) < len(`\uXXXX`) || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	return rune(n), err == nil
}
