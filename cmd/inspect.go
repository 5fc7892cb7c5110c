package cmd

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/ci"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/sender"
)

// inspectCommand is the command that shows what would be sent, and what was.
type inspectCommand struct {
	*app
	eventFlags
	tool, event                 string
	level                       int
	payload, wire, queued, sent bool
	forget                      bool
}

func newInspect(a *app) *cobra.Command {
	c := &inspectCommand{app: a}
	command := &cobra.Command{
		Use:   "inspect TOOL [EVENT]",
		Short: "Show exactly what would be sent, and what was",
		Long: `Inspect shows the document that "send" would send, made by the same code: each field,
its value and why it is collected, and whether it would be left out. It works
when telemetry is off and without a network, and creates nothing. With --forget it
shows what "forget" would ask for.

EXIT STATUS
   0  shown
  64  a bad flag or a wrong number of arguments
  65  an unknown tool, event or field, or a value that does not fit
  78  the tool's manifest cannot be used`,
		Example: `  # What would leave, field by field, and why
  usagectl inspect demo
  usagectl inspect demo run.end --set exit_code=0
  # To the letter, as it goes over the network
  usagectl inspect stripepy call --wire
  # What did leave
  usagectl inspect demo --sent`,
		Args: words(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			c.tool = args[0]
			if len(args) == 2 {
				c.event = args[1]
			}
			return c.run()
		},
	}
	c.addTo(command)
	flags := command.Flags()
	flags.IntVar(&c.level, "level", 0, "show what would be sent at level `N`")
	flags.BoolVar(&c.payload, "payload", false, "print the document alone")
	flags.BoolVar(&c.wire, "wire", false, "print what goes over the network")
	flags.BoolVar(&c.queued, "queued", false, "print what waits")
	flags.BoolVar(&c.sent, "sent", false, "print what left")
	flags.BoolVar(&c.forget, "forget", false, "show the deletion request that \"forget\" would make")
	exclusive(command, []string{"payload", "wire", "queued", "sent"}, []string{"forget", "queued", "sent"})
	return command
}

// run shows what is asked for.
func (c *inspectCommand) run() error {
	t, err := c.tools.declared(c.tool, c.manifest)
	if err != nil {
		return err
	}
	switch {
	case c.queued:
		return c.showQueued(t)
	case c.sent:
		return c.showSent(t)
	case c.forget || t.manifest.IsDeletion(c.event):
		return c.previewForget(t)
	}
	v, err := c.preview(t)
	if err != nil {
		return err
	}
	if err := v.show(c); err != nil {
		return err
	}
	for _, p := range v.problems {
		c.warn("%s", p)
	}
	if len(v.problems) > 0 {
		return fail(exitData, nil)
	}
	return nil
}

// notMade stands where a source ID would be that is made when it is needed.
const notMade = "(made when the first event is sent)"

// preview finds out what would be sent for the event.
func (c *inspectCommand) preview(t tool) (preview, error) {
	v := preview{tool: t, would: t.verdict.On(), reason: t.verdict.Reason}
	if names := t.manifest.EventNames(); c.event == "" && len(names) > 0 {
		c.event = names[0]
	}
	var err error
	if v.event, err = t.event(c.event); err != nil {
		return v, fail(exitData, err)
	}
	if v.terms, err = previewTerms(t, c.level); err != nil {
		return v, err
	}
	if why := v.terms.WithheldEvent(v.event); why != "" && v.would {
		v.would, v.reason = false, consent.Reason{Rule: "event", Detail: why}
	}
	data, err := readData(c.data, c.world.Stdin)
	if err != nil {
		v.problems = append(v.problems, fmt.Sprintf("--data: %v", err))
	}
	request, src, problems := c.request(c.world, v.event.Name, data, t, false)
	src.SourceID, src.Unmade = func() string { return c.shownID(t) }, notMade
	given, mistakes := sender.Check(t.manifest, request)
	v.problems = append(append(v.problems, problems...), mistakesOf(mistakes, false)...)
	v.payload = sender.Build(t.manifest, v.event.Name, v.terms, sender.Collect(t.manifest, v.terms, request, given, src))
	if name := given.Lacking(t.manifest, v.event.Name, v.terms); name != "" && v.would {
		v.would, v.reason = false, consent.Reason{Rule: ruleData, Detail: fmt.Sprintf("the required field %q is missing or withheld", name)}
	}
	if err := sender.CheckSize(v.payload); err != nil {
		v.would, v.reason = false, consent.Reason{Rule: ruleData, Detail: err.Error()}
	}
	entry := sender.Entry{Tool: t.id, Event: v.event.Name, EventID: src.EventID, RunID: src.RunID, TakenAt: src.Now}
	if v.wire, err = c.world.sender().Preview(t.manifest, entry, v.payload); err != nil {
		return v, fail(exitData, err)
	}
	return v, nil
}

// previewTerms is what would be agreed to: what was, or what "enable" offers.
func previewTerms(t tool, level int) (consent.Terms, error) {
	levels := len(t.manifest.Consent.Levels)
	switch {
	case level < 0 || level > levels:
		return consent.Terms{}, fail(exitData, fmt.Errorf("%s has levels 1 to %d, not %d", t.id, levels, level))
	case level > 0:
		return consent.Offer(t.manifest, level), nil
	case t.verdict.On():
		return t.verdict.Terms(), nil
	}
	return consent.Offer(t.manifest, 1), nil
}

// shownID is the source ID as it is or would be; nothing is made.
func (c *inspectCommand) shownID(t tool) string {
	path, err := identity.Path(t.manifest.Identity, c.world.Env, c.world.Dirs.Home)
	if err != nil {
		return identity.Unavailable
	}
	id, err := c.world.sender().SourceID(path, false)
	if errors.Is(err, identity.ErrNone) && ci.Detect(c.world.Env) == "" {
		return notMade
	}
	return identity.Value(id, err)
}
