package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/internal/term"
)

// The rules of text.
//
// The answer goes to stdout, everything else to stderr. A line there starts with
// "usagectl:", is in lower case without a full stop, names the thing and the value,
// and says what did not happen. A hint is a line of its own with one thing to do;
// hints are left out with --quiet. Warnings and errors never are, nor the hints that belong
// to an error. JSON is one
// document on one line, and has no colour. Whether stdout took it is found out once, at
// the end of the command: see [answer]. Text that came from elsewhere loses its
// control characters on the way: see package term.

// ui is what the program says, and to whom. Commands share one, and talk by it alone.
type ui struct {
	stdout, stderr term.Stream

	json, quiet, verbose, noColor bool // the flags that all commands share

	apart bool // a blank line sets what is said next apart from the answer
}

// color decides about colour on both streams, once the flags are known.
func (u *ui) color(env func(string) (string, bool)) {
	u.stdout.Color = term.Colored(u.stdout.Terminal, u.noColor, env)
	u.stderr.Color = term.Colored(u.stderr.Terminal, u.noColor, env)
}

// tell tells a failure, if there is something to say.
func (u *ui) tell(f *failure) {
	if f.err != nil {
		first := u.stderr.Style(term.Bad, "error:")
		for i, line := range strings.Split(f.err.Error(), "\n") {
			if i == 0 || line != "" {
				u.stderr.Printf("usagectl: %s %s\n", first, u.wrapped("error:", line))
			}
		}
	}
	for _, h := range f.hints {
		u.advise(h)
	}
}

// advise says a hint of a failure. What is behind a line break in it is a line to be copied,
// which gets a line of its own where a terminal would break it.
func (u *ui) advise(hint string) {
	u.setApart()
	text, line, copied := strings.Cut(hint, "\n")
	if copied && len("usagectl: hint: ")+len(text)+1+len(line) <= u.stderr.Width {
		u.stderr.Printf("usagectl: hint: %s %s\n", text, line)
		return
	}
	u.stderr.Printf("usagectl: hint: %s\n", u.wrapped("hint:", text))
	if copied {
		u.stderr.Printf("  %s\n", line)
	}
}

// note says what somebody should know before it happens.
func (u *ui) note(format string, args ...any) {
	u.setApart()
	u.stderr.Printf("usagectl: note: %s\n", u.wrapped("note:", fmt.Sprintf(format, args...)))
}

// hint says one thing to do.
func (u *ui) hint(format string, args ...any) {
	if !u.quiet {
		u.setApart()
		u.stderr.Printf("usagectl: hint: %s\n", u.wrapped("hint:", fmt.Sprintf(format, args...)))
	}
}

// warn says what is not as it should be, but did not stop the command.
func (u *ui) warn(format string, args ...any) {
	u.setApart()
	u.stderr.Printf("usagectl: %s %s\n", u.stderr.Style(term.Warn, "warning:"), u.wrapped("warning:", fmt.Sprintf(format, args...)))
}

// done is nil, and warns, if all that an error says is that a power cut may undo what
// was done.
func (u *ui) done(what string, err error) error {
	if err == nil || !statefile.Done(err) {
		return err
	}
	u.warn("%s, but %s", what, oneLine(err))
	return nil
}

// setApart keeps the answer and what is said about it apart where a person sees
// both in one terminal.
func (u *ui) setApart() {
	if u.apart && u.stdout.Terminal && u.stderr.Terminal {
		u.stderr.Printf("\n")
	}
	u.apart = false
}

// wrapped breaks a message where a terminal would, behind a word like "hint:".
func (u *ui) wrapped(behind, text string) term.Styled {
	return u.stderr.Wrap(text, len("usagectl: ")+len(behind)+1)
}

// printJSON prints a value as one line of JSON. The error is of a value that is none.
func (u *ui) printJSON(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fail(exitIO, err)
	}
	u.stdout.Write(term.CleanJSON(b.Bytes()))
	return nil
}

// printDocument prints a JSON document for people to read. The error is of what is none.
func (u *ui) printDocument(doc json.RawMessage) error {
	text, err := indented(doc)
	if err != nil {
		return fail(exitIO, err)
	}
	u.stdout.Write(text)
	return nil
}
