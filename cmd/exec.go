package cmd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/wrap"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// execName is the command that runs another one.
const execName = "exec"

// execCommand is the command that runs another one, and sends when it starts and ends.
type execCommand struct {
	*app
	eventFlags
}

func newExec(a *app) *cobra.Command {
	c := &execCommand{app: a}
	command := &cobra.Command{
		Use:   "exec TOOL -- COMMAND",
		Short: "Run a command and send when it starts and ends",
		Long: `Exec runs a command, and takes the events that the tool's manifest names for its
start and its end ([exec]), as send does: if telemetry is off nothing happens but
that the command runs. What a manifest can have of the command is how long it ran
and how it ended; its name, arguments and output never leave.

The command has the streams, the terminal and the other descriptors, the directory
and the process group that exec has; signals reach it, and it stops and goes on
under a shell's job control. Exec ends as it does: with its exit code, or by the
signal that killed it. If telemetry is off exec replaces itself with the command;
on Windows it waits for it. Signals that are ignored stay ignored if they are
SIGHUP, SIGINT (with SIGQUIT) or those that stop a process. Many of those that are
blocked, such as SIGHUP, SIGINT, SIGTERM and SIGCHLD, do not stay so, even if
telemetry is off.

The events belong to one run, and so does what the command sends: it finds the
run's ID in USAGECTL_RUN_ID, and, of a tool that sends by OTLP, a parent for spans
of its own in TRACEPARENT, unless another trace is there already. If USAGECTL_RUN_ID
is set and --run is not given, that run goes on.

The command runs whatever is wrong with the telemetry, which one line on stderr
tells before it starts. With -v exec keeps stderr, and says what became of the
events; if telemetry is off, it says why before the command starts. Exec itself has to
start for that: where the address space is limited to less than 2 GB (ulimit -v),
or open files to a few (ulimit -n), it may end with 2 and not run the command. Where
no further process can be started (ulimit -u), it ends with 126.

A signal that is sent to exec is passed on, except for SIGTSTP, and for SIGINT,
SIGQUIT and SIGWINCH while exec is in the foreground of a terminal: the terminal
has sent those to the command too, and what a program sends to exec alone there is
lost. A signal that is sent to the whole process group, as "kill %1", timeout and
service managers do, can reach the command twice, for exec cannot tell and passes
it on. Take care with commands to which the second one means "at once". SIGPIPE and
SIGPROF are not passed on, nor in the first milliseconds others than SIGHUP, SIGINT,
SIGQUIT and SIGTERM. SIGKILL, and the signals of a program's own faults such
as SIGABRT and SIGSEGV, end exec alone, and SIGSTOP stops it alone: the command goes
on, and the end of one without exec is not sent.

EXIT STATUS
   N  that of the command; 128 and the signal's number, in a shell, if a signal
      killed it
  64  there is no "--" with a command behind it; nothing was run
 126  the command cannot be executed; nothing was sent
 127  there is no such command; nothing was sent`,
		Example: `  # Any command, with its own exit code
  usagectl exec demo -- sh -c 'exit 0'
  # Fields of the tool's events
  usagectl exec demo --set features=sort --tool-version 1.2.0 -- sort --version
  # What became of the events
  usagectl exec -v demo -- sleep 0`,
		Args: c.words,
		RunE: func(command *cobra.Command, args []string) error {
			return c.run(command.Context(), args[0], args[1:])
		},
	}
	c.addRunTo(command)
	return command
}

// words holds that exec has one tool, and "--" before a command.
func (c *execCommand) words(command *cobra.Command, args []string) error {
	switch dash := command.ArgsLenAtDash(); {
	case dash == 1 && len(args) > 1:
		return nil
	case dash < 0 && len(args) > 1:
		return errors.New(`"--" has to stand before the command, as in "usagectl exec TOOL -- COMMAND"`)
	}
	return errors.New("the command is: usagectl " + command.Use)
}

// commandOf is the command that a command line of exec ends in; nil if it is another one or
// has none.
func commandOf(args []string) []string {
	i := slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })
	dash := slices.Index(args, "--")
	if i < 0 || args[i] != execName || dash < i || dash == len(args)-1 {
		return nil
	}
	return args[dash+1:]
}

// badExec runs a command in spite of what is wrong with the words before it: a script may be
// newer than this version, and use a flag that this one does not know. Nothing is sent, for
// that may have been to keep something back.
func (a *app) badExec(argv []string, err error) int {
	a.stderr.Printf("usagectl: exec: %s; %s\n", oneLine(err), unobserved)
	var f *failure
	if errors.As(a.replace(argv), &f) {
		a.tell(f)
		return f.code
	}
	return exitOK
}

