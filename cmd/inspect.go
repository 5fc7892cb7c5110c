package cmd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// inspectCommand is the command that shows what would be sent, and what was.
type inspectCommand struct {
	*app
	eventFlags
	tool, event                 string
	named                       string // what was given for the tool, if it is not its ID
	level                       int
	levelGiven                  bool // 0 is no level, and not the default
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
when telemetry is off and without a network, and creates nothing. What the network
adds to the document, such as headers, times and IDs, is shown with --wire. With
--forget it shows what "forget" would ask for. With --sent it shows every attempt
in which something left, and what became of it: accepted, rejected, another answer,
or none. What is kept is shown even if the tool's manifest is not here.

EXIT STATUS
   0  shown
  64  a bad flag or a wrong number of arguments
  65  an unknown tool, event or field, a value that does not fit, or, with
      --forget, a tool whose events carry no source ID
  74  what is kept cannot be read, or the answer could not be printed
  78  the tool's manifest cannot be used`,
		Example: `  # What would leave, field by field, and why
  usagectl inspect demo
  usagectl inspect demo run.end --set exit_code=0
  # To the letter, as it goes over the network
  usagectl inspect stripepy call --wire
  # What did leave
  usagectl inspect demo --sent`,
		Args: words(1, 2),
		RunE: func(command *cobra.Command, args []string) error {
			c.tool, c.levelGiven = args[0], command.Flags().Changed("level")
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
	flags.BoolVar(&c.sent, "sent", false, "print what was sent, and what became of it")
	flags.BoolVar(&c.forget, "forget", false, "show the deletion request that \"forget\" would make")
	exclusive(command, []string{"payload", "wire", "queued", "sent"}, []string{"forget", "queued", "sent"})
	return command
}

// run shows what is asked for.
func (c *inspectCommand) run() error {
	t, err := c.look()
	if err != nil {
		return err
	}
	c.named = aliasOf(c.tool, t.id)
	c.say(reference{id: t.id, alias: c.named})
	if t.manifest == nil {
		return c.showKept(t)
	}
	if levels := len(t.manifest.Consent.Levels); c.levelGiven && c.level == 0 {
		return fail(exitData, &consent.LevelError{Tool: t.id, Levels: levels})
	}
	switch {
	case c.queued:
		return c.showQueued(t)
	case c.sent:
		return c.showSent(t)
	case c.forget || t.manifest.IsDeletion(c.event):
		return c.previewForget(t)
	}
	v, problems, err := c.preview(t)
	if err != nil {
		return err
	}
	if err := v.show(c); err != nil {
		return err
	}
	c.warnOfUnprinted(t)
	for _, p := range problems {
		c.warn("%s", p)
	}
	if len(problems) > 0 {
		return fail(exitData, nil)
	}
	return nil
}

// look finds the tool. What is kept of it is shown without a manifest too, be it gone or unusable.
func (c *inspectCommand) look() (tool, error) {
	t, err := c.tools.declared(c.tool, c.manifest)
	if err == nil || c.manifest != "" || !c.sent && !c.queued && !c.forget {
		return t, err
	}
	ref, _ := c.tools.referToOne(c.tool)
	if ref.id.IsZero() || !c.kept.traces(ref.id) || c.forget && !isUnknown(err) {
		return t, err
	}
	t = c.tools.look(ref.id)
	t.manifest = nil
	return t, nil
}

// showKept shows what is kept of a tool without a manifest.
func (c *inspectCommand) showKept(t tool) error {
	switch {
	case c.queued:
		return c.showQueued(t)
	case c.sent:
		return c.showSent(t)
	}
	return c.previewForgetUndeclared(t)
}

// warnOfUnprinted says which variables that a manifest names for a refusal "usagectl env"
// does not print, so that its author learns of it. What comes with the program is not theirs.
func (c *inspectCommand) warnOfUnprinted(t tool) {
	if t.manifest.File == manifest.Builtin {
		return
	}
	_, leftOut := catalogue.Declared(t.manifest, c.tools.library.Added())
	for _, v := range leftOut {
		c.warn("\"usagectl env\" will not print %s, which the manifest of %s names for a refusal: %s", v.Name, t.id, v.Why)
	}
}

// preview finds out what would be sent for the event, and what the caller got wrong. A
// required field that is not set is no mistake here: people look at an event before they
// have values for it.
func (c *inspectCommand) preview(t tool) (preview, []string, error) {
	v := preview{tool: t}
	data, dataErr := readData(c.world, c.data)
	var problems []string
	if dataErr != nil {
		problems = append(problems, fmt.Sprintf("--data: %v", dataErr))
	}
	e, leftOut := c.describe(c.world, t.manifest, c.event, data)
	var err error
	v.Preview, err = c.world.sender().Preview(e, c.level)
	var unknown *sender.EventError
	if errors.As(err, &unknown) {
		err = eventProblem(unknown)
	}
	if err != nil {
		return v, nil, fail(exitData, err)
	}
	return v, slices.Concat(problems, leftOut, mistakesOf(v.Problems, false)), nil
}
