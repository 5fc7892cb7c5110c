package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

type disableOptions struct {
	all     bool
	replace bool
	machine machineOptions
}

func newDisable(a *app) *cobra.Command {
	var o disableOptions
	c := &cobra.Command{
		Use:   "disable TOOL... | --all",
		Short: "Refuse a tool's telemetry, or all of it",
		Long: `Disable records that you refuse a tool's telemetry, and throws away what is queued.
It stops deliveries that are under way, waits until they have ended, and reports
what became of each event; nothing is sent after it has returned. A tool that is
not known yet can be refused too.

With --system it refuses for everybody on the machine, or in the image whose tree
--root names: no user's yes overrules it. It touches no home and no network, and
writes the same bytes every time. Deliverers on this machine stop within a second.

EXIT STATUS
   0  recorded
  64  a bad flag or no tool
  65  a name that is no tool ID
  73  the refusal could not be recorded
  74  what is queued could not be thrown away, or is still being delivered
  77  the machine's settings may not be written, or the home is somebody else's
  78  the consent file cannot be used; telemetry is off
 130  interrupted`,
		Example: `  # Refuse one tool, for good
  usagectl disable demo
  # Refuse all of them, those that you have not met yet too
  usagectl disable --all
  # In an image that is being built: for everybody
  usagectl disable --all --system --root ./image`,
		RunE: func(c *cobra.Command, args []string) error {
			return untilInterrupted(c.Context(), "interrupted: see with \"usagectl status\" whether the refusal is recorded", func(ctx context.Context) error {
				return runDisable(ctx, a, args, o)
			})
		},
	}
	flags := c.Flags()
	flags.BoolVar(&o.all, "all", false, "refuse every tool, known or not")
	flags.BoolVar(&o.replace, "replace", false, "replace a consent file that cannot be read")
	o.machine.addTo(c)
	return c
}

func runDisable(ctx context.Context, a *app, names []string, o disableOptions) error {
	if err := a.oneOrAll(names, o.all); err != nil {
		return err
	}
	if err := o.machine.check(); err != nil {
		return err
	}
	if o.machine.system {
		return a.refuseForMachine(ctx, names, o)
	}
	if err := a.notYourHome(); err != nil {
		return err
	}
	a.warnOfState()
	if o.all {
		return a.refuseAll(ctx, o.replace)
	}
	ids, err := parseIDs(names)
	if err != nil {
		return err
	}
	var results []decided
	var total sender.Emptied
	var failed *failure
	reached := false // a tool by a variable
	for _, id := range ids {
		t := a.look(id)
		emptied, err := a.refuse(ctx, id, o.replace)
		total = total.Add(emptied)
		var f *failure
		if errors.As(err, &f) { // the others are refused all the same
			a.tell(f)
			failed = cmp.Or(failed, f)
			continue
		}
		t = a.judge(t)
		results = append(results, a.decidedOf(t))
		if a.json || a.quiet {
			continue
		}
		a.Stdout.Printf("You refused the telemetry of %s.%s\n", a.Stdout.Style(term.Strong, t.name()), thrownAway(emptied))
		a.Stdout.Printf("Undo it with: usagectl enable %s\n", id)
		reached = a.sayReach(t) || reached
		if t.manifest == nil && t.known == nil && t.problem == nil {
			a.hint("no tool of that name is known yet; the refusal counts once there is one%s", a.suggestion(id.String()))
		}
	}
	if reached {
		a.hintStartLine("to have every refusal obeyed at once")
	}
	if err := a.disabled(ctx, results, total); err != nil || failed == nil {
		return err
	}
	return fail(failed.code, nil)
}

