package shell

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The record of what was set.
//
// A script that a shell evaluates cannot ask that shell later which of its variables came
// from the script and which from the person. So the script sets one more variable, the
// record: an entry for each variable that it changed, and spaces between them.
//
//	NAME=VALUE         it set the variable, which the person had not set
//	NAME=VALUE=BEFORE  it set the variable, which the person had set to BEFORE
//	-NAME=BEFORE       it removed the variable, which the person had set to BEFORE
//
// Values are written so that no shell and no record takes a part of them for something
// else: letters, digits and a few signs stand for themselves, and any other byte is "+" and
// two hexadecimal digits.
//
// The next script is written by a program that finds both in its environment: a variable
// that still is as the record has it is the script's, and anything else is the person's.

// RecordName is the variable that is the record.
const RecordName = "USAGECTL_ENV_SET"

// Setting is what scripts did to a variable, compared with what the person had.
type Setting struct {
	Value  *string // what they set it to; nil if they removed it
	Before *string // what the person had set it to; nil if they had not
}

// Record is what scripts have changed in a shell, by variable.
type Record map[string]Setting

// The bounds of a record. A system hands no variable on that is too long: Windows takes
// 32767 characters, and Linux 128 KiB.
const (
	shortValue = 64    // bytes of a value that are recorded in any case
	longest    = 30000 // bytes of a record with longer ones
)

// ReadRecord finds what scripts have changed and nobody has changed since. What is no record,
// or not of a variable, is left out.
func ReadRecord(env func(name string) (value string, set bool)) Record {
	r := Record{}
	text, _ := env(RecordName)
	for _, entry := range strings.Fields(text) {
		name, s, ok := parseEntry(entry)
		if !ok {
			continue
		}
		now, set := env(name)
		if s.Value == nil && now == "" || s.Value != nil && set && now == *s.Value { // see [Dialect.Hide] for ""
			r[name] = s
		}
	}
	return r
}

// parseEntry reads one entry of a record.
func parseEntry(entry string) (name string, s Setting, ok bool) {
	entry, removed := strings.CutPrefix(entry, "-")
	parts := strings.Split(entry, "=")
	name = parts[0]
	if !isName(name) || name == RecordName {
		return "", Setting{}, false
	}
	var values []*string
	for _, part := range parts[1:] {
		value, good := decode(part)
		if !good {
			return "", Setting{}, false
		}
		values = append(values, &value)
	}
	switch {
	case removed && len(values) == 1:
		return name, Setting{Before: values[0]}, true
	case !removed && len(values) == 1:
		return name, Setting{Value: values[0]}, true
	case !removed && len(values) == 2:
		return name, Setting{values[0], values[1]}, true
	}
	return "", Setting{}, false
}

// Person is what the person has a variable set to, as far as scripts let it be known: what
// they had before a script changed it, else what there is now; nil if it is not set.
func (r Record) Person(name string, env func(name string) (value string, set bool)) *string {
	if s, ours := r[name]; ours {
		return s.Before
	}
	if now, set := env(name); set {
		return &now
	}
	return nil
}

// Add records what a script does to a variable. It returns false, and records nothing of the
// variable, if that takes more than a record holds.
func (r Record) Add(name string, s Setting) bool {
	delete(r, name)
	if s.Value == nil && s.Before == nil {
		return true // as it was
	}
	r[name] = s
	if s.short() || len(r.String()) <= longest {
		return true
	}
	delete(r, name)
	return false
}

// short reports whether a setting is recorded in any case.
func (s Setting) short() bool {
	return (s.Value == nil || len(*s.Value) <= shortValue) && (s.Before == nil || len(*s.Before) <= shortValue)
}

// String is the record as the variable has it; "" if there is nothing to record.
func (r Record) String() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(r)) {
		s := r[name]
		entry := name
		if s.Value != nil {
			entry += "=" + encode(*s.Value)
		} else {
			entry = "-" + entry
		}
		if s.Before != nil {
			entry += "=" + encode(*s.Before)
		}
		list = append(list, entry)
	}
	return strings.Join(list, " ")
}

// Records reports whether what is written in the dialect is for a shell that can be asked
// again, and in which a variable can be removed.
func (d Dialect) Records() bool {
	_, err := d.Unset(RecordName)
	return err == nil
}

// encode is a value as a record has it.
func encode(value string) string {
	if plainWord(value) || value == "" {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		if c := value[i]; c < 0x80 && plain(rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "+%02x", c)
		}
	}
	return b.String()
}

// decode is the value that a part of a record stands for; false if it is none.
func decode(text string) (value string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '+' {
			if i+2 >= len(text) {
				return "", false
			}
			code, err := hex.DecodeString(text[i+1 : i+3])
			if err != nil || code[0] == 0 {
				return "", false
			}
			c, i = code[0], i+2
		} else if c >= 0x80 || !plain(rune(c)) {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// isName reports whether a text is the name of a variable.
func isName(text string) bool {
	for i, r := range text {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return text != ""
}
