package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// sendName is the command that takes an event.
const sendName = "send"

// sendCommand is the command that takes one event.
type sendCommand struct {
	*app
	eventFlags
	tool, event string
	level       int
	wait        time.Duration
	fail        bool
	dryRun      bool
	endpoint    string           // of --endpoint-for-test, as it was given
	loopback    *sender.Loopback // where a test sends; nil if this is none
	stream      bool

	queued chan sender.Result // gets the result so far once the event is kept
}

func newSend(a *app) *cobra.Command {
	c := &sendCommand{app: a, queued: make(chan sender.Result, 1)}
	command := &cobra.Command{
		Use:   "send TOOL EVENT | TOOL --stream",
		Short: "Take an event and return at once",
		Long: `Send takes an event and returns at once; a background process delivers it, now or
when the network is back. If telemetry is off nothing happens at all, except that a
tool which is on by default has its notice shown, once, on a terminal. Errors are
reported in one line on stderr, and the script that calls it goes on: even if this
version does not know a flag. Such an event is not sent.

With --data it reads up to 1 MiB from a file, from stdin or from another pipe, such
as <(...). A pipe that has not ended after 5 seconds is left, and the event goes
without its values. The manifest of --manifest has to be a file, which is read
again when the event is delivered.

With --stream it takes many events, at the price of a write to a pipe: it reads one
JSON object a line from stdin until that ends:

  {"event":"run.end","set":{"exit_code":0},"run":"UUID","level":1}

Only "event" is required; "tool_version" is allowed too. A line with a
mistake is reported with its number, and skipped if it is no event. The events are
queued within a fifth of a second, many to a file. A disk that hangs holds up the
program that writes the lines for 2 seconds at a time; what it does not take in that
time is dropped, and reported. No line is taken that was written after a refusal.
After a signal it reads on until stdin ends, for up to 10 seconds; a second one ends
it. With --fail a value that does not fit has its line skipped; --json prints how
many events were taken, skipped, off and dropped.

With --level N nothing above that level is sent of this event, and a field that takes
the level says N, whatever you agreed to beyond it. It never sends more than you
agreed to.

With --wait it delivers the event itself, and tries again while there is time. Told
to end by a signal it lets a request under way be finished, for up to 10 seconds of
that time, or half a second after Ctrl-C, which ends the script too; what is not
delivered is kept. What it sends and cannot record is said with -v or --json. Without
--wait, or with --wait=0, a background process delivers the event, and --fail tells
only whether it was taken.

With --endpoint-for-test the tests of an author send to a receiver of their own, such
as 127.0.0.1:8765. The host is a number of this machine (127.0.0.0/8 or ::1); the path
stays the manifest's, and the scheme is http. Such an event goes nowhere else, whatever
was decided and in CI too: at the highest level unless --level is lower, under a source
ID that is made for it alone, with --fail and --wait=5s unless another time is given.
Nothing is recorded, and a warning says each time that it is a test. By UDP "sent" is
all that can be known.

Where the system does not let it start, as with less than 1 GB of address space
("ulimit -v") or no process left, it ends with 2, or the shell with 126 or more.
A script that has to go on even then writes "|| true".

EXIT STATUS
   0  always, unless --fail is given; with it the event was delivered, or taken
      for a background process; otherwise:
   1  telemetry is off, with --stream for at least one event; -v or --json
      gives the reason
  64  a bad flag or a wrong number of arguments; nothing was sent
  65  an unknown tool, event or field, or a value that does not fit;
      nothing was sent, or with --stream nothing of that line, or
      nothing at all if a flag does not fit
  69  not delivered within --wait and not kept, or it is not known; with
      --stream an event was dropped
  74  the answer could not be printed, with --json or --dry-run, or stdin
      could not be read, with --stream
  75  not delivered within --wait, but kept
  76  rejected by the server
  78  the tool's manifest cannot be used
 130  ended by Ctrl-C, with --fail or without`,
		Example: `  # In a script: back at once, whatever happens
  usagectl send demo run.start
  usagectl send demo run.end --set exit_code=0 --set duration=1.5
  # Values that a program wrote as JSON
  echo '{"exit_code": 3}' | usagectl send demo run.end --data -
  # Many events, from a program that writes one a line
  echo '{"event": "run.end"}' | usagectl send demo --stream
  # Where you must know: wait, and fail if it did not arrive
  usagectl send demo run.end --wait=5s --fail`,
		Args: c.words,
		RunE: func(command *cobra.Command, args []string) error {
			c.tool = args[0]
			if c.stream {
				return c.runStream(command.Context())
			}
			c.event = args[1]
			return c.run(command.Context())
		},
	}
	c.addTo(command)
	flags := command.Flags()
	flags.IntVar(&c.level, "level", 0, "send at most what level `N` allows, never more than was agreed to")
	flags.DurationVar(&c.wait, "wait", 0, "deliver now, within `TIME`")
	flags.Lookup("wait").NoOptDefVal = "2s"
	flags.BoolVar(&c.fail, "fail", false, "end with an exit code that tells what went wrong")
	flags.BoolVar(&c.stream, "stream", false, "take the events that stdin has, one a line, until it ends")
	flags.BoolVar(&c.dryRun, "dry-run", false, "print what would be sent, and send nothing")
	flags.StringVar(&c.endpoint, loopbackFlag, "", "test: send to this `URL` of this machine only")
	exclusive(command, []string{"stream", "set"}, []string{"stream", "data"}, []string{"stream", "wait"}, []string{"stream", "dry-run"}, []string{"stream", loopbackFlag})
	return command
}