// unobserved is what happens when something is wrong with the telemetry.
const unobserved = "the command runs, and nothing is sent"

// run runs the command.
func (c *execCommand) run(ctx context.Context, tool string, argv []string) error {
	r, problems := c.lookInTime(tool)
	if len(problems) > 0 {
		c.stderr.Printf("usagectl: exec %s: %s\n", tool, strings.Join(problems, "; "))
	}
	if r == nil {
		return c.replace(argv)
	}
	command, err := c.find(argv)
	if err != nil {
		return err
	}
	command.Env, command.KeepStderr = r.environment(c.world.Environ), c.verbose
	begun, before := time.Now(), c.world.Now() // the first is monotonic
	child, err := command.Start()
	if err != nil {
		return unstartable(err)
	}
	ending, taken := make(chan sender.Event), make(chan []sender.Result, 1)
	go func() { taken <- c.takeBoth(ctx, before, r.start, ending) }()
	end := child.Wait()
	took := time.Since(begun)
	late := time.After(sendBudget)
	select {
	case ending <- r.ending(end, took):
	case <-late:
		return c.leave(end)
	}
	select {
	case results := <-taken:
		c.report(tool, r, results)
	case <-late:
	}
	return c.leave(end)
}

// takeBoth takes the event of the start, and that of the end once it is there. The command is
// running already, and costs no time so; the start is taken at the time before, since the
// command may send events too.
func (c *execCommand) takeBoth(ctx context.Context, before time.Time, start sender.Event, ending <-chan sender.Event) []sender.Result {
	earlier := c.world
	earlier.Now = func() time.Time { return before }
	return []sender.Result{earlier.sender().Take(ctx, start), c.world.sender().Take(ctx, <-ending)}
}

// find finds the command's program.
func (a *app) find(argv []string) (wrap.Command, error) {
	path, ok := a.world.Env("PATH")
	if !ok {
		path = "/bin:/usr/bin" // as execvp(3) has it
	}
	file, err := wrap.Find(argv[0], path)
	if err != nil {
		return wrap.Command{}, unstartable(err)
	}
	return wrap.Command{Path: file, Argv: argv, Env: a.world.Environ}, nil
}

// replace replaces the program by a command, and runs it to its end where that cannot be.
func (a *app) replace(argv []string) error {
	command, err := a.find(argv)
	if err != nil {
		return err
	}
	end, err := command.Become()
	if err != nil {
		return unstartable(err)
	}
	return a.leave(end)
}

// unstartable is the failure for a command that cannot be started.
func unstartable(err error) error {
	var e *wrap.Error
	if errors.As(err, &e) {
		return fail(e.Code, err)
	}
	return fail(wrap.CannotExecute, err)
}

// leave ends the program as the command did.
func (a *app) leave(end wrap.End) error {
	if end.Signal != nil {
		a.world.Raise(end.Signal)
	}
	if end.Code == exitOK {
		return nil
	}
	return fail(end.Code, nil)
}

// report says what became of the events.
func (c *execCommand) report(tool string, r *run, results []sender.Result) {
	if !c.verbose {
		return
	}
	for i, name := range []string{r.start.Name, r.end.Name} {
		c.stderr.Printf("usagectl: exec %s: %s: %s: %s\n", tool, name, string(results[i].Outcome), results[i].Reason.Detail)
	}
}

// run is what is sent of a command.
type run struct {
	start, end sender.Event
	manifest   *manifest.Manifest
}

// lookInTime finds out what is to be sent, and what is wrong with it, but has the command wait
// no longer than a caller of send. It is nil if nothing is to be sent.
func (c *execCommand) lookInTime(tool string) (*run, []string) {
	type found struct {
		*run
		problems []string
	}
	done := make(chan found, 1)
	go func() {
		r, problems := c.look(tool)
		done <- found{r, problems}
	}()
	select {
	case f := <-done:
		return f.run, f.problems
	case <-time.After(sendBudget):
		return nil, []string{"the machine did not answer in time; " + unobserved}
	}
}

