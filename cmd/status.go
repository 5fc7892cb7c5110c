package cmd

import (
	"cmp"
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
		Long: `Status shows a row for each tool: whether its telemetry is on, who sends it, what you
said about it, and why it is as it is; then which deletion requests there are, and
what is left to do. Most tools send by themselves, without usagectl: what they do is
read from their own variables and files, and none is started.

Without a name it shows the tools seen on this machine: those with a decision, a
source ID, an outbox, a deletion request, a manifest that did not come with usagectl,
a program on PATH, or files. With one name, which can be its command too, it shows everything that is known of the
tool: every rule and what it says, and the variables, commands and files that switch
it. A tool of which usagectl sends events has a second row for what it does by
itself, if that is not the same and the tool is here or you refused it.

What to type is shown for your shell: the one that started usagectl, or, as scripts
are for sh and bash, the one that SHELL names then.

EXIT STATUS
   0  shown; with -q TOOL: telemetry is on
   1  with -q TOOL: telemetry is off, or it is not known whether it is on,
      whatever the reason; nothing is printed
  64  a bad flag, or --all beside a name
  65  an unknown tool; a name that no tool can have, with -q TOOL too
  74  what is kept cannot all be looked at, what is sent cannot be recorded, or
      the answer could not be printed; without a name also if a directory of
      manifests cannot be looked into, so that a tool may be missing
  78  a manifest cannot be used, or what was decided cannot be read or found`,
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
	Queued     count           `json:"queued"`
	Rejected   count           `json:"rejected"`
	Dropped    count           `json:"dropped"`
	LastSent   *time.Time      `json:"last_sent"`    // when something left last, whatever became of it
	Last       *sender.Attempt `json:"last_attempt"` // what became of that
	Unrecorded string          `json:"unrecorded"`   // why something may have been sent that is not recorded
	OverBounds count           `json:"over_bounds"`  // of those: because the queue was full, or they were too old
	NewFields  []string        `json:"new_fields"`
	NewEvents  []string        `json:"new_events"`
	Deletions  requests        `json:"deletions"`
	Layers     []consent.Layer `json:"layers"`
	Own        *ownStatus      `json:"own"`      // null for a tool that the catalogue does not know
	SentBy     string          `json:"sent_by"`  // usagectl, tool, or unknown: who sends what Telemetry is about
	Here       bool            `json:"here"`     // something shows that the tool is on this machine
	Seen       []string        `json:"seen"`     // the programs and files that show it
	Decision   decision        `json:"decision"` // what was decided, whatever the rest says
	ToDo       []string        `json:"to_do"`    // what is left to do
	Switches   []switchStatus  `json:"switches"` // everything that switches it

	delivery sender.Status
	// decideAgain is what to do about a decision that cannot be read.
	decideAgain string
	unread      bool     // not all that is kept of it could be looked at
	unerased    []string // why not all that is to be forgotten could be removed
	on          bool
	problem     error // why the manifest cannot be used
	todo        []todo
	asked       bool // for by name

	badSource bool // something else is where the source ID would be

	output string // the file to which its events go; "" if they go elsewhere, or where is not known

	known *catalogue.Tool // nil for a tool that the catalogue does not know
}

// run shows the tools that are named, or those that are here.
func (c *statusCommand) run(names []string) error {
	if c.all && len(names) > 0 {
		return oneOrAll(names, true)
	}
	if c.quiet && len(names) > 0 {
		return c.exitOnly(names)
	}
	here := newSurvey(c.app)
	damage := c.kept.warnOfDecisions(c.ui, here.recorded, c.kept.warnOfDamage(c.ui))
	refs, unlisted := c.about(here, names)
	if unlisted != nil && len(names) > 0 {
		return unlisted
	}
	list := make([]*toolStatus, 0, len(refs))
	var bad error
	if len(names) == 0 && len(here.recorded.Unreadable()) > 0 {
		bad = fail(exitConfig, nil) // which was said
	}
	for _, ref := range refs {
		if ref.unknown != nil && !c.json && !c.quiet {
			continue // there is nothing to show but the error
		}
		t := c.tools.look(ref.id)
		s := here.of(&t)
		if s.problem != nil {
			c.warn("the manifest of %s cannot be used: %s", ref.id, firstLine(s.problem))
			bad = fail(exitConfig, nil)
		}
		if s.Decision.State == "unknown" {
			bad = fail(exitConfig, nil) // all of it was said
		}
		if s.unread {
			unlisted = fail(exitIO, nil) // all of it was said
		}
		s.Named, s.asked = ref.alias, len(names) > 0
		list = append(list, s)
	}
	if nobodys := c.tellUnknown(refs); nobodys != nil {
		bad = nobodys
	}
	damage = c.kept.warnOfTools(c.ui, list, damage)
	var err error
	switch {
	case c.json:
		err = c.printJSON(struct {
			Schema int             `json:"schema"`
			Tools  []*toolStatus   `json:"tools"`
			Unused []sender.Unused `json:"unused"` // what is kept and cannot be relied on
		}{1, list, damage})
	case len(list) == 0 && (bad != nil || unlisted != nil):
	case len(names) == 1 && len(list) == 1:
		c.view().showTool(list[0])
	case c.all && len(names) == 0:
		c.view().showKnown(list)
	default:
		c.view().showTable(list)
	}
	return cmp.Or(err, bad, unlisted)
}

// about are the tools named, or those that are here, of which the error says that there may
// be more.
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
	return &statusView{ui: c.ui, world: c.world, now: c.world.Now(), home: c.world.Dirs.Home, tools: c.tools}
}

// exitOnly is the answer of "status -q TOOL": the exit code, and nothing else. Only names that no tool
// can have are an error.
func (c *statusCommand) exitOnly(names []string) error {
	refs, err := c.refer(names)
	if err != nil {
		return err
	}
	here := newSurvey(c.app)
	for _, ref := range refs {
		if t := c.tools.look(ref.id); !here.isOn(&t) {
			return fail(exitNo, nil)
		}
	}
	return nil
}
