package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/usagectl/usagectl/internal/term"
)

// look is how text is shown. The zero value is how it is shown without orders.
type look struct {
	color                  int // 1 + the terminal's number of a colour; 0 is the terminal's own
	bold, faint, underline bool
}

// span is text of one look whose place in its line is known.
type span struct {
	look
	text          string
	column, width int
}

var (
	order = regexp.MustCompile("\x1b\\[([0-9;]*)m")
	// pieces cuts text where columns may begin, and around what is not ASCII, whose
	// width fonts do not agree on. A mark stays with its letter.
	pieces = regexp.MustCompile(` +|[!-~]+(?: [!-~]+)*\pM*|[^ -~]+`)
)

// parse reads what a program wrote to a terminal. It knows colours, bold, faint
// and underlined text, and refuses everything else that is not text.
func parse(screen string) ([][]span, error) {
	var lines [][]span
	var now look
	for text := range strings.SplitSeq(strings.TrimSuffix(screen, "\n"), "\n") {
		line, err := parseLine(text, &now)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(lines)+1, err)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// parseLine reads a line. now is the look at its beginning, and then at its end.
func parseLine(text string, now *look) ([]span, error) {
	var line []span
	column := 0
	for text != "" {
		plain, codes, rest := cutOrder(text)
		if i := strings.IndexFunc(plain, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
			return nil, fmt.Errorf("a control character, %q", plain[i:])
		}
		for _, piece := range pieces.FindAllString(plain, -1) {
			width := term.Width(piece)
			if piece[0] != ' ' {
				line = append(line, span{*now, piece, column, width})
			}
			column += width
		}
		for _, code := range codes {
			if err := now.obey(code); err != nil {
				return nil, err
			}
		}
		text = rest
	}
	return line, nil
}

// cutOrder cuts text around the first order in it.
func cutOrder(text string) (before string, codes []string, after string) {
	at := order.FindStringSubmatchIndex(text)
	if at == nil {
		return text, nil, ""
	}
	return text[:at[0]], strings.Split(text[at[2]:at[3]], ";"), text[at[1]:]
}

// obey changes the look as a terminal does (Select Graphic Rendition, ECMA-48).
func (l *look) obey(code string) error {
	n, err := strconv.Atoi("0" + code) // none is 0
	switch {
	case err != nil:
		return err
	case n == 0:
		*l = look{}
	case n == 1:
		l.bold = true
	case n == 2:
		l.faint = true
	case n == 4:
		l.underline = true
	case n == 22:
		l.bold, l.faint = false, false
	case n == 24:
		l.underline = false
	case n >= 30 && n <= 37:
		l.color = 1 + n - 30
	case n == 39:
		l.color = 0
	case n >= 90 && n <= 97:
		l.color = 1 + 8 + n - 90
	default:
		return fmt.Errorf("the order %d, of which no picture is made", n)
	}
	return nil
}
