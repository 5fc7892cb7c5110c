package cmd

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// refuseAll refuses every tool, known or not, but for the exceptions.
func (c *disableCommand) refuseAll(ctx context.Context, except []reference) error {
	agreed := c.agreedTo()
	r, err := c.refuse(ctx, manifest.ID{}, ids(except))
	var f *failure
	if unrecorded(err) && errors.As(err, &f) {
		return fail(f.code, f.err, append(slices.Clone(f.hints), c.world.switchAllNow(offAnyway(err), ids(except))...)...)
	}
	if r.Recorded != nil {
		return err
	}
	var excepted []tool
	var how []decided
	for _, ref := range except {
		t := c.tools.look(ref.id)
		excepted, how = append(excepted, t), append(how, decidedOf(c.app, t, ref.alias))
	}
	recorded := consent.ReadRecorded(c.world.Dirs)
	kept := slices.DeleteFunc(slices.Clone(excepted), func(t tool) bool { return recorded.Of(t.id).State == consent.Refused })
	if !c.json && !c.quiet {
		c.stdout.Printf("You refused the telemetry of all tools%s.%s\n", butFor(c.ui, kept), thrownAway(r.Events))
		withdrawn := slices.DeleteFunc(agreed, func(t tool) bool { return slices.Contains(ids(except), t.id) })
		c.showWithdrawn(withdrawn)
		for _, t := range kept {
			c.showKept(t)
		}
		c.showUndoAll(withdrawn)
		hintStartLine(c.app, "most tools read only their own variable; to have them obey too")
	}
	c.warnOfRefused(excepted, recorded)
	for _, t := range kept {
		c.warnOfShared(t)
	}
	all := decided{Tool: "all", Telemetry: onOff(false), Reason: consent.Reason{Rule: consent.User, Detail: "you refused all tools"}}
	return cmp.Or(err, c.disabled(ctx, disabledView{Tools: append([]decided{all}, how...), Events: eventsOf(r)}, r.Events.Underway))
}

// exceptions finds the tools that --except names. A name that is that of several tools is an
// error as it is where one agrees: it may mean more than the person thinks of.
func (c *disableCommand) exceptions() ([]reference, error) {
	for _, name := range c.except {
		list, err := c.tools.refer(name)
		if err == nil && len(list) > 1 {
			_, err = c.tools.referToOne(name)
		}
		if err != nil {
			return nil, err
		}
	}
	list, err := c.refer(c.except)
	for _, ref := range list {
		switch {
		case ref.unknown == nil:
		case c.system.root == "" || c.tools.suggestion(ref.id.String()) != "": // what the person wants to keep would be refused, and they would not know
			return nil, ref.unknown
		default: // the tool may be known in the image
			c.warn("no tool named %s is known here: the exception counts if the image has one", ref.id)
		}
	}
	return list, err
}

// warnOfRefused warns of exceptions that are refused all the same, by name or for everybody.
func (c *disableCommand) warnOfRefused(except []tool, recorded consent.Recorded) {
	for _, t := range except {
		standing := recorded.Of(t.id)
		if standing.State != consent.Refused {
			continue
		}
		if standing.Unknown {
			c.warn("whether %s stays refused though it is an exception is not known: %s", t.name(), standing.Why)
			c.hint("%s", c.world.decideAgain(&t))
			continue
		}
		c.warn("%s stays refused though it is an exception: %s", t.name(), standing.Why)
		if t.facts.Tool.Decision.State == consent.Refused {
			c.hint("to agree to it: usagectl enable %s", t.id)
		}
	}
}

// agreedTo are the tools to which the person's agreement counts now.
func (c *disableCommand) agreedTo() []tool {
	recorded := consent.ReadRecorded(c.world.Dirs)
	var list []tool
	for _, id := range recorded.Tools() {
		if recorded.Of(id).State == consent.Granted {
			list = append(list, c.tools.look(id))
		}
	}
	return list
}

// butFor names the exceptions within a sentence; "" if there are none.
func butFor(u *ui, tools []tool) term.Styled {
	var names []string
	for _, t := range tools {
		names = append(names, t.name())
	}
	if len(names) == 0 {
		return ""
	}
	return u.stdout.Style(term.Plain, " except "+strings.Join(names, ", "))
}

// showUndoAll says how a refusal of all is undone, which brings no agreement back.
func (c *disableCommand) showUndoAll(withdrawn []tool) {
	if len(withdrawn) == 0 {
		c.stdout.Printf("Undo it with: usagectl enable --all\n")
		return
	}
	c.stdout.Printf("Lift it with: usagectl enable --all\nThat brings no agreement back. Agree again with:\n")
	for _, t := range withdrawn {
		c.stdout.Printf("  %s\n", t.agreeAgain())
	}
}

// agreeAgain is the command with which the person agrees to a tool as they had agreed to it.
func (t tool) agreeAgain() string {
	command, before := agreeAgain(t.id, t.facts.Tool.Decision.Level), t.facts.Tool.Decision
	if t.manifest == nil && t.known == nil && before.State == consent.Granted { // by a manifest that is not installed
		command += " --manifest FILE"
	}
	return command
}

// showWithdrawn says which agreements a refusal of all ends.
func (c *disableCommand) showWithdrawn(tools []tool) {
	var names []string
	for _, t := range tools {
		names = append(names, t.name())
	}
	if len(names) > 0 {
		c.stdout.Printf("%s\n", c.stdout.Wrap("You had agreed to "+strings.Join(names, ", ")+". That no longer counts.", 2))
	}
}

// showKept says how an exception is, which the refusal does not change, and what else is as
// it is because of it.
func (c *disableCommand) showKept(t tool) {
	d := decidedOf(c.app, t, "")
	c.stdout.Printf("%s\n", c.stdout.Wrap(t.name()+" stays as it is: "+d.Telemetry+", "+d.Reason.Detail+".", 2))
	newSurvey(c.app).showSpared(t.id)
	switch {
	case t.manifest == nil && t.known == nil && t.problem == nil:
		c.hint("no tool named %s is known%s", t.id, c.tools.suggestion(t.id.String()))
	case d.Reason.Rule == consent.Undecided:
		c.hint("to agree to it: usagectl enable %s", t.id)
	}
}
