package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender"
)

// sendCommand is the command that takes one event.
type sendCommand struct {
	*app
	eventFlags
	tool, event string
	wait        time.Duration
	fail        bool
	dryRun      bool

	problems []string       // what the author of the script should know
	reason   consent.Reason // why telemetry is on
	taken    chan outcome   // gets the outcome so far once the event is kept
}

func newSend(a *app) *cobra.Command {
	c := &sendCommand{app: a, taken: make(chan outcome, 1)}
	command := &cobra.Command{
		Use:   "send TOOL EVENT",
		Short: "Take an event and return at once",
		Long: `Send takes an event and returns at once; a background process delivers it, now or
when the network is back. If telemetry is off nothing happens at all. A mistake
is told in one line on stderr, and the script that calls it goes on.

EXIT STATUS
   0  always, but for:
  64  a bad flag or a wrong number of arguments
with --fail also:
  65  an unknown tool, event or field, or a value that does not fit;
      nothing was sent
  69  not delivered within --wait and not kept, or it is not known
  75  not delivered within --wait, but kept
  76  rejected by the server
  78  the tool's manifest cannot be used`,
		Example: `  # In a script: back at once, whatever happens
  usagectl send demo run.start
  usagectl send demo run.end --set exit_code=0 --set duration=1.5
  # Values that a program wrote as JSON
  echo '{"exit_code": 3}' | usagectl send demo run.end --data -
  # In a test of your own: wait, and fail if it did not arrive
  usagectl send demo run.end --wait=5s --fail`,
		Args: sendWords,
		RunE: func(command *cobra.Command, args []string) error {
			c.tool, c.event = args[0], args[1]
			return c.run(command.Context())
		},
	}
	c.addTo(command)
	flags := command.Flags()
	flags.DurationVar(&c.wait, "wait", 0, "deliver now, within `TIME`")
	flags.Lookup("wait").NoOptDefVal = "2s"
	flags.BoolVar(&c.fail, "fail", false, "end with an exit code that tells what went wrong")
	flags.BoolVar(&c.dryRun, "dry-run", false, "print what would leave, and send nothing")
	return command
}

// outcome is what became of a send.
type outcome struct {
	Schema  int            `json:"schema"`
	Tool    string         `json:"tool"`
	Event   string         `json:"event"`
	Outcome string         `json:"outcome"` // queued, sent, off, rejected, dropped or unknown
	EventID string         `json:"event_id,omitempty"`
	Reason  consent.Reason `json:"reason"`

	code     int    // the exit code with --fail
	document []byte // what would leave, of a dry run
}

// Rules of a send's own, beside those of [consent].
const (
	ruleData     consent.Rule = "data"     // the caller's data do not fit
	ruleManifest consent.Rule = "manifest" // the manifest cannot be used
	ruleState    consent.Rule = "state"    // the event could not be kept
	ruleNetwork  consent.Rule = "network"  // it was not delivered in time
	ruleServer   consent.Rule = "server"   // the server does not want it
	ruleTime     consent.Rule = "time"     // taking it took longer than a caller should wait
)

// sendBudget is how long the caller is kept at most when the machine itself
// hangs, such as a home on a dead file server. It takes milliseconds otherwise.
// Reading the caller's own data and --wait are not counted.
const sendBudget = 2 * time.Second

// run takes the event, but keeps the caller no longer than that.
func (c *sendCommand) run(ctx context.Context) error {
	signal.Ignore(syscall.SIGPIPE) // nobody listening to what send has to say does not end it
	data, err := readData(c.data, c.world.Stdin)
	if err != nil {
		c.problem("--data: %v", err)
	}
	done := make(chan outcome, 1)
	go func() { done <- c.take(ctx, data) }()
	select {
	case out := <-done:
		return c.finish(out, c.problems)
	case <-time.After(sendBudget + c.wait):
		return c.finish(c.late(), nil)
	}
}

// late is the outcome as far as it is known when the machine does not answer in time.
func (c *sendCommand) late() outcome {
	select {
	case out := <-c.taken:
		out.code, out.Reason = exitTempFail, consent.Reason{Rule: ruleTime, Detail: "it is kept, but the machine did not answer in time"}
		return out
	default:
		return outcome{
			Outcome: "unknown", code: exitUnavailable,
			Reason: consent.Reason{Rule: ruleTime, Detail: "the machine did not answer in time, so nobody knows whether it is kept"},
		}
	}
}

// finish tells the outcome, and what the author of the script should know.
func (c *sendCommand) finish(out outcome, problems []string) error {
	if len(problems) > 0 {
		c.stderr.Printf("usagectl: send %s %s: %s\n", c.tool, c.event, strings.Join(problems, "; "))
	} else if c.verbose {
		c.stderr.Printf("usagectl: send %s %s: %s: %s\n", c.tool, c.event, out.Outcome, out.Reason.Detail)
	}
	switch {
	case c.json:
		out.Schema, out.Tool, out.Event = 1, c.tool, c.event
		if err := c.printJSON(out); err != nil && c.fail {
			return err
		}
	case out.document != nil:
		c.stdout.Write(out.document) // as it would leave; nobody is left to tell if it fails
	}
	switch {
	case !c.fail:
		return nil
	case len(problems) > 0 && out.code == 0:
		return fail(exitData, nil)
	case out.code != 0:
		return fail(out.code, nil)
	}
	return nil
}

