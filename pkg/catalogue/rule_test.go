package catalogue_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
)

// Short names for the tables below.
const (
	unknown = catalogue.Unknown
	off     = catalogue.Off
	on      = catalogue.On
	bad     = catalogue.Error
	unset   = catalogue.Unset
)

var meanings = []catalogue.Meaning{unknown, off, on, bad, unset}

// cases makes the spellings of a word that differ in case only.
func cases(word string) []string {
	return []string{word, strings.ToUpper(word), strings.ToUpper(word[:1]) + word[1:]}
}

func expect(t *testing.T, v catalogue.Variable, value string, want catalogue.Meaning) {
	t.Helper()
	if got := v.Read(value, true); got != want {
		t.Errorf("%+v: %q is %q, not %q", v, value, got, want)
	}
	if got := v.Read(value, false); got != unset {
		t.Errorf("%+v: not set, and yet %q", v, got)
	}
}

func TestReadPresence(t *testing.T) {
	for _, empty := range meanings {
		v := catalogue.Variable{Semantics: catalogue.Presence, Role: catalogue.OptOut, Off: "1", HasOff: true, Empty: empty}
		for _, value := range []string{"1", "0", "true", "false", "no", "off", " ", "anything"} {
			expect(t, v, value, off)
		}
		want := empty
		if empty == unknown {
			want = unset
		}
		expect(t, v, "", want)

		v = catalogue.Variable{Semantics: catalogue.Presence, Role: catalogue.OptIn, On: "1", HasOn: true, Empty: empty}
		for _, value := range []string{"1", "0", "false", "anything"} {
			expect(t, v, value, on)
		}
		expect(t, v, "", want)
	}
}

func TestReadBoolean(t *testing.T) {
	yes := []string{"1", "t", "true", "y", "yes", "on"} // those for the literal; of the others only the first and the third are sure
	no := []string{"0", "f", "false", "n", "no", "off"}
	sure := func(word, literal string, want catalogue.Meaning) catalogue.Meaning {
		if word == literal || slices.Contains([]string{"0", "1", "false", "true"}, word) {
			return want
		}
		return unknown
	}
	for _, test := range []struct{ off, on []string }{{yes, no}, {no, yes}} {
		for _, literal := range test.off {
			for _, rest := range meanings {
				v := catalogue.Variable{Semantics: catalogue.Boolean, Off: literal, HasOff: true, Else: rest, Empty: rest}
				for _, word := range test.off {
					for _, spelling := range cases(word) {
						expect(t, v, spelling, sure(word, literal, off))
					}
				}
				for _, word := range test.on {
					for _, spelling := range cases(word) {
						expect(t, v, spelling, sure(word, "", on))
					}
				}
				for _, value := range []string{"2", "maybe", " ", "true ", "00", "ye", ""} {
					expect(t, v, value, rest)
				}
			}
		}
	}
}

func TestReadValue(t *testing.T) {
	for _, rest := range meanings {
		for _, empty := range meanings {
			v := catalogue.Variable{
				Semantics: catalogue.Value, Role: catalogue.OptOut, Off: "No", HasOff: true, On: "Yes", HasOn: true,
				OffAlso: []string{"Never"}, OnAlso: []string{"Always"}, Else: rest, Empty: empty,
			}
			for _, folded := range []bool{false, true} {
				v.IgnoreCase = folded
				otherCase := func(m catalogue.Meaning) catalogue.Meaning {
					if folded {
						return m
					}
					return rest
				}
				expect(t, v, "No", off)
				expect(t, v, "Never", off)
				expect(t, v, "Yes", on)
				expect(t, v, "Always", on)
				for _, word := range []string{"no", "NO", "never", "NEVER"} {
					expect(t, v, word, otherCase(off))
				}
				for _, word := range []string{"yes", "YES", "always", "ALWAYS"} {
					expect(t, v, word, otherCase(on))
				}
				for _, word := range []string{"0", "1", "true", "false", " ", "No ", "anything"} {
					expect(t, v, word, rest)
				}
				expect(t, v, "", empty)
			}
		}
	}
}

// TestReadEmptyLiteral: where the empty value is itself the switch it is no
// matter what else it could mean, and where there is no literal it is none.
func TestReadEmptyLiteral(t *testing.T) {
	v := catalogue.Variable{Semantics: catalogue.Value, Off: "", HasOff: true, Empty: on, Else: on}
	expect(t, v, "", off)
	expect(t, v, "0", on)
	v = catalogue.Variable{Semantics: catalogue.Value, Off: "1", HasOff: true, On: "", HasOn: true, Empty: off}
	expect(t, v, "", on)
	v = catalogue.Variable{Semantics: catalogue.Value, Role: catalogue.Related}
	expect(t, v, "", unknown)
	expect(t, v, "1", unknown)
}
