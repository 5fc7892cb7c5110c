package shell

import (
	"maps"
	"slices"
	"strings"
)

// The record of what was set.
//
// A script that a shell evaluates cannot ask that shell later which of its variables came
// from the script and which from the person. So the script sets one more variable, the
// record: NAME=VALUE for each variable that it set, with another =VALUE behind it if the
// person had the variable set to that before, and spaces between them. The next script is
// written by a program that finds both in its environment: a variable that still has the
// recorded value is the script's, and anything else is the person's.

// RecordName is the variable that is the record.
const RecordName = "USAGECTL_ENV_SET"

// Setting is what a script set a variable to.
type Setting struct {
	Value  string
	Before *string // what the person had set it to; nil if they had not
}

// Record is what scripts have set in a shell, by variable.
type Record map[string]Setting

// ReadRecord finds what scripts have set and nobody has changed since. What is no record, or
// not of a variable, is left out.
func ReadRecord(env func(name string) (value string, set bool)) Record {
	r := Record{}
	text, _ := env(RecordName)
	for _, entry := range strings.Fields(text) {
		parts := strings.Split(entry, "=")
		if len(parts) < 2 || len(parts) > 3 || !isName(parts[0]) || parts[0] == RecordName {
			continue
		}
		s := Setting{Value: parts[1]}
		if len(parts) == 3 {
			s.Before = &parts[2]
		}
		if now, set := env(parts[0]); set && now == s.Value {
			r[parts[0]] = s
		}
	}
	return r
}

// Add records that a variable is set, which is now as the environment has it. It is not
// recorded, and so the person's, if it has that value already, or if a value of it cannot be
// written into a record.
func (r Record) Add(name, value string, env func(name string) (value string, set bool)) {
	s, ours := r[name]
	now, set := env(name)
	delete(r, name)
	switch {
	case !recordable(value):
		return
	case ours:
		s.Value = value
	case set && now == value, set && !recordable(now):
		return
	case set:
		s = Setting{value, &now}
	default:
		s = Setting{Value: value}
	}
	r[name] = s
}

// String is the record as the variable has it; "" if there is nothing to record.
func (r Record) String() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(r)) {
		entry := name + "=" + r[name].Value
		if before := r[name].Before; before != nil {
			entry += "=" + *before
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

// recordable reports whether a value can be part of a record: the characters that mean
// nothing to any shell and nothing in a record. The empty value is.
func recordable(value string) bool {
	return len(value) <= 64 && !strings.ContainsFunc(value, func(r rune) bool { return !plain(r) })
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