// look finds out what is to be sent, and what is wrong with it.
func (c *execCommand) look(tool string) (*run, []string) {
	m, err := c.lastingManifest(tool, c.manifest, false)
	if err != nil {
		return nil, []string{firstLine(err) + "; " + unobserved}
	}
	if m.Exec == nil {
		return nil, []string{"its manifest has no [exec], which names the events of a command; " + unobserved}
	}
	if m.Consent.Default == manifest.OptOut && c.stderr.Terminal && !c.quiet {
		// What is new since the last notice is not sent in the run in which it is shown.
		if shown, err := c.notice(m, c.manifest); err != nil {
			return nil, []string{fmt.Sprintf("the notice could not be recorded: %v", err)}
		} else if shown {
			return nil, nil
		}
	}
	r, problems := c.describeRun(m)
	why := c.withheld(r)
	if why == "" {
		return r, problems
	}
	if c.verbose {
		problems = append(problems, "off: "+why)
	}
	return nil, problems
}

// withheld is why neither of the events may be sent; "" if one may be.
func (c *execCommand) withheld(r *run) (why string) {
	_, v := c.world.decisions(false).Ask(r.manifest.Tool.ID, r.manifest, c.world.Env, c.world.WorkDir)
	if !v.On() {
		return v.Reason.Detail
	}
	for _, name := range []string{r.start.Name, r.end.Name} {
		event, err := sender.FindEvent(r.manifest, name)
		if err == nil {
			_, err = v.Permit(event)
		}
		if err == nil {
			return ""
		}
		why = err.Error()
	}
	return why
}

// describeRun is what is to be sent, and what is left out.
func (c *execCommand) describeRun(m *manifest.Manifest) (*run, []string) {
	e, problems := c.describe(c.world, m, "", nil)
	if e.RunID == uuid.Nil {
		e.RunID = uuid.New()
	}
	e.EventID = uuid.New() // of the start: the parent of spans
	given := e.Set
	e.Set = nil
	r := &run{e, e, m}
	r.start.Name, r.end.Name, r.end.EventID = m.Exec.Start, m.Exec.End, uuid.Nil
	for _, set := range given {
		if set.Name == m.Exec.ExitCode || set.Name == m.Exec.Signal || set.Name == m.Exec.Duration {
			problems = append(problems, fmt.Sprintf("--set %s is left out: it is how the command ends", set.Name))
			continue
		}
		field, ok := m.Field(set.Name)
		if !ok || field.In(r.start.Name) || !field.In(r.end.Name) { // what belongs to neither is said once
			r.start.Set = append(r.start.Set, set)
		}
		if ok && field.In(r.end.Name) {
			r.end.Set = append(r.end.Set, set)
		}
	}
	for _, e := range []sender.Event{r.start, r.ending(wrap.End{}, 0)} {
		found, err := sender.Check(m, e)
		if err != nil {
			problems = append(problems, err.Error())
		}
		for _, mistake := range mistakesOf(found, true) {
			if !slices.Contains(problems, mistake) {
				problems = append(problems, mistake)
			}
		}
	}
	return r, problems
}

// ending is the event of the end.
func (r *run) ending(end wrap.End, took time.Duration) sender.Event {
	e, fields := r.end, r.manifest.Exec
	e.Values = map[string]any{}
	is := func(name string, t manifest.Type) bool {
		field, ok := r.manifest.Field(name)
		return ok && field.Type == t
	}
	if fields.ExitCode != "" {
		e.Values[fields.ExitCode] = end.Code
	}
	switch {
	case fields.Signal == "" || end.Signal == nil:
	case is(fields.Signal, manifest.Int):
		e.Values[fields.Signal] = end.Code - 128
	default:
		e.Values[fields.Signal] = end.Name
	}
	switch {
	case fields.Duration == "":
	case is(fields.Duration, manifest.Int):
		e.Values[fields.Duration] = int64(math.Round(took.Seconds()))
	default:
		e.Values[fields.Duration] = float64(took.Microseconds()) / 1e6
	}
	return e
}

// environment is that of the command: the program's own, with the run.
func (r *run) environment(environ []string) []string {
	run := r.start.RunID
	env := withVariable(environ, "USAGECTL_RUN_ID", run.String())
	if r.manifest.Send.Transport != manifest.OTLP {
		return env
	}
	const name = "TRACEPARENT"
	// The trace is the run, and its first span the start; see pkg/sender/internal/transport.
	trace := fmt.Sprintf("00-%x-", run[:])
	i := slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	if i >= 0 && env[i] != name+"=" && !strings.HasPrefix(env[i], name+"="+trace) {
		return env // somebody else's, which goes on
	}
	return withVariable(env, name, fmt.Sprintf("%s%x-01", trace, r.start.EventID[:8]))
}

// withVariable is an environment with a variable.
func withVariable(environ []string, name, value string) []string {
	env := slices.DeleteFunc(slices.Clone(environ), func(v string) bool { return strings.HasPrefix(v, name+"=") })
	return append(env, name+"="+value)
}
