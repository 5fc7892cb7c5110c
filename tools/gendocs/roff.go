package main

import (
	"fmt"
	"strings"

	"github.com/usagectl/usagectl/internal/manual"
)

// roff is a man page that is being written, in the macros of man(7).
type roff struct{ strings.Builder }

// pageDate is what the pages show as their date. It is fixed, so that the same
// source makes the same pages; it changes when what they say does.
const pageDate = "2026-11-22"

// newPage starts a page with its heading.
func newPage(name string, section int) *roff {
	r := &roff{}
	r.line(`.\" Made by "go run ./tools/gendocs"; change what it is made of instead.`)
	r.line(fmt.Sprintf(`.TH %s %d %s usagectl "Usagectl Manual"`, escape(strings.ToUpper(name)), section, pageDate))
	r.wholeWords()
	return r
}

// wholeWords has no word broken at the end of a line: a command that was broken in
// two cannot be copied.
func (r *roff) wholeWords() { r.line(".nh") }

// line writes a line of roff as it stands.
func (r *roff) line(text string) { r.WriteString(text + "\n") }

// text writes words in lines of a good length; where they break is the reader's
// terminal's affair.
func (r *roff) text(words string) {
	line := ""
	for _, word := range strings.Fields(words) {
		if line != "" && len(line)+1+len(word) > 78 {
			r.line(guarded(line))
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	r.line(guarded(line))
}

// guarded is a line that is not taken for a macro.
func guarded(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}

// heading starts a section.
func (r *roff) heading(title string) { r.line(".SH " + strings.ToUpper(title)) }

// term starts an entry of a list of terms; what is said of it follows as text.
func (r *roff) term(styled string) {
	r.line(".TP")
	r.line(guarded(styled))
}

// paragraphs writes text as package manual has it.
func (r *roff) paragraphs(text string) {
	for i, b := range manual.Blocks(text) {
		if i > 0 {
			r.line(".PP")
		}
		if b.Verbatim {
			r.example(b.Lines)
			continue
		}
		r.text(escape(strings.Join(b.Lines, " ")))
	}
}

// example writes lines that stand as they are.
func (r *roff) example(lines []string) {
	r.line(".EX")
	for _, line := range lines {
		r.line(guarded(escape(line)))
	}
	r.line(".EE")
	r.wholeWords() // .EE of groff turns hyphens on again
}

func bold(text string) string { return `\fB` + escape(text) + `\fR` }

func italic(text string) string { return `\fI` + escape(text) + `\fR` }

// escape writes text so that it is shown as it is: a hyphen that can be copied
// from the page, and no backslash that means something.
func escape(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c == '\\':
			b.WriteString(`\e`)
		case c == '-':
			b.WriteString(`\-`)
		case c == '~':
			b.WriteString(`\(ti`)
		case c == '^':
			b.WriteString(`\(ha`)
		case c == '\'':
			b.WriteString(`\(aq`)
		case c == '`':
			b.WriteString(`\(ga`)
		case c > '~':
			fmt.Fprintf(&b, `\[u%04X]`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
