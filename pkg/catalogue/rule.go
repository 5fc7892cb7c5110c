package catalogue

import (
	"slices"
	"strings"
)

// Semantics is how a tool reads a variable.
type Semantics string

// The semantics.
const (
	Presence Semantics = "presence" // whether it is there counts, not what it is
	Value    Semantics = "value"    // exact values count
	Boolean  Semantics = "boolean"  // the usual words for true and false count
)

// Meaning is what a tool makes of a variable.
type Meaning string

// The meanings.
const (
	Unknown Meaning = ""      // nobody looked
	Off     Meaning = "off"   // telemetry is off
	On      Meaning = "on"    // telemetry is on, as far as this variable goes
	Error   Meaning = "error" // the tool stops or breaks
	Unset   Meaning = "unset" // as if the variable were not there
)

// Read tells what the tool makes of the variable when it has this value, by the
// tool's own rule. The rule is the one in the tool's file of the catalogue, and
// [Tool.Where] says where that was read. What the file does not settle is
// [Unknown] and never guessed. [On] from a variable without HasOn means no more
// than that it does not switch off: it overrules no file.
func (v Variable) Read(value string, set bool) Meaning {
	switch {
	case !set:
		return Unset
	case v.Semantics == Presence:
		return v.presence(value)
	case v.Semantics == Boolean:
		return v.boolean(value)
	}
	return v.value(value)
}

// presence: most tools ask whether the variable is set and not empty, as a shell
// or a truth test in Python or JavaScript does. Those that ask only whether it
// is set say what the empty value means.
func (v Variable) presence(value string) Meaning {
	switch {
	case value == "" && v.Empty != Unknown:
		return v.Empty
	case value == "":
		return Unset
	case v.Role == OptIn:
		return On
	}
	return Off
}

func (v Variable) value(value string) Meaning {
	same := func(word string) bool { return word == value || v.IgnoreCase && strings.EqualFold(word, value) }
	switch {
	case v.HasOff && same(v.Off) || slices.ContainsFunc(v.OffAlso, same):
		return Off
	case v.HasOn && same(v.On) || slices.ContainsFunc(v.OnAlso, same):
		return On
	case value == "":
		return v.Empty
	}
	return v.Else
}

// boolean compares a word with the one that switches off: DISABLED=1 and
// ENABLED=0 are both off.
func (v Variable) boolean(value string) Meaning {
	if value == "" {
		return v.Empty
	}
	truth, isWord := boolWord(value)
	off, _ := boolWord(v.Off)
	same := func(word string) bool { return strings.EqualFold(word, value) }
	switch sure := slices.ContainsFunc([]string{"0", "1", "false", "true", v.Off, v.On}, same); {
	case !isWord:
		return v.Else
	case !sure:
		return Unknown // some readers of booleans know it, and others do not
	case truth == off:
		return Off
	}
	return On
}

// boolWord reads the words that one or another of the usual readers of booleans knows: Go's
// strconv, Python's distutils and pydantic, YAML.
func boolWord(s string) (truth, isWord bool) {
	switch strings.ToLower(s) {
	case "1", "t", "true", "y", "yes", "on":
		return true, true
	case "0", "f", "false", "n", "no", "off":
		return false, true
	}
	return false, false
}
