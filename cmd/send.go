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
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender"
)

type sendOptions struct {
	callerOptions
	tool, event string
	wait        time.Duration
	fail        bool
	dryRun      bool
}

func newSend(a *app) *cobra.Command {
	var o sendOptions
	c := &cobra.Command{
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
		RunE: func(c *cobra.Command, args []string) error {
			o.tool, o.event = args[0], args[1]
			return runSend(c.Context(), a, o)
		},
	}
	o.addTo(c)
	flags := c.Flags()
	flags.DurationVar(&o.wait, "wait", 0, "deliver now, within `TIME`")
	flags.Lookup("wait").NoOptDefVal = "2s"
	flags.BoolVar(&o.fail, "fail", false, "end with an exit code that tells what went wrong")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print what would leave, and send nothing")
	return c
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

func runSend(ctx context.Context, a *app, o sendOptions) error {
	signal.Ignore(syscall.SIGPIPE) // nobody listening to what send has to say does not end it
	data, dataErr := a.readData(o.data)
	s := &sending{app: a, o: o, kept: make(chan outcome, 1)}
	if dataErr != nil {
		s.problem("--data: %v", dataErr)
	}
	done := make(chan outcome, 1)
	go func() { done <- s.send(ctx, data) }()
	select {
	case out := <-done:
		return a.finish(o, out, s.problems)
	case <-time.After(sendBudget + o.wait):
		return a.finish(o, s.late(), nil)
	}
}

// late is the outcome as far as it is known when the machine does not answer in time.
func (s *sending) late() outcome {
	select {
	case out := <-s.kept:
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
func (a *app) finish(o sendOptions, out outcome, problems []string) error {
	if len(problems) > 0 {
		a.Stderr.Printf("usagectl: send %s %s: %s\n", o.tool, o.event, strings.Join(problems, "; "))
	} else if a.verbose {
		a.Stderr.Printf("usagectl: send %s %s: %s: %s\n", o.tool, o.event, out.Outcome, out.Reason.Detail)
	}
	switch {
	case a.json:
		out.Schema, out.Tool, out.Event = 1, o.tool, o.event
		if err := a.printJSON(out); err != nil && o.fail {
			return err
		}
	case out.document != nil:
		a.Stdout.Write(out.document) // as it would leave; nobody is left to tell if it fails
	}
	switch {
	case !o.fail:
		return nil
	case len(problems) > 0 && out.code == 0:
		return fail(exitData, nil)
	case out.code != 0:
		return fail(out.code, nil)
	}
	return nil
}

// sending is one event being taken.
type sending struct {
	*app
	o        sendOptions
	problems []string
	reason   consent.Reason // why telemetry is on
	kept     chan outcome   // gets the outcome so far once the event is kept
}

func (s *sending) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// send takes the event: it checks what the caller says, asks for consent, reads
// the values, keeps them, and sees to it that somebody delivers them.
func (s *sending) send(ctx context.Context, data *jsondoc.Object) outcome {
	taken := s.Now() // before consent is asked: a refusal that comes after this counts
	t, err := s.declared(s.o.tool, s.o.manifest)
	if err != nil {
		return s.unusable(err)
	}
	event, err := t.event(s.o.event)
	if err != nil {
		s.problem("%v", err)
		return dropped(ruleData, "there is no such event", exitData)
	}
	request, src, problems := s.callerRequest(s.o.callerOptions, event.Name, data, t, !s.o.dryRun)
	src.Now = taken
	given, mistakes := sender.Check(t.manifest, request)
	s.problems = append(append(s.problems, problems...), mistakesOf(mistakes, true)...)
	permit, err := t.verdict.Permit(event)
	if err != nil {
		return s.off(t, err)
	}
	if len(s.problems) > 0 && s.o.fail {
		return dropped(ruleData, "the data do not fit", exitData)
	}
	if name := given.Lacking(t.manifest, event.Name, permit.Terms()); name != "" {
		return dropped(ruleData, fmt.Sprintf("the required field %q is missing or withheld", name), exitData)
	}
	s.reason = t.verdict.Reason
	values := sender.Collect(t.manifest, permit.Terms(), request, given, src)
	payload := sender.Build(t.manifest, event.Name, permit.Terms(), values)
	if err := sender.CheckSize(payload); err != nil {
		s.problem("%v", err)
		return dropped(ruleData, err.Error(), exitData)
	}
	if s.o.dryRun {
		return s.dryRun(payload)
	}
	return s.keep(ctx, permit, sender.NewEntry(permit, t.manifest, src, absolute(s.o.manifest), s.WorkDir, values))
}

func dropped(rule consent.Rule, detail string, code int) outcome {
	return outcome{Outcome: "dropped", Reason: consent.Reason{Rule: rule, Detail: detail}, code: code}
}

// unusable is the outcome for a tool that is not known or whose manifest is bad.
func (s *sending) unusable(err error) outcome {
	first := firstLine(err)
	s.problem("%s", first)
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

// off is the outcome without consent. An opt-out tool's notice is shown here,
// once, if a person can see it.
func (s *sending) off(t tool, err error) outcome {
	out := outcome{Outcome: "off", Reason: t.verdict.Reason}
	if t.verdict.On() { // on, but not for this event
		out.Reason = consent.Reason{Rule: "event", Detail: err.Error()}
	}
	if s.decisions(false).NoticeDue(t.verdict) && s.Stderr.Terminal && !s.quiet && !s.o.dryRun {
		s.notice(t)
	}
	return out
}

func (s *sending) notice(t tool) {
	m := t.manifest
	s.Stderr.Printf("%s\n", s.Stderr.Wrap(m.Tool.Name+" collects usage data: "+m.Tool.Purpose, 2))
	s.Stderr.Printf("  what:   %s\n", s.Stderr.Wrap(strings.Join(agreedFields(m, consent.Offer(m, 1)), ", "), 10))
	s.Stderr.Printf("  where:  %s\n", secret.URL(m.Send.Endpoint))
	s.Stderr.Printf("  say no: usagectl disable %s\n", t.id)
	s.Stderr.Printf("  look:   usagectl inspect %s\n", t.id)
	s.Stderr.Printf("Nothing was sent. From the next time on it will be, unless you say no.\n")
	if err := s.done("the notice is recorded", s.decisions(false).Acknowledge(m)); err != nil {
		s.problem("the notice could not be recorded: %v", err)
	}
}

func (s *sending) dryRun(p sender.Payload) outcome {
	document, err := indented(p.Document())
	if err != nil {
		return dropped(ruleData, err.Error(), exitData)
	}
	return outcome{Outcome: "queued", Reason: consent.Reason{Rule: "dry-run", Detail: "nothing was sent"}, document: document}
}

// keep puts the event into the outbox and starts a deliverer, or delivers it
// itself if the caller waits for that.
func (s *sending) keep(ctx context.Context, p consent.Permit, e sender.Entry) outcome {
	out := outcome{
		Outcome: "queued", EventID: e.EventID.String(),
		Reason: s.reason,
	}
	snd := s.sender()
	keepErr := snd.Queue(p, e)
	if keepErr == nil {
		s.kept <- out
	}
	switch {
	case s.o.wait > 0:
		return s.deliver(ctx, snd, e, keepErr, out)
	case keepErr != nil:
		return s.handOver(e, keepErr, out)
	}
	s.wake(snd, e)
	return out
}

// wake sees to it that somebody delivers what is kept.
func (s *sending) wake(snd sender.Sender, e sender.Entry) {
	if err := snd.Wake(e, s.startDeliverer); err != nil && s.verbose {
		s.warn("no deliverer could be started: %v", err)
	}
}

// deliver delivers the event in the foreground.
func (s *sending) deliver(ctx context.Context, snd sender.Sender, e sender.Entry, keepErr error, out outcome) outcome {
	ctx, cancel := context.WithTimeout(ctx, s.o.wait)
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
		s.wake(snd, e)
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
func (s *sending) handOver(e sender.Entry, keepErr error, out outcome) outcome {
	out.Reason = consent.Reason{Rule: ruleState, Detail: fmt.Sprintf("it could not be kept (%v); it is tried once", keepErr)}
	if err := s.startWith(e); err != nil {
		return dropped(ruleState, errors.Join(keepErr, err).Error(), exitUnavailable)
	}
	return out
}

// startWith starts a deliverer that gets the event through a pipe. The pipe
// holds it until the deliverer reads; one that never does is not waited for.
func (s *sending) startWith(e sender.Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = s.spawn(r, "--stdin")
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if err := w.SetWriteDeadline(s.Now().Add(time.Second)); err != nil && !errors.Is(err, os.ErrNoDeadline) {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

func (a *app) startDeliverer() (int, error) { return a.spawn(nil) }

func (a *app) spawn(stdin *os.File, args ...string) (int, error) {
	exe, err := a.Executable()
	if err != nil {
		return 0, err
	}
	return sender.Spawn(exe, append([]string{a.Name, deliverCommand}, args...), a.Environ, stdin)
}
