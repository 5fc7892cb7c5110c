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

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
		{"Scripts and images", []string{"send", "exec", "flush", "env"}},
		{"Tool authors", []string{"tools", "ask"}},
	}
}

// Parts are the commands below a command that people are told of: "show" of "tools". The
// topics below help are none.
func Parts(c *cobra.Command) []*cobra.Command {
	if c.Name() == "help" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.Commands()), func(part *cobra.Command) bool { return part.Hidden })
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

// Flag is a flag as help and the man pages show it.
type Flag struct {
	Short, Name string // with their hyphens; Short may be ""
	Value       string // what stands for its value; "" if it takes none
	Optional    bool   // the value can be left out, and stands behind "=" else
	Usage       string // what it does, and what holds if it is not given
}

// Flags are those of a command that people are told of.
func Flags(set *pflag.FlagSet) []Flag {
	var list []Flag
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		flag := Flag{Name: "--" + f.Name}
		flag.Value, flag.Usage = pflag.UnquoteUsage(f)
		if f.Shorthand != "" {
			flag.Short = "-" + f.Shorthand
		}
		switch {
		case flag.Value == "":
		case f.NoOptDefVal != "":
			flag.Optional = true
			flag.Usage += " (" + f.NoOptDefVal + " if none is given)"
		case !slices.Contains([]string{"", "0", "0s", "[]"}, f.DefValue):
			flag.Usage += " (default " + strings.Replace(f.DefValue, "m0s", "m", 1) + ")"
		}
		list = append(list, flag)
	})
	return list
}
