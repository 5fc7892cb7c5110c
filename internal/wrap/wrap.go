// Package wrap runs a command in the place of this program, so that neither whoever started
// it nor the command notices that there is something in between.
//
// [Command.Become] replaces this process by the command, where the system can. Where this
// process has to be there when the command ends, [Command.Start] starts it as a child and
// [Child.Wait] stands in for it:
//
//   - The child has this process's streams, its other descriptors, its directory, its
//     process group and its terminal. This process lets go of all of them, so that readers
//     see the end of a pipe, and others get a lock, when the command lets go of it.
//   - What a terminal sends to a process group reaches the child without this process, which
//     does not pass it on a second time. What others send to this process is passed on, but
//     for what stops a process. If they send it to the whole group it can reach the child
//     twice, for nothing tells the one from the other.
//   - If the child stops, so does this process, and the child goes on when this does, so that
//     a shell's job control works.
//   - How the child ended is known, and [Die] ends this process by the same signal.
//
// Signals that are ignored stay ignored, but for those of which Go's runtime does not let a
// program know: of what ends a process these are all but SIGHUP and SIGINT. SIGQUIT counts
// as ignored if SIGINT is, for a shell ignores both in what it starts in the background.
// Go's runtime unblocks some of the signals that are blocked, such as SIGTERM.
package wrap

import (
	"os"
)

// Command is a program to run, with its arguments and environment as for [os.StartProcess].
type Command struct {
	Path string // as [Find] returns it
	Argv []string
	Env  []string

	// KeepStderr has this process keep stderr open while a child runs, to write to it.
	KeepStderr bool
}

// End is how a command ended.
type End struct {
	Code   int       // the exit code; 128 and the signal's number for one that was killed, as shells have it
	Signal os.Signal // the signal that killed it; nil for one that exited
	Name   string    // that signal's name, such as SIGKILL; "" for one that exited
}

// Codes with which shells report a command that cannot be started.
const (
	CannotExecute = 126
	NotFound      = 127
)

// Error says why a command cannot be started.
type Error struct {
	Name string // as it was given
	Msg  string
	Code int // [CannotExecute] or [NotFound]
}

func (e *Error) Error() string { return e.Name + ": " + e.Msg }
