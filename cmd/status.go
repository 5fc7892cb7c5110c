package cmd

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// statusCommand is the command that shows which telemetry is on.
type statusCommand struct {
	*app
	all bool
}

func newStatus(a *app) *cobra.Command {
	c := &statusCommand{app: a}
	command := &cobra.Command{
		Use:   "status [TOOL...]",
		Short: "Show which telemetry is on, and why",
		Long: `Status shows a row for each tool: whether its telemetry is on, because of what,
what waits, when something left last, and which deletion requests there are.

Without a name it shows the tools seen on this machine: those with a decision, a
source ID, an outbox, a deletion request, a program on PATH, or files. With one
name it shows every rule and what it says. A tool can be named by its command too.

EXIT STATUS
   0  shown; with -q TOOL: telemetry is on
   1  with -q TOOL: telemetry is off, or it is not known whether it is on
  64  a bad flag
  65  an unknown tool
  74  the outbox cannot be read, or the answer could not be printed
  78  a manifest cannot be used`,
		Example: `  # What is on here, and why
  usagectl status
  # Each rule, and what it says about one tool
  usagectl status demo
  # Every tool that is known, for a program to read
  usagectl status --all --json
  # In a script
  usagectl status -q demo && echo "demo may send"`,
		Annotations: map[string]string{byPerson: "yes"},
		RunE:        func(_ *cobra.Command, args []string) error { return c.run(args) },
	}
	command.Flags().BoolVar(&c.all, "all", false, "show every tool that is known")
	return command
}

// toolStatus is one tool as "status --json" has it.
type toolStatus struct {
	Tool       manifest.ID     `json:"tool"`
	Named      string          `json:"named,omitempty"` // the name that was given, if it is not the tool's ID
	Name       string          `json:"name"`
	Telemetry  string          `json:"telemetry"`
	Reason     consent.Reason  `json:"reason"`
	Level      int             `json:"level"`
	Levels     int             `json:"levels"`
	Default    string          `json:"default"`
	Endpoint   string          `json:"endpoint"`
	Manifest   string          `json:"manifest"`
	SourceID   *string         `json:"source_id"`
	SourcePath string          `json:"source_path"`
	Queued     int             `json:"queued"`
	Rejected   int             `json:"rejected"`
	Dropped    int             `json:"dropped"`
	LastSent   *time.Time      `json:"last_sent"`    // when something left last, whatever became of it
	Last       *sender.Attempt `json:"last_attempt"` // what became of that
	Unrecorded string          `json:"unrecorded"`   // why something may have been sent that is not recorded
	OverBounds int             `json:"over_bounds"`  // of those: because the queue was full, or they were too old
	NewFields  []string        `json:"new_fields"`
	NewEvents  []string        `json:"new_events"`
	Deletions  []deletion      `json:"deletions"`
	Layers     []consent.Layer `json:"layers"`
	Own        *ownStatus      `json:"own"` // null for a tool that the catalogue does not know

	delivery sender.Status
	unerased []string // why not all that is to be forgotten could be removed
	on       bool

	badSource bool // something else is where the source ID would be

	output string // the file to which its events go; "" if they go elsewhere, or where is not known

	known *catalogue.Tool // nil for a tool that the catalogue does not know
}

// run shows the tools that are named, or those that are here.
func (c *statusCommand) run(names []string) error {
	here := newSurvey(c.app)
	damage := c.kept.warnOfDamage(c.ui)
	refs, err := c.about(here, names)
	if err != nil {
		return err
	}
	list := make([]toolStatus, 0, len(refs))
	var bad error
	for _, ref := range refs {
		if ref.unknown != nil && !c.json && !c.quiet {
			continue // there is nothing to show but the error
		}
		t := c.tools.look(ref.id)
		if t.problem != nil {
			c.warn("the manifest of %s cannot be used: %s", ref.id, firstLine(t.problem))
			bad = fail(exitConfig, nil)
		}
		s := here.of(t)
		s.Named = ref.alias
		list = append(list, s)
	}
	if c.quiet && len(names) > 0 {
		return off(list, bad)
	}
	if nobodys := c.tellUnknown(refs); nobodys != nil {
		bad = nobodys
	}
	damage = c.kept.warnOfTools(c.ui, list, damage)
	switch {
	case c.json:
		err = c.printJSON(struct {
			Schema int             `json:"schema"`
			Tools  []toolStatus    `json:"tools"`
			Unused []sender.Unused `json:"unused"` // what is kept and cannot be relied on
		}{1, list, damage})
	case len(list) == 0 && bad != nil:
	case len(names) == 1 && len(list) == 1:
		c.view().showTool(list[0])
	case c.all:
		c.view().showKnown(list)
	default:
		c.view().showTable(list)
	}
	if err == nil && len(names) > 0 {
		err = bad
	}
	return err
}

// about are the tools named, or those that are here.
func (c *statusCommand) about(here survey, names []string) ([]reference, error) {
	if len(names) > 0 {
		return c.refer(names)
	}
	ids, err := here.ids(c.all)
	var list []reference
	for _, id := range ids {
		list = append(list, reference{id: id})
	}
	return list, err
}

// view is what shows the answer to a person.
func (c *statusCommand) view() *statusView {
	return &statusView{ui: c.ui, now: c.world.Now(), home: c.world.Dirs.Home, tools: c.tools}
}

// off is the answer of "status -q TOOL".
func off(list []toolStatus, bad error) error {
	if bad != nil {
		return bad
	}
	for _, s := range list {
		if !s.on {
			return fail(exitNo, nil)
		}
	}
	return nil
}