// sent is what became of an event, as "send --json" has it.
type sent struct {
	Schema  int            `json:"schema"`
	Tool    string         `json:"tool"`
	Named   string         `json:"named,omitempty"` // the name that was given, if it is not the tool's ID
	Event   string         `json:"event"`
	Outcome sender.Outcome `json:"outcome"`
	EventID string         `json:"event_id,omitempty"`
	Reason  consent.Reason `json:"reason"`

	Payload json.RawMessage `json:"payload,omitempty"` // of a dry run: what would be sent

	Unrecorded string `json:"unrecorded,omitempty"` // why something that was sent is not in the journal
}

// ruleTime is the reason where taking an event took longer than a caller should wait.
const ruleTime consent.Rule = "time"

// sendBudget is how long the caller is kept at most when the machine itself
// hangs, such as a home on a dead file server. It takes milliseconds otherwise.
// Reading the caller's own data and --wait are not counted.
const sendBudget = 2 * time.Second

// run takes the event. While it waits for the delivery it is not simply ended by a signal,
// for what is under way then would be sent again. A script has to go on when the system ends
// only this, but not when the person ends it with Ctrl-C: a shell takes that to be meant for
// the script only if this program ends by it.
func (c *sendCommand) run(ctx context.Context) error {
	c.neverFails = !c.fail
	data, err := readData(c.world, c.data)
	if c.wait == 0 {
		return c.finish(c.takeInTime(ctx, data, err))
	}
	ctx, ended := stoppable(ctx)
	err = c.finish(c.takeInTime(ctx, data, err))
	if ended() == os.Interrupt {
		c.world.Raise(os.Interrupt)
		return fail(exitInterrupted, nil)
	}
	return err
}

// takeInTime takes the event, but keeps the caller no longer than that.
func (c *sendCommand) takeInTime(ctx context.Context, data []byte, dataErr error) taken {
	done := make(chan taken, 1)
	go func() { done <- c.take(ctx, data, dataErr) }()
	select {
	case t := <-done:
		return t
	case <-time.After(sendBudget + c.wait):
		return taken{Result: c.late(), tool: c.tool}
	}
}

// late is the result as far as it is known when the machine does not answer in time.
func (c *sendCommand) late() sender.Result {
	select {
	case out := <-c.queued:
		out.Reason = consent.Reason{Rule: ruleTime, Detail: "it is kept, but the machine did not answer in time"}
		return out
	default:
		return sender.Result{Outcome: sender.Unknown, Reason: consent.Reason{Rule: ruleTime, Detail: "the machine did not answer in time, so nobody knows whether it is kept"}}
	}
}

// taken is what became of an event.
type taken struct {
	sender.Result
	tool     string   // its ID, or the name that was given if it is nobody's
	problems []string // what the author of the script should know
}

