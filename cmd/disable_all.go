package cmd

import (
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
	emptied, err := c.refuse(ctx, manifest.ID{}, ids(except))
	var f *failure
	if errors.As(err, &f) {
		return c.world.offerSwitch(f, tool{})
	}
	if err != nil {
		return err
	}
	var kept []tool
	var how []decided
	for _, ref := range except {
		t := c.tools.look(ref.id)
		kept, how = append(kept, t), append(how, decidedOf(c.app, t, ref.alias))
	}
	if !c.json && !c.quiet {
		c.stdout.Printf("You refused the telemetry of all tools%s.%s\n", butFor(c.ui, kept), thrownAway(emptied))
		c.showWithdrawn(slices.DeleteFunc(agreed, func(id manifest.ID) bool { return slices.Contains(ids(except), id) }))
		for i, t := range kept {
			c.showKept(t, how[i])
		}
		c.stdout.Printf("Undo it with: usagectl enable --all\n")
		hintStartLine(c.app, "most tools read only their own variable; to have them obey too")
	}
	all := decided{Tool: "all", Telemetry: onOff(false), Reason: consent.Reason{Rule: consent.User, Detail: "you refused all tools"}}
	return c.disabled(ctx, disabledView{Tools: append([]decided{all}, how...), Events: emptied})
}

// agreedTo are the tools to which the person's agreement counts now.
func (c *disableCommand) agreedTo() []manifest.ID {
	recorded := consent.ReadRecorded(c.world.Dirs)
	return slices.DeleteFunc(recorded.Tools(), func(id manifest.ID) bool { return recorded.Of(id).State != consent.Granted })
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

// showWithdrawn says which agreements a refusal of all ends.
func (c *disableCommand) showWithdrawn(ids []manifest.ID) {
	var names []string
	for _, id := range ids {
		names = append(names, c.tools.look(id).name())
	}
	if len(names) > 0 {
		c.stdout.Printf("%s\n", c.stdout.Wrap("You had agreed to "+strings.Join(names, ", ")+". That no longer counts.", 2))
	}
}

// showKept says how an exception is, which the refusal does not change.
func (c *disableCommand) showKept(t tool, d decided) {
	c.stdout.Printf("%s\n", c.stdout.Wrap(t.name()+" stays as it is: "+d.Telemetry+", "+d.Reason.Detail+".", 2))
	switch {
	case t.manifest == nil && t.known == nil && t.problem == nil:
		c.hint("no tool named %s is known%s", t.id, c.tools.suggestion(t.id.String()))
	case d.Reason.Rule == consent.Undecided || d.Reason.Rule == consent.User:
		c.hint("to agree to it: usagectl enable %s", t.id)
	}
}
