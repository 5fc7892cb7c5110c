package cmd

import (
	"context"
	"fmt"
	"os"
	"slices"
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
	if c.level < 1 && command.Flags().Changed("level") {
		return fmt.Errorf("--level %d: the lowest level is 1", c.level)
	}
	if c.stream {
		if len(args) == 2 {
			return fmt.Errorf("--stream and the event %s cannot be combined: each line names its event", manifest.Quote(args[1]))
		}
		return words(1, 1)(command, args)
	}
	if len(args) == 3 && command.Flags().Changed("wait") {
		return fmt.Errorf("%s is a word too many; the time of --wait stands behind \"=\", as in --wait=5s", manifest.Quote(args[2]))
	}
	if err := words(2, 2)(command, args); err != nil {
		return err
	}
	return c.readLoopback(command)
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
	lines, interrupted := 0, false
	if line.stream { // who writes it would be ended if nobody read
		ctx, ended := stoppable(context.Background())
		lines = a.world.countLines(ctx)
		interrupted = ended() == os.Interrupt
	}
	switch {
	case line.json && line.stream:
		_ = a.printJSON(streamed{Schema: 1, Tool: line.tool, Dropped: lines, Reason: &consent.Reason{Rule: ruleUsage, Detail: detail}})
	case line.json:
		reason := consent.Reason{Rule: ruleUsage, Detail: detail}
		_ = a.printJSON(sent{Schema: 1, Tool: line.tool, Event: line.event, Outcome: sender.Dropped, Reason: reason})
	}
	switch {
	case interrupted:
		a.world.Raise(os.Interrupt)
		return exitInterrupted
	case line.fail || line.test:
		return exitUsage
	}
	return exitOK
}

// commandFirst puts the command before the flags that are given before it, which may be its
// own: "--fail send TOOL EVENT". What no flag takes for its value and is no command stays
// where it is.
func commandFirst(all []builder, args []string) []string {
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") {
		return args
	}
	root := newRoot(newApp(World{}), all)
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			return args
		}
		if strings.HasPrefix(args[i], "-") {
			if takesValue(root, args[i]) {
				i++
			}
			continue
		}
		if slices.ContainsFunc(all, func(b builder) bool { return b.name == args[i] }) {
			return slices.Concat(args[i:i+1], args[:i], args[i+1:])
		}
		return args
	}
	return args
}

// takesValue reports whether the word behind a flag is its value, by the first command
// that has the flag.
func takesValue(root *cobra.Command, arg string) bool {
	name, isLong := strings.CutPrefix(arg, "--")
	if !isLong || strings.Contains(name, "=") {
		return false
	}
	for _, command := range append([]*cobra.Command{root}, root.Commands()...) {
		if flag := command.Flag(name); flag != nil {
			return flag.NoOptDefVal == ""
		}
	}
	return false
}

// sendLine is what can be told of a command line that the parser gave up on.
type sendLine struct {
	tool, event string // "" if it cannot be told which words they are
	fail, json  bool
	test        bool // which fails with or without --fail
	stream      bool
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
	var words, apart []string // apart from those that may be the value of a flag that is not known
	unknown := false          // the flag before
	for i := 0; i < len(args); i++ {
		name, value, valued := strings.Cut(args[i], "=")
		flag := command.Flag(strings.TrimPrefix(name, "--"))
		switch {
		case args[i] == "--":
			words, apart = append(words, args[i+1:]...), append(apart, args[i+1:]...)
			i = len(args)
		case !strings.HasPrefix(name, "-") || name == "-":
			words = append(words, args[i])
			if !unknown {
				apart = append(apart, args[i])
			}
			unknown = false
			continue
		case !strings.HasPrefix(name, "--"):
			unknown = strings.Trim(name, "-hqv") != ""
			continue
		case flag == nil:
			unknown = !valued
			continue
		case flag.Name == "fail":
			line.fail = yes(value, valued)
		case flag.Name == loopbackFlag:
			line.test = true
			if !valued {
				i++
			}
		case flag.Name == "json":
			line.json = yes(value, valued)
		case flag.Name == "stream":
			line.stream = yes(value, valued)
		case flag.NoOptDefVal == "" && !valued:
			i++
		}
		unknown = false
	}
	switch { // a word behind a flag that is not known is its value only if there is one too many
	case len(apart) > 2:
		line.tool, line.event = apart[1], apart[2]
	case line.stream && len(apart) > 1:
		line.tool = apart[1]
	case len(words) == 3:
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