// take takes the event. dataErr is what is wrong with the data.
func (c *sendCommand) take(ctx context.Context, data []byte, dataErr error) taken {
	var problems []string
	if dataErr != nil {
		problems = append(problems, fmt.Sprintf("--data: %v", dataErr))
	}
	m, err := c.lastingManifest(c.tool, c.manifest, c.dryRun)
	if err != nil {
		return taken{unusable(err), c.tool, append(problems, firstLine(err))}
	}
	tool := m.Tool.ID.String()
	e, leftOut := c.describe(c.world, m, c.event, data)
	e.Level, e.Wait, e.Strict, e.DryRun, e.Flawed = c.level, c.wait, c.fail, c.dryRun, dataErr != nil || len(leftOut) > 0
	e.Queued = func(r sender.Result) { c.queued <- r }
	out := c.sender().Take(ctx, e)
	var unknown *sender.EventError
	if errors.As(out.Err, &unknown) {
		return taken{out, tool, append(problems, eventProblem(unknown).Error())}
	}
	problems = slices.Concat(problems, leftOut, mistakesOf(out.Problems, true))
	switch {
	case errors.Is(out.Err, sender.ErrTooLarge), errors.Is(out.Err, sender.ErrPath), errors.Is(out.Err, sender.ErrFleeting):
		problems = append(problems, out.Err.Error())
	case out.Outcome == sender.Queued && out.Err != nil && c.verbose:
		c.warn("no deliverer could be started: %v", out.Err)
	}
	if m.Consent.Default == manifest.OptOut && c.stderr.Terminal && !c.quiet && !c.dryRun && c.loopback == nil {
		if _, err := c.notice(m, c.manifest); err != nil {
			problems = append(problems, fmt.Sprintf("the notice could not be recorded: %v", err))
		}
	}
	return taken{out, tool, problems}
}

// alias is the name that was given for the tool, if it is not its ID.
func (t taken) alias(given string) string {
	if given == t.tool {
		return ""
	}
	return given
}

// lastingManifest finds a tool's manifest, in a file if that is not "". One that comes through a
// pipe is gone when an event is delivered.
func (a *app) lastingManifest(tool, file string, dryRun bool) (*manifest.Manifest, error) {
	if !dryRun && isPipe(file) {
		return nil, fail(exitConfig, fmt.Errorf("--manifest %s is a pipe, which cannot be read again when the event is delivered; name a file", file))
	}
	return a.tools.named(tool, file)
}

// unusable is the result for a tool that is not known or whose manifest is bad.
func unusable(err error) sender.Result {
	rule := sender.RuleData
	var f *failure
	if errors.As(err, &f) && f.code == exitConfig {
		rule = sender.RuleManifest
	}
	return sender.Result{Outcome: sender.Dropped, Reason: consent.Reason{Rule: rule, Detail: firstLine(err)}}
}

// finish tells the result, and what the author of the script should know.
func (c *sendCommand) finish(out taken) error {
	if len(out.problems) > 0 {
		c.stderr.Printf("usagectl: send %s %s: %s\n", c.tool, c.event, strings.Join(out.problems, "; "))
	}
	nothingToSee := c.dryRun && out.Document == nil && len(out.problems) == 0
	failedTest := c.loopback != nil && out.Outcome != sender.Tested
	if c.verbose || failedTest || nothingToSee && !c.quiet && !c.json {
		detail := out.Reason.Detail
		if out.Unrecorded != nil {
			detail += "; " + oneLine(out.Unrecorded)
		}
		c.stderr.Printf("usagectl: send %s %s: %s: %s\n", out.tool, c.event, string(out.Outcome), detail)
	}
	switch {
	case c.json:
		view := sent{1, out.tool, out.alias(c.tool), c.event, out.Outcome, "", out.Reason, out.Document, inLine(out.Unrecorded)}
		if out.EventID != uuid.Nil {
			view.EventID = out.EventID.String()
		}
		if err := c.printJSON(view); err != nil && c.fail {
			return err
		}
	case out.Outcome == sender.DryRun:
		if text, err := indented(out.Document); err == nil {
			c.stdout.Write(text) // as it would leave
		}
	}
	code := sendCode(out.Result)
	switch {
	case !c.fail:
		return nil
	case len(out.problems) > 0 && (code == exitOK || code == exitNo):
		return fail(exitData, nil)
	case code != exitOK:
		return fail(code, nil)
	}
	return nil
}

// sendCode is the exit code with --fail.
func sendCode(r sender.Result) int {
	switch {
	case r.Outcome == sender.Off:
		return exitNo
	case r.Outcome == sender.Rejected:
		return exitRejected
	case r.Outcome == sender.Queued && (r.Reason.Rule == sender.RuleNetwork || r.Reason.Rule == ruleTime):
		return exitTempFail
	case r.Outcome == sender.Unknown:
		return exitUnavailable
	case r.Outcome != sender.Dropped:
		return exitOK
	case r.Reason.Rule == sender.RuleData:
		return exitData
	case r.Reason.Rule == sender.RuleManifest:
		return exitConfig
	}
	return exitUnavailable
}
