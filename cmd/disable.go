package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
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
A tool that is not known yet can be refused too.

With --system it refuses for everybody on the machine, or in the image whose tree
--root names: no user's yes overrules it. It touches no home and no network, and
writes the same bytes every time.

EXIT STATUS
   0  recorded
  64  a bad flag or no tool
  65  a name that is no tool ID
  73  the refusal could not be recorded
  74  what is queued could not be thrown away
  77  the machine's settings may not be written, or the home is somebody else's
  78  the consent file cannot be used; telemetry is off`,
		Example: `  # Refuse one tool, for good
  usagectl disable demo
  # Refuse all of them, those that you have not met yet too
  usagectl disable --all
  # In an image that is being built: for everybody
  usagectl disable --all --system --root ./image`,
		RunE: func(_ *cobra.Command, args []string) error { return runDisable(a, args, o) },
	}
	flags := c.Flags()
	flags.BoolVar(&o.all, "all", false, "refuse every tool, known or not")
	flags.BoolVar(&o.replace, "replace", false, "replace a consent file that cannot be read")
	o.machine.addTo(c)
	return c
}

func runDisable(a *app, names []string, o disableOptions) error {
	if err := a.oneOrAll(names, o.all); err != nil {
		return err
	}
	if err := o.machine.check(); err != nil {
		return err
	}
	if o.machine.system {
		return a.refuseForMachine(names, o)
	}
	if err := a.notYourHome(); err != nil {
		return err
	}
	if o.all {
		return a.refuseAll(o.replace)
	}
	ids, err := parseIDs(names)
	if err != nil {
		return err
	}
	var results []decided
	reached := false // a tool by a variable
	for _, id := range ids {
		t := a.look(id)
		removed, err := a.refuse(t.facts.Tool, id, []manifest.ID{id}, o.replace)
		if err != nil {
			return err
		}
		t = a.judge(t)
		results = append(results, a.decidedOf(t))
		if a.json || a.quiet {
			continue
		}
		a.Stdout.Printf("You refused the telemetry of %s.%s\n", a.Stdout.Style(term.Strong, t.name()), thrownAway(removed))
		a.Stdout.Printf("Undo it with: usagectl enable %s\n", id)
		reached = a.sayReach(t) || reached
		if t.manifest == nil && t.known == nil && t.problem == nil {
			a.hint("no tool of that name is known yet; the refusal counts once there is one%s", a.suggestion(id.String()))
		}
	}
	if reached {
		a.hintStartLine("to have every refusal obeyed at once")
	}
	return a.showDecided(results)
}

func (a *app) refuseAll(replace bool) error {
	tools, toolsErr := sender.Tools(a.Dirs.State())
	removed, err := a.refuse(consent.ReadUser(a.Dirs, manifest.ID{}), manifest.ID{}, tools, replace)
	if err != nil {
		return err
	}
	if toolsErr != nil {
		return fail(exitIO, fmt.Errorf("what is queued is not thrown away: %w", toolsErr))
	}
	if !a.json && !a.quiet {
		a.Stdout.Printf("You refused the telemetry of all tools.%s\n", thrownAway(removed))
		a.Stdout.Printf("Undo it with: usagectl enable --all\n")
		a.hintStartLine("most tools read only their own variable; to have them obey too")
	}
	return a.showDecided(nil)
}

// refuse records a refusal and empties the outboxes; what is queued goes even if
// the refusal cannot be recorded.
func (a *app) refuse(old consent.Record, id manifest.ID, outboxes []manifest.ID, replace bool) (removed int, err error) {
	recorded := a.record(old, id, consent.Decision{State: consent.Refused, At: a.Now().UTC().Truncate(1e9)}, replace)
	if a.Dirs.State() != "" {
		for _, tool := range outboxes {
			n, err := a.sender().Outbox(tool).Empty()
			removed += n
			if err != nil && recorded == nil {
				recorded = fail(exitIO, fmt.Errorf("what is queued for %s is not all thrown away: %w", tool, err))
			}
		}
	}
	return removed, recorded
}

func thrownAway(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " One queued event was thrown away."
	}
	return fmt.Sprintf(" %d queued events were thrown away.", n)
}
