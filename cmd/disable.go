package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// disableCommand is the command that refuses.
type disableCommand struct {
	*app
	all     bool
	except  []string
	replace bool
	system  systemWide
}

func newDisable(a *app) *cobra.Command {
	c := &disableCommand{app: a, system: systemWide{app: a}}
	command := &cobra.Command{
		Use:   "disable TOOL... | --all",
		Short: "Refuse a tool's telemetry, or all of it",
		Long: `Disable records that you refuse a tool's telemetry, and throws away what is queued.
It stops deliveries that are under way, waits until they have ended, and reports
what became of each event; nothing is sent after it has returned. A tool can be
named by its command too; one that is not known yet can be refused, with a warning.

With --all, what you agreed to before is withdrawn, and does not come back. Two ways
keep a tool out of it: --except leaves it as it is, also refused if it was refused
by name, and "usagectl enable TOOL" afterwards agrees to it. Everything else stays
off.

With --system it refuses for everybody on the machine, or in the image whose tree
--root names: no user's yes overrules it. It touches no home and no network, and
writes the same bytes every time. Deliverers on this machine stop within a second.

EXIT STATUS
   0  recorded
  64  a bad flag or no tool
  65  a name that is no tool ID, or an exception that no tool has for a name;
      nothing was changed. With --root the tool may be one of the image, so an
      exception that resembles no known tool is only warned about
  73  the refusal could not be recorded
  74  it is recorded, but what is queued could not be thrown away or is still
      being delivered, or the answer could not be printed
  77  the machine's settings may not be written, or the home is somebody else's
  78  the consent file cannot be used: it is not replaced, and usagectl sends
      nothing that it can be about
 130  interrupted`,
		Example: `  # Refuse one tool, for good
  usagectl disable demo
  # Refuse all of them, those that you have not met yet too
  usagectl disable --all
  # All but one
  usagectl disable --all --except demo
  # In an image that is being built: for everybody
  usagectl disable --all --system --root ./image`,
		Annotations: map[string]string{byPerson: "yes"},
		RunE: func(command *cobra.Command, args []string) error {
			return untilInterrupted(command.Context(), "interrupted: see with \"usagectl status\" whether the refusal is recorded", func(ctx context.Context) error {
				return c.run(ctx, args)
			})
		},
	}
	flags := command.Flags()
	flags.BoolVar(&c.all, "all", false, "refuse every tool, known or not")
	flags.StringSliceVar(&c.except, "except", nil, "with --all: leave `TOOL` as it is; repeat it for more")
	flags.BoolVar(&c.replace, "replace", false, "replace a consent file that cannot be read")
	c.system.addTo(command)
	return command
}

// run refuses what is named, and reports what became of what was queued.
func (c *disableCommand) run(ctx context.Context, names []string) error {
	if err := oneOrAll(names, c.all); err != nil {
		return err
	}
	if c.except != nil && len(c.except) == 0 { // as of --except "$TOOL", where that is empty
		return fail(exitUsage, errors.New("--except takes a tool, and it is empty: nothing was changed"))
	}
	if len(c.except) > 0 && !c.all {
		return fail(exitUsage, errors.New("--except is for --all: nothing was changed"))
	}
	if err := c.system.check(); err != nil {
		return err
	}
	except, err := c.exceptions()
	if err != nil {
		return err
	}
	if c.system.on {
		return c.system.refuse(ctx, names, c.all, c.replace, ids(except))
	}
	if err := c.world.ownHome(); err != nil {
		return c.instead(err, names, except)
	}
	c.kept.warnOfState(c.ui)
	if c.all {
		return c.refuseAll(ctx, except)
	}
	refs, err := c.refer(names)
	if err != nil {
		return err
	}
	var results []decided
	total, unknown := sender.Emptied{}, false
	var failed *failure
	var still, offHere []tool // whose refusal is not recorded; of the second usagectl sends nothing all the same
	reached := false          // a tool by a variable
	for _, ref := range refs {
		id := ref.id
		t := c.tools.look(id)
		undo := t.agreeAgain()
		r, err := c.refuse(ctx, id, nil)
		total, unknown = total.Add(r.Events), unknown || eventsOf(r) == nil
		var f *failure
		if errors.As(err, &f) { // the others are refused all the same
			failed = cmp.Or(failed, f)
			c.tell(f)
		}
		switch {
		case offAnyway(err):
			offHere = append(offHere, t)
		case unrecorded(err):
			still = append(still, t)
		}
		if r.Recorded != nil {
			continue
		}
		t = c.tools.judge(t)
		results = append(results, decidedOf(c.app, t, ref.alias))
		c.warnOfUnknown(id)
		c.warnOfShared(t)
		if c.json || c.quiet {
			continue
		}
		c.stdout.Printf("You refused the telemetry of %s.%s\n", c.stdout.Style(term.Strong, t.name()), thrownAway(r.Events))
		c.stdout.Printf("Undo it with: %s\n", undo)
		reached = showReach(c.app, t) || reached
	}
	if reached {
		hintStartLine(c.app, "to have every refusal obeyed at once")
	}
	view := disabledView{Tools: results, Events: &total}
	if unknown {
		view.Events = nil
	}
	if err := c.disabled(ctx, view, total.Underway); err != nil || failed == nil {
		return err
	}
	return fail(failed.code, nil, append(c.world.switchNow(false, still...), c.world.switchNow(true, offHere...)...)...)
}