// problem notes a mistake of the caller.
func (c *sendCommand) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// take takes the event: it checks what the caller says, asks for consent, reads
// the values, keeps them, and sees to it that somebody delivers them.
func (c *sendCommand) take(ctx context.Context, data *jsondoc.Object) outcome {
	taken := c.world.Now() // before consent is asked: a refusal that comes after this counts
	t, err := c.tools.declared(c.tool, c.manifest)
	if err != nil {
		return c.unusable(err)
	}
	event, err := t.event(c.event)
	if err != nil {
		c.problem("%v", err)
		return dropped(ruleData, "there is no such event", exitData)
	}
	request, src, problems := c.request(c.world, event.Name, data, t, !c.dryRun)
	src.Now = taken
	given, mistakes := sender.Check(t.manifest, request)
	c.problems = append(append(c.problems, problems...), mistakesOf(mistakes, true)...)
	permit, err := t.verdict.Permit(event)
	if err != nil {
		return c.off(t, err)
	}
	if len(c.problems) > 0 && c.fail {
		return dropped(ruleData, "the data do not fit", exitData)
	}
	if name := given.Lacking(t.manifest, event.Name, permit.Terms()); name != "" {
		return dropped(ruleData, fmt.Sprintf("the required field %q is missing or withheld", name), exitData)
	}
	c.reason = t.verdict.Reason
	values := sender.Collect(t.manifest, permit.Terms(), request, given, src)
	payload := sender.Build(t.manifest, event.Name, permit.Terms(), values)
	if err := sender.CheckSize(payload); err != nil {
		c.problem("%v", err)
		return dropped(ruleData, err.Error(), exitData)
	}
	if c.dryRun {
		return wouldBe(payload)
	}
	return c.keep(ctx, permit, sender.NewEntry(permit, t.manifest, src, absolute(c.manifest), c.world.WorkDir, values))
}

// dropped is the outcome for an event that is not sent, for a reason other than consent.
func dropped(rule consent.Rule, detail string, code int) outcome {
	return outcome{Outcome: "dropped", Reason: consent.Reason{Rule: rule, Detail: detail}, code: code}
}

// unusable is the outcome for a tool that is not known or whose manifest is bad.
func (c *sendCommand) unusable(err error) outcome {
	first := firstLine(err)
	c.problem("%s", first)
	var f *failure
	if errors.As(err, &f) && f.code == exitConfig {
		return dropped(ruleManifest, first, exitConfig)
	}
	return dropped(ruleData, first, exitData)
}

// absolute makes a path usable for the deliverer, which runs elsewhere.
func absolute(path string) string {
	if path == "" {
		return ""
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}

// wouldBe is the outcome of a dry run.
func wouldBe(p sender.Payload) outcome {
	document, err := indented(p.Document())
	if err != nil {
		return dropped(ruleData, err.Error(), exitData)
	}
	return outcome{Outcome: "queued", Reason: consent.Reason{Rule: "dry-run", Detail: "nothing was sent"}, document: document}
}

// keep puts the event into the outbox and starts a deliverer, or delivers it
// itself if the caller waits for that.
func (c *sendCommand) keep(ctx context.Context, p consent.Permit, e sender.Entry) outcome {
	out := outcome{
		Outcome: "queued", EventID: e.EventID.String(),
		Reason: c.reason,
	}
	snd := c.world.sender()
	keepErr := snd.Queue(p, e)
	if keepErr == nil {
		c.taken <- out
	}
	switch {
	case c.wait > 0:
		return c.deliver(ctx, snd, e, keepErr, out)
	case keepErr != nil:
		return c.handOver(e, keepErr, out)
	}
	c.wake(snd, e)
	return out
}

// wake sees to it that somebody delivers what is kept.
func (c *sendCommand) wake(snd sender.Sender, e sender.Entry) {
	if err := snd.Wake(e, c.world.startDeliverer); err != nil && c.verbose {
		c.warn("no deliverer could be started: %v", err)
	}
}

// deliver delivers the event in the foreground.
func (c *sendCommand) deliver(ctx context.Context, snd sender.Sender, e sender.Entry, keepErr error, out outcome) outcome {
	ctx, cancel := context.WithTimeout(ctx, c.wait)
	defer cancel()
	snd.Client = sender.NewClient()
	var fate sender.Fate
	if keepErr == nil {
		fate = snd.DeliverOne(ctx, e)
	} else {
		fate = snd.DeliverUnkept(ctx, e)
	}
	switch {
	case fate.Sent:
		out.Outcome, out.Reason = "sent", consent.Reason{Rule: ruleServer, Detail: "delivered"}
	case fate.Rejected:
		out.Outcome, out.code = "rejected", exitRejected
		out.Reason = consent.Reason{Rule: ruleServer, Detail: fate.Note}
	case fate.Kept:
		c.wake(snd, e)
		out.code, out.Reason = exitTempFail, consent.Reason{Rule: ruleNetwork, Detail: fate.Note}
	case fate.Unknown:
		out.Outcome, out.code = "unknown", exitUnavailable
		out.Reason = consent.Reason{Rule: ruleState, Detail: fate.Note}
	default:
		out.Outcome, out.code = "dropped", exitUnavailable
		out.Reason = consent.Reason{Rule: ruleNetwork, Detail: fate.Note}
	}
	return out
}

// handOver gives an event that could not be kept to a deliverer of its own.
func (c *sendCommand) handOver(e sender.Entry, keepErr error, out outcome) outcome {
	out.Reason = consent.Reason{Rule: ruleState, Detail: fmt.Sprintf("it could not be kept (%v); it is tried once", keepErr)}
	if err := c.startWith(e); err != nil {
		return dropped(ruleState, errors.Join(keepErr, err).Error(), exitUnavailable)
	}
	return out
}

// startWith starts a deliverer that gets the event through a pipe. The pipe
// holds it until the deliverer reads; one that never does is not waited for.
func (c *sendCommand) startWith(e sender.Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = c.world.spawn(r, "--stdin")
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if err := w.SetWriteDeadline(c.world.Now().Add(time.Second)); err != nil && !errors.Is(err, os.ErrNoDeadline) {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
