package term

import (
	"bytes"
	"strings"
	"testing"
)

// TestWrap holds that text is broken between words, and never in what stands in
// quotes as long as a line has room for it.
func TestWrap(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"one two three four", "one two three four"},
		{"one two three four five six", "one two three four five\n  six"},
		{`see it with "usagectl status flwr", or not`, "see it with\n  \"usagectl status flwr\",\n  or not"},
		{`a variable is "0" and another one is "1"`, "a variable is \"0\" and\n  another one is \"1\""},
		{`said "what is far too long for a line" here`, "said \"what is far too\n  long for a line\" here"},
		{`an inch is 1" and nothing closes "it here`, "an inch is 1\" and\n  nothing closes \"it here"},
		{"", ""},
		{`"`, `"`},
		{"  spaces \n and\tlines ", "spaces and lines"},
		{strings.Repeat("x", 40) + " y", strings.Repeat("x", 40) + "\n  y"},
	} {
		if got := (Stream{Width: 26}).Wrap(test.text, 2); string(got) != test.want {
			t.Errorf("%q is wrapped as\n%s\nwant\n%s", test.text, got, test.want)
		}
	}
}

// TestColored holds which variable decides about colour, and that an empty one is none.
func TestColored(t *testing.T) {
	for _, test := range []struct {
		variables string
		terminal  bool
		piped     bool
	}{
		{"TERM=xterm", true, false},
		{"TERM=dumb", false, false},
		{"TERM=", false, false},
		{"", false, false},
		{"TERM=xterm NO_COLOR=", true, false},
		{"TERM=xterm NO_COLOR=0", false, false},
		{"TERM=xterm NO_COLOR=1 CLICOLOR_FORCE=1", false, false},
		{"TERM=dumb CLICOLOR_FORCE=1", true, true},
		{"TERM=dumb CLICOLOR_FORCE=yes NO_COLOR=", true, true},
		{"TERM=xterm CLICOLOR_FORCE=0", true, false},
		{"TERM=xterm CLICOLOR_FORCE=", true, false},
	} {
		env := func(name string) (string, bool) {
			for pair := range strings.FieldsSeq(test.variables) {
				if n, value, _ := strings.Cut(pair, "="); n == name {
					return value, true
				}
			}
			return "", false
		}
		if on, piped := Colored(true, false, env), Colored(false, false, env); on != test.terminal || piped != test.piped {
			t.Errorf("%q: on a terminal %v, else %v", test.variables, on, piped)
		}
		if Colored(true, true, env) {
			t.Errorf("%q: colour with --no-color", test.variables)
		}
	}
}

// TestTable holds that columns stand below each other in colour too, and where
// letters are as wide as two.
func TestTable(t *testing.T) {
	rows := [][]Cell{
		{{Text: "one", Style: Strong}, {Text: "on", Style: Good}, {Text: "x"}},
		{{Text: "潮"}, {Text: "off (!)", Style: Warn}, {Text: "y"}},
	}
	var plain, colored bytes.Buffer
	Stream{Writer: &plain, Width: 80}.Table([]Column{{Heading: "A"}, {Heading: "B"}, {Heading: "C"}}, rows)
	Stream{Writer: &colored, Width: 80, Color: true}.Table([]Column{{Heading: "A"}, {Heading: "B"}, {Heading: "C"}}, rows)
	if want := "A    B        C\none  on       x\n潮   off (!)  y\n"; plain.String() != want {
		t.Errorf("got\n%swant\n%s", &plain, want)
	}
	text := colored.String()
	for _, order := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[33m"} {
		if !strings.Contains(text, order) {
			t.Errorf("no %q in %q", order, text)
		}
		text = strings.ReplaceAll(text, order, "")
	}
	if text != plain.String() {
		t.Errorf("in colour it is\n%q", text)
	}
}
