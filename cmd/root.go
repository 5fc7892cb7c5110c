// Package cmd is the command line: each command parses, calls, and renders.
//
// What it says follows one rule: the answer goes to stdout, everything else to
// stderr. A line there starts with "usagectl:", is in lower case without a full
// stop, names the thing and the value, and says what did not happen; a hint is a
// line of its own with one thing to do.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
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

func fail(code int, err error, hints ...string) error { return &failure{code, err, hints} }

// app is what every command gets: the world, and the flags that all share.
type app struct {
	World
	json, quiet, verbose, noColor bool

	staysHere bool // this command must not lead to anything being sent
	apart     bool // a blank line sets what is said next apart from the answer
}

// Main runs the program and returns its exit code.
func Main(w World, args []string) int {
	a := &app{World: w}
	root := newRoot(a)
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		a.addCompletions(root) // which no other command has to wait for
	}
	root.SetArgs(args)
	root.SetIn(w.Stdin)
	root.SetOut(w.Stdout.Writer)
	root.SetErr(w.Stderr.Writer)
	command, err := root.ExecuteC()
	code := a.report(command, err)
	if command.Annotations[byPerson] != "" && code != exitUsage {
		a.carryOn()
	}
	return code
}

// byPerson marks commands that a person runs, which see to it that deletion
// requests arrive.
const byPerson = "by-person"

// carryOn starts a deliverer if a deletion request waits for one.
func (a *app) carryOn() {
	if a.staysHere || consent.ForeignHome(a.Dirs) != "" {
		return
	}
	if err := a.sender().WakeForDeletions(a.startDeliverer); err != nil && a.verbose {
		a.warn("no deliverer could be started for a deletion request: %v", err)
	}
}

// report tells an error and finds the exit code for it. What did not come from
// a command itself is cobra's, about the words on the command line.
func (a *app) report(command *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{exitUsage, err, []string{fmt.Sprintf("see %q", command.CommandPath()+" --help")}}
	}
	a.tell(f)
	return f.code
}

// tell tells a failure, if there is something to say.
func (a *app) tell(f *failure) {
	if f.err != nil {
		first := a.Stderr.Style(term.Bad, "error:")
		for i, line := range strings.Split(f.err.Error(), "\n") {
			if i == 0 || line != "" {
				a.Stderr.Printf("usagectl: %s %s\n", first, a.wrapped("error:", line))
			}
		}
	}
	for _, h := range f.hints {
		a.hint("%s", h)
	}
}

// note says what somebody should know before it happens.
func (a *app) note(format string, args ...any) {
	a.setApart()
	a.Stderr.Printf("usagectl: note: %s\n", a.wrapped("note:", fmt.Sprintf(format, args...)))
}

// hint says one thing to do.
func (a *app) hint(format string, args ...any) {
	if !a.quiet {
		a.setApart()
		a.Stderr.Printf("usagectl: hint: %s\n", a.wrapped("hint:", fmt.Sprintf(format, args...)))
	}
}

// warn says what is not as it should be, but did not stop the command.
func (a *app) warn(format string, args ...any) {
	a.setApart()
	a.Stderr.Printf("usagectl: %s %s\n", a.Stderr.Style(term.Warn, "warning:"), a.wrapped("warning:", fmt.Sprintf(format, args...)))
}

// done is nil, and warns, if all that an error says is that a power cut may undo what
// was done.
func (a *app) done(what string, err error) error {
	if err == nil || !statefile.Done(err) {
		return err
	}
	a.warn("%s, but %s", what, oneLine(err))
	return nil
}

// oneLine is an error of several parts in one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// setApart keeps the answer and what is said about it apart where a person sees
// both in one terminal.
func (a *app) setApart() {
	if a.apart && a.Stdout.Terminal && a.Stderr.Terminal {
		a.Stderr.Printf("\n")
	}
	a.apart = false
}

// wrapped breaks a message where a terminal would, behind a word like "hint:".
func (a *app) wrapped(behind, text string) term.Styled {
	return a.Stderr.Wrap(text, len("usagectl: ")+len(behind)+1)
}

// Tree is the tree of commands, for whoever writes documentation from it. It is
// not for running: it has no world to run in.
func Tree() *cobra.Command {
	root := newRoot(&app{})
	root.InitDefaultHelpCmd()
	return root
}

func newRoot(a *app) *cobra.Command {
	var showVersion bool
	status := newStatus(a)
	root := &cobra.Command{
		Use:   "usagectl",
		Short: "See and control what your tools tell about you",
		Long: `Usagectl shows the usage telemetry of your tools, switches it, shows exactly what
would leave and what did, and sends events for scripts that never have to wait.
Without a command it shows the status.`,
		Example: `  # What is on here, and why
  usagectl
  # What exactly would leave; the demo goes to a file, never to the network
  usagectl inspect demo run.end --set exit_code=0
  # Refuse all of it, for good
  usagectl disable --all`,
		Args: noSuchCommand,
		RunE: func(c *cobra.Command, args []string) error {
			if showVersion {
				a.Stdout.Printf("usagectl %s\n", Version())
				return nil
			}
			return status.RunE(c, args)
		},
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRun: func(*cobra.Command, []string) {
			a.Stdout.Color = term.Colored(a.Stdout.Terminal, a.noColor, a.Env)
			a.Stderr.Color = term.Colored(a.Stderr.Terminal, a.noColor, a.Env)
		},
	}
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "print JSON")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print only what is asked for")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "say more")
	flags.BoolVar(&a.noColor, "no-color", false, "print without colour")
	flags.BoolP("help", "h", false, "show what a command does")
	root.Flags().BoolVar(&showVersion, "version", false, "print the version")
	root.SetFlagErrorFunc(badFlag)
	root.SetHelpFunc(a.showHelp)
	root.SetHelpCommand(newHelp(a))
	enable, disable, flush, forget := newEnable(a), newDisable(a), newFlush(a), newForget(a)
	root.AddCommand(status, enable, disable, newInspect(a), newSend(a), flush, forget, newEnv(a), newCompletion(a), newVersion(a), newDeliver(a))
	for _, c := range []*cobra.Command{root, status, enable, disable, flush, forget} {
		c.Annotations = map[string]string{byPerson: "yes"}
	}
	return root
}

// interruptible is a context that ends when the person or the system says so.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// grace is how long a command that is interrupted may take to put things in order.
// A person who presses Ctrl-C waits a second at most.
const grace = 700 * time.Millisecond

// untilInterrupted does a command's work. When that is interrupted and does not end,
// as where a file system hangs, it is left alone, and the failure says so.
func untilInterrupted(ctx context.Context, said string, work func(context.Context) error) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(grace):
		return fail(exitInterrupted, errors.New(said))
	}
}

// library finds manifests.
func (a *app) library() manifest.Library { return manifest.Library{Dirs: a.Dirs.Tools()} }

// sender takes and delivers events.
func (a *app) sender() sender.Sender {
	return sender.Sender{Dirs: a.Dirs, Env: a.Env, WorkDir: a.WorkDir, Now: a.Now, Version: Version}
}
