// Package manual holds what is to be said about the program as a whole, rather
// than about one command: its variables, files, exit codes, how a tool takes part,
// and what it does with what it knows. "usagectl help TOPIC" and the man pages are
// made of it.
//
// Text is in paragraphs parted by empty lines. A paragraph whose first line is
// indented stands as it is; any other is broken into lines by whoever shows it.
package manual

import (
	"slices"
	"strings"
)

// Topic is a page of the help.
type Topic struct {
	Name  string // as in "usagectl help NAME"
	Short string // one line, without a full stop
	Intro string
	Terms []Term
	Outro string
}

// Term is a thing that has a name, and what is to be known about it.
type Term struct {
	Name string
	Text string
	// Commands are those that it concerns; none means every one.
	Commands []string
}

// Concerns tells whether a term has to do with a command.
func (t Term) Concerns(command string) bool {
	return len(t.Commands) == 0 || slices.Contains(t.Commands, command)
}

// Topics are all of them, in the order in which they are listed.
func Topics() []Topic {
	return []Topic{Environment(), ExitCodes(), Files(), Manifest(), Privacy()}
}

// Group is commands that the same people need.
type Group struct {
	Title    string
	Commands []string
}

// Groups lists the commands by who needs them, in the order in which they are met.
// Those that every program has are in none.
func Groups() []Group {
	return []Group{
		{"People", []string{"status", "enable", "disable", "inspect", "forget"}},
		{"Scripts and images", []string{"send", "flush", "env"}},
	}
}

// ExitStatus parts a command's description from the list of its exit codes, which
// stands last in it under the heading EXIT STATUS.
func ExitStatus(long string) (text, codes string) {
	text, codes, _ = strings.Cut(long, "\n\nEXIT STATUS\n")
	return text, codes
}

// Block is a paragraph, or lines that stand as they are.
type Block struct {
	Verbatim bool
	Lines    []string
}

// Blocks takes text apart. Indented paragraphs that follow each other are one
// block, with an empty line between them.
func Blocks(text string) []Block {
	var list []Block
	for paragraph := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		b := Block{strings.HasPrefix(paragraph, " "), strings.Split(paragraph, "\n")}
		if n := len(list) - 1; n >= 0 && b.Verbatim && list[n].Verbatim {
			list[n].Lines = append(append(list[n].Lines, ""), b.Lines...)
			continue
		}
		list = append(list, b)
	}
	return list
}

// Example is command lines and what they are for.
type Example struct {
	Purpose string
	Lines   []string // indented as in the text
}

// Examples takes a command's examples apart: lines under a comment that says what
// they are for.
func Examples(text string) []Example {
	var list []Example
	for line := range strings.SplitSeq(text, "\n") {
		if purpose, ok := strings.CutPrefix(strings.TrimSpace(line), "# "); ok {
			list = append(list, Example{Purpose: purpose})
		} else if n := len(list) - 1; n >= 0 {
			list[n].Lines = append(list[n].Lines, line)
		}
	}
	return list
}