// instead adds to the error of a home that is somebody else's, for which nothing is sent by
// usagectl, what works at once.
func (c *disableCommand) instead(err error, names []string, except []reference) error {
	var f *failure
	if !errors.As(err, &f) {
		return err
	}
	if c.all {
		return fail(f.code, f.err, append(slices.Clone(f.hints), c.world.switchAllNow(true, ids(except))...)...)
	}
	refs, bad := c.refer(names)
	if bad != nil {
		return bad
	}
	var tools []tool
	for _, ref := range refs {
		tools = append(tools, c.tools.look(ref.id))
	}
	return fail(f.code, f.err, append(slices.Clone(f.hints), c.world.switchNow(true, tools...)...)...)
}

// disabledView is what "disable --json" prints.
type disabledView struct {
	Schema int             `json:"schema"`
	Tools  []decided       `json:"tools"`  // that were named, or with --all first "all" and then the exceptions
	Events *sender.Emptied `json:"events"` // null if it is not known what became of all of them
}

// eventsOf is what became of the events that a refusal is about; nil if that is not known of
// all of them.
func eventsOf(r sender.Refusal) *sender.Emptied {
	if r.Unkept || r.Emptied != nil && !errors.Is(r.Emptied, sender.ErrUncounted) {
		return nil
	}
	return &r.Events
}

// disabled prints the JSON, and finds the exit code. underway is how many events are still
// being delivered.
func (c *disableCommand) disabled(ctx context.Context, v disabledView, underway int) error {
	v.Schema, v.Tools = 1, append([]decided{}, v.Tools...)
	if c.json {
		if err := c.printJSON(v); err != nil {
			return err
		}
	}
	switch {
	case underway == 0:
		return nil
	case ctx.Err() != nil:
		return fail(exitInterrupted, fmt.Errorf("interrupted: the refusal is recorded, but %s", stillUnderway(underway)))
	}
	return fail(exitIO, fmt.Errorf("the refusal is recorded, but %s", stillUnderway(underway)))
}

// refuse records a refusal, of a tool or with the zero ID of all but the exceptions, and
// empties the outboxes; what is queued goes even if the refusal cannot be recorded.
func (c *disableCommand) refuse(ctx context.Context, id manifest.ID, except []manifest.ID) (sender.Refusal, error) {
	decisions := c.world.decisions(c.replace)
	shown := newProgress(c.ui, c.world.Now)
	r := c.world.sender().OnThrownAway(shown.counter(thrownAwayProgress)).Refuse(ctx, id, func() error {
		if id.IsZero() {
			return c.recorded(decisions.RefuseAll(except...))
		}
		return c.recorded(decisions.Refuse(id))
	}, except...)
	shown.clear()
	if r.Unkept {
		c.note("events cannot be kept now, so nobody knows whether one was stopped while it was being sent, and may have arrived")
	}
	switch gone := strings.Join(endings(r.Events), "; "); {
	case r.Recorded != nil && gone != "":
		c.warn("%s", gone) // though the refusal is not recorded
	case r.Recorded == nil && errors.Is(r.Emptied, sender.ErrUncounted):
		c.warn("not all that was thrown away is counted: %v", r.Emptied)
	case r.Recorded == nil && r.Emptied != nil:
		return r, fail(exitIO, fmt.Errorf("the refusal is recorded, but what is queued is not all thrown away: %s", oneLine(r.Emptied)))
	}
	return r, r.Recorded
}

// thrownAwayProgress is shown on a terminal while many events are thrown away.
const thrownAwayProgress = "queued events thrown away: %d"

// endings says what became of the events of outboxes that were emptied, each as the rest of a
// sentence; none if there were none.
func endings(e sender.Emptied) []string {
	list := []string{
		events(e.Discarded, "one queued event was thrown away", "%d queued events were thrown away"),
		events(e.Sent, "one was sent before it could be stopped", "%d were sent before they could be stopped"),
		events(e.Interrupted, "one was stopped while it was being sent, and may have arrived", "%d were stopped while they were being sent, and may have arrived"),
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// thrownAway is what [endings] says in sentences, each with a space before it.
func thrownAway(e sender.Emptied) string {
	text := ""
	for _, s := range endings(e) {
		text += " " + strings.ToUpper(s[:1]) + s[1:] + "."
	}
	return text
}

// stillUnderway says how many events a refusal could not stop in time. The process that has
// them may be dead, which cannot always be seen.
func stillUnderway(n int) string {
	return events(n, "one event may still be delivered: the process that has it did not stop in time, or cannot be seen from here",
		"%d events may still be delivered: the processes that have them did not stop in time, or cannot be seen from here")
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
