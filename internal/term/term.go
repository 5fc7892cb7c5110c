// Package term writes to people: in colour where they can see it, plain where a
// program reads, and never a control character that came from somewhere else. It
// is the only importer of lipgloss.
package term

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Stream is an output and what is known of whoever reads it.
type Stream struct {
	io.Writer
	Terminal bool
	Color    bool
	Width    int // columns; of a stream that is no terminal, [Unlimited]
}

// Unlimited is the width of output that no terminal shows: programs that read it
// want a thing on a line.
const Unlimited = 1 << 20

// Colored decides about colour by the conventions of no-color.org and
// bixense.com/clicolors: any NO_COLOR wins, then CLICOLOR_FORCE, then whether it
// is a terminal that can do it. off is the --no-color flag.
func Colored(terminal, off bool, env func(string) (string, bool)) bool {
	if v, _ := env("NO_COLOR"); off || v != "" {
		return false
	}
	if v, _ := env("CLICOLOR_FORCE"); v != "" && v != "0" {
		return true
	}
	name, _ := env("TERM")
	return terminal && name != "dumb" && name != ""
}

// Styled is text that was made here and may hold colour.
type Styled string

// Style is a way to show text, in the terminal's own 16 colours, which its owner
// chose to be readable on their background.
type Style int

// The styles.
const (
	Plain Style = iota
	Strong
	Good
	Warn
	Bad
	Quiet
)

// Style shows text in a style; control characters in it are removed.
func (s Stream) Style(style Style, text string) Styled {
	text = Clean(text)
	if !s.Color || style == Plain {
		return Styled(text)
	}
	r := lipgloss.NewRenderer(s.Writer)
	r.SetColorProfile(termenv.ANSI)
	look := r.NewStyle()
	switch style {
	case Strong:
		look = look.Bold(true)
	case Good:
		look = look.Foreground(lipgloss.Color("2"))
	case Warn:
		look = look.Foreground(lipgloss.Color("3"))
	case Bad:
		look = look.Foreground(lipgloss.Color("1"))
	case Quiet:
		look = look.Faint(true)
	}
	return Styled(look.Render(text))
}

// Printf prints like [fmt.Fprintf]. Strings and errors among the arguments are
// cleaned; [Styled] ones are left alone.
func (s Stream) Printf(format string, args ...any) {
	for i, a := range args {
		switch a := a.(type) {
		case Styled:
		case string:
			args[i] = Clean(a)
		case error:
			args[i] = Clean(a.Error())
		case fmt.Stringer:
			args[i] = Clean(a.String())
		}
	}
	fmt.Fprintf(s.Writer, format, args...) // nobody is left to tell if it fails
}

// Clean removes what could move a terminal's cursor, change its state or hide
// text: control characters, the marks that turn the direction of writing, and the
// separators of lines and paragraphs.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case hostile(r):
			return -1
		}
		return r
	}, text)
}

func hostile(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// CleanJSON spells the same characters as escapes in a JSON document, which means
// the same. Its line ends stay. Tabs and carriage returns become spaces: they can
// stand between the parts of a document only, where there are no escapes.
func CleanJSON(document []byte) []byte {
	if !strings.ContainsFunc(string(document), func(r rune) bool { return r != '\n' && hostile(r) }) {
		return document
	}
	var b []byte
	for _, r := range string(document) {
		switch {
		case r == '\t' || r == '\r':
			b = append(b, ' ')
		case r != '\n' && hostile(r):
			b = fmt.Appendf(b, "\\u%04x", r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// Width is how many columns a terminal takes for text.
func Width(text string) int { return lipgloss.Width(text) }

// Wrap breaks text into lines of at most the stream's width, each after the
// first indented. Control characters in it are removed.
func (s Stream) Wrap(text string, indent int) Styled {
	var lines []string
	line := ""
	room := max(20, s.Width-indent)
	for _, word := range words(Clean(text), room) {
		if line != "" && lipgloss.Width(line)+1+lipgloss.Width(word) > room {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	lines = append(lines, line)
	return Styled(strings.Join(lines, "\n"+strings.Repeat(" ", indent)))
}

// words are the parts of text between which a line may end. What stands in quotes
// is one if a line has room for it: mostly a command, which people copy.
func words(text string, room int) []string {
	var list []string
	for rest := strings.Join(strings.Fields(text), " "); rest != ""; {
		from := 0
		if quoted, _, closed := strings.Cut(rest[1:], `"`); closed && rest[0] == '"' && lipgloss.Width(quoted)+2 <= room {
			from = len(quoted) + 2
		}
		end := from + strings.IndexByte(rest[from:]+" ", ' ')
		list = append(list, rest[:end])
		rest = strings.TrimPrefix(rest[end:], " ")
	}
	return list
}
