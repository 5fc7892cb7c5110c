package manifest

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/usagectl/usagectl/internal/tomldoc"
)

// Kind says what sort of mistake an error is about.
type Kind string

// The kinds. What is wrong with the form, docs/manifest.schema.json states too: a key that is not known, missing or in
// the wrong company, a value of the wrong type, out of range, or not one of the words. No schema can state the others.
const (
	KindForm      Kind = "form"
	KindSyntax    Kind = tomldoc.Syntax    // the file is no TOML
	KindLookalike Kind = tomldoc.Lookalike // a value that a schema cannot tell from a right one: 1.0 and 1, a date and a string
	KindOrder     Kind = "order"           // schema does not come first
	KindReserved  Kind = "reserved"        // an ID that no tool, or no file here, can have
	KindTwice     Kind = "twice"           // a name is declared twice
	KindReference Kind = "reference"       // it refers to an event, a field, a level or an ID that there is not
	KindPlace     Kind = "place"           // a field cannot be at this place of the document
	KindValue     Kind = "value"           // what two keys say does not go together: a default that is out of bounds
	KindPattern   Kind = "pattern"         // it is no regular expression
	KindAddress   Kind = "address"         // nothing can be sent to, or kept at, this address
	KindVariable  Kind = "variable"        // the environment variable or its value cannot mean this
	KindHeader    Kind = "header"          // the HTTP header cannot be set so
)

// Error is one thing that is wrong with a manifest.
type Error struct {
	File   string
	Line   int // from 1; 0 if the whole file is meant
	Column int // from 1, in bytes; 0 if the whole file is meant
	Kind   Kind
	Msg    string
}

// Error spells the place as compilers do.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

// Errors is everything that is wrong with a manifest, in the order of the file, but
// what a table lacks after those of its keys that are not known.
// It is never empty.
type Errors []*Error

func (list Errors) Error() string {
	lines := make([]string, len(list))
	for i, e := range list {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// inFile makes [Errors] of the problems of a file, or nil if it has none.
func inFile(file string, problems ...tomldoc.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	list := make(Errors, len(problems))
	for i, p := range problems {
		list[i] = &Error{file, p.Line, p.Column, cmp.Or(Kind(p.Kind), KindForm), p.Msg}
	}
	return list
}
