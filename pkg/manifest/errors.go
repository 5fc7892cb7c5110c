package manifest

import (
	"fmt"
	"strings"

	"github.com/usagectl/usagectl/internal/tomldoc"
)

// Error is one thing that is wrong with a manifest.
type Error struct {
	File   string
	Line   int // from 1; 0 if the whole file is meant
	Column int // from 1, in bytes; 0 if the whole file is meant
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
		list[i] = &Error{file, p.Line, p.Column, p.Msg}
	}
	return list
}
