package cmd

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// Exit codes, as in sysexits.h where it has one.
const (
	exitOK          = 0
	exitNo          = 1
	exitUsage       = 64
	exitData        = 65
	exitUnavailable = 69
	exitCreate      = 73
	exitIO          = 74
	exitTempFail    = 75
	exitRejected    = 76
	exitNoPerm      = 77
	exitConfig      = 78
	exitInterrupted = 130
)

// failure is an error that knows how the program ends.
type failure struct {
	code  int
	err   error // nil: say nothing
	hints []string
}

func (f *failure) Error() string { return fmt.Sprint(f.err) }

func (f *failure) Unwrap() error { return f.err }

// fail is an error with which the program ends, and what to do about it.
func fail(code int, err error, hints ...string) error { return &failure{code, err, hints} }

// end tells the error with which a command ended and finds the exit code for it. What
// did not come from a command itself is cobra's, about the words on the command line.
func (a *app) end(command *cobra.Command, args []string, err error) int {
	var f *failure
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &f):
	case commandOf(args) != nil:
		return a.badExec(commandOf(args), err)
	case sendsEvent(args):
		return a.badSend(command, args, err)
	default:
		f = &failure{exitUsage, err, []string{fmt.Sprintf("see %q", command.CommandPath()+" --help")}}
	}
	a.tell(f)
	return f.code
}
