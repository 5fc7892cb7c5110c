package term_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/usagectl/usagectl/internal/term"
)

// commands are the characters with which text commands a terminal, or turns what
// people read: the control characters of ISO 6429, the marks of Unicode's
// bidirectional algorithm, and its separators of lines and paragraphs.
var commands = regexp.MustCompile(`[\x{00}-\x{1f}\x{7f}-\x{9f}\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{2028}\x{2029}]`)

func addTexts(f *testing.F) {
	f.Helper()
	for _, text := range []string{
		"", "plain", "a\tb\nc\r\n", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\u009b2J", "\u202egnp.exe", "\u2066a\u2069", "a\u2028b",
		"\xff\xfe", "\xc2", "\xe2\x80", "日本語", "e\u0301", "\U0001f600", `"quoted words" and more`, `{"a":"b\u0000"}`, "{\t\"a\":\r\n1}",
	} {
		f.Add(text)
	}
}

// FuzzClean holds that nothing that commands a terminal is left in a text, that
// nothing else is lost, and that a clean text stays as it is.
func FuzzClean(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, text string) {
		clean := term.Clean(text)
		if found := commands.FindString(clean); found != "" {
			t.Errorf("%q is in %q", found, clean)
		}
		// The same by other means.
		spaces := strings.NewReplacer("\n", " ", "\t", " ").Replace(string([]rune(text)))
		if want := commands.ReplaceAllString(spaces, ""); clean != want {
			t.Errorf("%q became %q, want %q", text, clean, want)
		}
		if again := term.Clean(clean); again != clean {
			t.Errorf("%q became %q", clean, again)
		}
	})
}

// FuzzCleanJSON holds that a JSON document commands no terminal and means the same.
func FuzzCleanJSON(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, text string) {
		clean := term.CleanJSON([]byte(text))
		if found := commands.Find(bytes.ReplaceAll(clean, []byte("\n"), []byte(" "))); found != nil {
			t.Errorf("%q is in %q", found, clean)
		}
		if again := term.CleanJSON(clean); !bytes.Equal(again, clean) {
			t.Errorf("%q became %q", clean, again)
		}
		if !json.Valid([]byte(text)) {
			return
		}
		var before, after any
		if err := json.Unmarshal([]byte(text), &before); err != nil {
			return // a number that is too large
		}
		if err := json.Unmarshal(clean, &after); err != nil {
			t.Fatalf("%q became %q: %v", text, clean, err)
		}
		if !reflect.DeepEqual(before, after) {
			t.Errorf("%q became %q", text, clean)
		}
	})
}

// FuzzPrint holds that in whatever way a text reaches a terminal, it commands
// nothing, and that lines and tables fit.
func FuzzPrint(f *testing.F) {
	for _, text := range []string{"plain", "\x1b[2J", `a "command with words" b`, "日本語 日本語", "\u202ea\nb"} {
		f.Add(text, "short", uint8(40), uint8(2))
	}
	f.Fuzz(func(t *testing.T, text, other string, width, indent uint8) {
		if len(text) > 200 || len(other) > 200 {
			t.Skip("measuring takes too long")
		}
		var out bytes.Buffer
		s := term.Stream{Writer: &out, Width: 20 + int(width)}
		s.Printf("%s|%v|%s\n", text, errorText(other), s.Style(term.Bad, text))
		s.Printf("%s\n", s.Wrap(text, int(indent%10)))
		s.Table([]term.Column{{Heading: "one", Grows: true}, {Heading: "two", Yields: 1}}, [][]term.Cell{{{Text: text}, {Text: other, Short: text}}, {{Text: other}, {Text: "x"}}})
		if found := commands.FindString(strings.ReplaceAll(out.String(), "\n", "")); found != "" {
			t.Errorf("%q is in %q", found, out.String())
		}
		if !utf8.Valid(out.Bytes()) {
			t.Errorf("no UTF-8: %q", out.String())
		}
		words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
		if got, want := words(string(s.Wrap(text, int(indent%10)))), words(term.Clean(text)); got != want {
			t.Errorf("%q became %q", want, got)
		}
	})
}

type errorText string

func (e errorText) Error() string { return string(e) }
