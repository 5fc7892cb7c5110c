package cmd

import (
	"fmt"
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