// disabled prints the JSON, and finds the exit code.
func (a *app) disabled(ctx context.Context, results []decided, events sender.Emptied) error {
	if a.json {
		err := a.printJSON(struct {
			Schema int            `json:"schema"`
			Tools  []decided      `json:"tools"`
			Events sender.Emptied `json:"events"`
		}{1, append([]decided{}, results...), events})
		if err != nil {
			return err
		}
	}
	switch {
	case events.Underway == 0:
		return nil
	case ctx.Err() != nil:
		return fail(exitInterrupted, fmt.Errorf("interrupted: the refusal is recorded, but %s", stillUnderway(events.Underway)))
	}
	return fail(exitIO, fmt.Errorf("the refusal is recorded, but %s", stillUnderway(events.Underway)))
}

func (a *app) refuseAll(ctx context.Context, replace bool) error {
	emptied, err := a.refuse(ctx, manifest.ID{}, replace)
	if err != nil {
		return err
	}
	if !a.json && !a.quiet {
		a.Stdout.Printf("You refused the telemetry of all tools.%s\n", thrownAway(emptied))
		a.Stdout.Printf("Undo it with: usagectl enable --all\n")
		a.hintStartLine("most tools read only their own variable; to have them obey too")
	}
	return a.disabled(ctx, nil, emptied)
}

// refuse records a refusal, of a tool or with the zero ID of all, and empties the
// outboxes; what is queued goes even if the refusal cannot be recorded.
func (a *app) refuse(ctx context.Context, id manifest.ID, replace bool) (sender.Emptied, error) {
	s := a.sender()
	tools := []manifest.ID{id}
	if id.IsZero() {
		tools, _ = sender.Tools(s.State())
	}
	before := s.Snapshot(tools...)
	err := a.recorded(a.decisions(replace).Refuse(id))
	emptied, emptyErr := a.empty(ctx, s, id, before)
	if !s.Keeps() {
		s.AwaitDeliverers(ctx)
		a.note("events cannot be kept now, so nobody knows whether one was stopped while it was being sent, and may have arrived")
	}
	switch gone := strings.TrimSpace(thrownAway(emptied)); {
	case err != nil && gone != "":
		a.warn("%s", gone) // though the refusal is not recorded
	case err == nil && errors.Is(emptyErr, sender.ErrUncounted):
		a.warn("not all that was thrown away is counted: %v", emptyErr)
	case err == nil && emptyErr != nil:
		err = fail(exitIO, fmt.Errorf("the refusal is recorded, but what is queued is not all thrown away: %w", emptyErr))
	}
	return emptied, err
}

// empty empties the outbox of a tool, or with the zero ID of all tools, side by side.
func (a *app) empty(ctx context.Context, s sender.Sender, id manifest.ID, before sender.Snapshot) (sender.Emptied, error) {
	tools := []manifest.ID{id}
	var err error
	if id.IsZero() {
		tools, err = sender.Tools(s.State()) // those that there are now, after the refusal
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var sum sender.Emptied
	for _, tool := range tools {
		wg.Go(func() {
			emptied, emptyErr := s.Empty(ctx, tool, before)
			mu.Lock()
			defer mu.Unlock()
			sum = sum.Add(emptied)
			if emptyErr != nil {
				err = errors.Join(err, fmt.Errorf("%s: %w", tool, emptyErr))
			}
		})
	}
	wg.Wait()
	return sum, err
}

// thrownAway says what became of the events of outboxes that were emptied, each
// sentence with a space before it; "" if there were none.
func thrownAway(e sender.Emptied) string {
	text := events(e.Discarded, " One queued event was thrown away.", " %d queued events were thrown away.") +
		events(e.Sent, " One was sent before it could be stopped.", " %d were sent before they could be stopped.") +
		events(e.Interrupted, " One was stopped while it was being sent, and may have arrived.", " %d were stopped while they were being sent, and may have arrived.")
	return text
}

func stillUnderway(n int) string {
	return events(n, "one event is still being delivered", "%d events are still being delivered")
}

// events is a sentence about a number of events; "" if there are none.
func events(n int, one, many string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return one
	}
	return fmt.Sprintf(many, n)
}
