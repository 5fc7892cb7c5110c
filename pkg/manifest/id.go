package manifest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// ID is a tool's ID: a lower-case letter or digit and then up to 63 of those
// and of ".", "_" and "-". It is safe as a file name because [ParseID] is the
// only way to one. The zero value is no tool.
type ID struct{ name string }

// ParseID reads a tool's ID. The name "all" is reserved.
func ParseID(s string) (ID, error) {
	if s == "all" {
		return ID{}, fmt.Errorf("tool ID %q is reserved: it stands for every tool", s)
	}
	if !validID(s) {
		return ID{}, fmt.Errorf("tool ID %s is not valid: it takes a lower-case letter or digit and then up to 63 of a-z, 0-9, %q, %q and %q",
			Quote(s), ".", "_", "-")
	}
	if !keepable(s) {
		return ID{}, fmt.Errorf("tool ID %q cannot be used here: this system has no file of that name", s)
	}
	return ID{s}, nil
}

func validID(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alnum := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !alnum && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}

// String is the ID as people write it; empty for the zero value.
func (id ID) String() string { return id.name }

// IsZero reports whether this is no tool at all.
func (id ID) IsZero() bool { return id.name == "" }

// MarshalJSON writes the ID as a string.
func (id ID) MarshalJSON() ([]byte, error) { return json.Marshal(id.name) }

// UnmarshalJSON reads a string with the rules of [ParseID].
func (id *ID) UnmarshalJSON(data []byte) (err error) {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*id, err = ParseID(s)
	return err
}

// Quote shows a value in a message: quoted, its control characters escaped, cut
// to 60 characters.
func Quote(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return strconv.Quote(s)
	}
	end := 0
	for range most {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	return fmt.Sprintf("%q… (%d bytes)", s[:end], len(s))
}

// ValidEventName reports whether s can be the name of an event. It allows what the known systems use: NannyML's events are
// phrases with spaces.
func ValidEventName(s string) bool {
	if s == "" || len(s) > 128 || s[0] == ' ' || s[0] == '-' || s[len(s)-1] == ' ' {
		return false
	}
	for _, c := range s {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func validFieldName(s string) bool {
	if s == "" || len(s) > 128 || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-') {
			return false
		}
	}
	return true
}

func validEnvName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
