package cmd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// A command line of send that cannot be read. The script that calls it goes on, for it
// may be newer than this version and use a flag that this one does not know; with --fail
// it learns of it. The event is not sent: a flag that is not understood may have been to
// keep something back.

// words holds that send has a tool and an event, and a time that can be waited. A time
// behind --wait is the mistake to expect: other flags take their values so.
func (c *sendCommand) words(command *cobra.Command, args []string) error {
	if err := notNegative("wait", c.wait); err != nil {
		return err
	}
	if len(args) == 3 && command.Flags().Changed("wait") {
		return fmt.Errorf("%s is a word too many; the time of --wait stands behind \"=\", as in --wait=5s", manifest.Quote(args[2]))
	}
	return words(2, 2)(command, args)
}

// ruleUsage is the reason where the command line cannot be read.
const ruleUsage consent.Rule = "usage"

// sendsEvent reports whether a command line is one of send: whether that is its first
// word that is no flag.
func sendsEvent(args []string) bool {
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			return arg == sendName
		}
	}
	return false
}

// badSend reports in one line what is wrong with a command line of send, and finds the
// exit code.
func (a *app) badSend(root *cobra.Command, args []string, err error) int {
	a.neverFails = true // nor by what it prints
	line := readSendLine(root.Root(), args)
	detail := oneLine(err)
	a.stderr.Printf("usagectl: send: nothing was sent: %s\n", detail)
	if line.json {
		reason := consent.Reason{Rule: ruleUsage, Detail: detail}
		_ = a.printJSON(sent{Schema: 1, Tool: line.tool, Event: line.event, Outcome: sender.Dropped, Reason: reason})
	}
	if line.fail {
		return exitUsage
	}
	return exitOK
}

// sendLine is what can be told of a command line that the parser gave up on.
type sendLine struct {
	tool, event string // "" if it cannot be told which words they are
	fail, json  bool
}

// readSendLine looks for what matters wherever it is: also behind a flag that is not
// known, but not where it is the value of a flag that takes one, nor behind "--", where
// nothing is a flag.
func readSendLine(root *cobra.Command, args []string) sendLine {
	command, _, err := root.Find([]string{sendName})
	if err != nil {
		return sendLine{}
	}
	var line sendLine
	var words []string
	sure := true // which words are values
	for i := 0; i < len(args); i++ {
		name, value, valued := strings.Cut(args[i], "=")
		flag := command.Flag(strings.TrimPrefix(name, "--"))
		switch {
		case args[i] == "--":
			words = append(words, args[i+1:]...)
			i = len(args)
		case !strings.HasPrefix(name, "-") || name == "-":
			words = append(words, args[i])
		case !strings.HasPrefix(name, "--"):
			sure = sure && strings.Trim(name, "-hqv") == ""
		case flag == nil:
			sure = sure && valued
		case flag.Name == "fail":
			line.fail = yes(value, valued)
		case flag.Name == "json":
			line.json = yes(value, valued)
		case flag.NoOptDefVal == "" && !valued:
			i++
		}
	}
	if sure && len(words) > 2 {
		line.tool, line.event = words[1], words[2]
	}
	return line
}

// yes reports whether a flag that is true or false is given and not false. A value that
// is neither asks for it too.
func yes(value string, valued bool) bool {
	b, err := strconv.ParseBool(value)
	return !valued || err != nil || b
}
