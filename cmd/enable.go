package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// enableCommand is the command that agrees, or lifts a refusal.
type enableCommand struct {
	*app
	all      bool
	level    int
	manifest string
	replace  bool
	system   systemWide
}

func newEnable(a *app) *cobra.Command {
	c := &enableCommand{app: a, level: 1, system: systemWide{app: a}}
	command := &cobra.Command{
		Use:   "enable TOOL...",
		Short: "Agree to a tool's telemetry",
		Long: `Enable records that you agree to a tool's telemetry, up to a level, and prints what
will now be sent, where to, and how to undo it. What the tool's manifest gains
later is not covered until you agree again, which keeps what is queued. An author
tries a manifest that is not installed with --manifest.

After "disable --all" the tool is the exception: everything else stays off. With
--all it only lifts an earlier "disable --all", with --system only what "disable
--system" wrote: nobody can agree for somebody else, or to what they have not seen.

EXIT STATUS
   0  recorded, also if something else still keeps telemetry off, or a warning
      says that a power cut may undo it
  64  a bad flag or no tool
  65  an unknown tool, or a level that it does not have
  73  the decision could not be recorded
  74  it is recorded, but the mark of an earlier refusal could not be renewed
      and keeps telemetry off, or the answer could not be printed
  77  the machine's settings may not be written, or the home is somebody else's
  78  the manifest or the consent file cannot be used`,
		Example: `  # Agree at the lowest level; it says what will be sent, and where to
  usagectl enable demo
  # Agree to more
  usagectl enable demo --level 2
  # Take back an earlier "disable --all"
  usagectl enable --all`,
		Annotations: map[string]string{byPerson: "yes"},
		RunE:        func(command *cobra.Command, args []string) error { return c.run(command.Context(), args) },
	}
	flags := command.Flags()
	flags.BoolVar(&c.all, "all", false, `lift an earlier "disable --all"`)
	flags.IntVar(&c.level, "level", c.level, "agree up to level `N`")
	flags.StringVar(&c.manifest, "manifest", "", "read the tool's manifest from `FILE`")
	flags.BoolVar(&c.replace, "replace", false, "replace a consent file that cannot be read")
	c.system.addTo(command)
	return command
}

// run decides about each tool that is named, and shows what that means.
func (c *enableCommand) run(ctx context.Context, names []string) error {
	if err := oneOrAll(names, c.all); err != nil {
		return err
	}
	if c.manifest != "" && (len(names) != 1 || c.system.on) {
		return fail(exitUsage, errors.New("--manifest is for one tool: nothing was changed"))
	}
	if err := c.system.check(); err != nil {
		return err
	}
	if c.system.on {
		return c.system.lift(names, c.all)
	}
	if err := c.world.ownHome(); err != nil {
		return err
	}
	c.kept.warnOfState(c.ui)
	if c.all {
		return c.liftRefusalOfAll()
	}
	var results []decided
	var failed *failure // the first
	for _, name := range names {
		t, err := c.enableOne(ctx, name)
		if err != nil {
			if t.verdict.Reason.Rule == consent.System {
				c.stillOff(t) // which it would be all the same
			}
			var f *failure
			if !errors.As(err, &f) {
				return err
			}
			c.tell(f) // the others are decided all the same
			failed = cmp.Or(failed, f)
			continue
		}
		if t.id.IsZero() { // there was only a refusal to lift
			if id, err := manifest.ParseID(name); err == nil {
				results = append(results, decidedOf(c.app, c.tools.look(id), ""))
			}
			continue
		}
		alias := aliasOf(name, t.id)
		c.say(reference{id: t.id, alias: alias})
		c.liftAlias(alias)
		results = append(results, decidedOf(c.app, t, alias))
		own := t.manifest == nil
		switch {
		case c.json || c.quiet:
		case own:
			c.showAgreedToOwn(t)
		default:
			showEnabled(c.app, t, c.level, c.manifest)
		}
		if own {
			c.stillRefused(t)
		} else {
			c.stillOff(t)
		}
		c.warnOfShared(t)
	}
	if err := showDecided(c.ui, results); err != nil || failed == nil {
		return err
	}
	return fail(failed.code, nil)
}

// enableOne records that the person agrees to one tool.
func (c *enableCommand) enableOne(ctx context.Context, name string) (tool, error) {
	t, err := c.tools.declared(name, c.manifest)
	if isUnknown(err) {
		if t.known != nil {
			return c.agreeToOwn(t.id)
		}
		return tool{}, c.liftRefusal(t.id, err)
	}
	if err != nil {
		return t, err
	}
	before := t.facts.Tool.Decision
	err = c.recorded(c.world.decisions(c.replace).Grant(t.manifest, c.level))
	var f *failure
	if unrecorded(err) && !offAnyway(err) && errors.As(err, &f) && c.level < before.Level && t.verdict.On() { // what was agreed to before is still sent
		return t, fail(f.code, f.err, append(slices.Clone(f.hints), c.world.switchNow(false, tool{manifest: t.manifest})...)...)
	}
	if err != nil {
		return t, err
	}
	if c.level < before.Level {
		c.world.sender().AwaitDeliverers(ctx, t.id) // what is being sent at the old level stops
	}
	return c.tools.judge(t), nil
}

// liftRefusal takes back a refusal of a tool of which nothing is known, to which
// nobody can agree. It is not an error only if there was one.
func (c *enableCommand) liftRefusal(id manifest.ID, unknown error) error {
	lifted, err := c.world.decisions(false).Lift(id)
	var unreadable *consent.UnreadableError
	if !lifted && err == nil || errors.As(err, &unreadable) {
		return unknown
	}
	if err := c.done("the refusal is lifted", err); err != nil {
		return fail(exitCreate, fmt.Errorf("the refusal of %s is not lifted: %w", id, err))
	}
	if !c.quiet && !c.json {
		c.stdout.Printf("Your refusal of %s is lifted. Nothing is known of it, so there is nothing to agree to.\n", id)
	}
	return nil
}

// liftAlias takes back a refusal under a name that is no tool's ID: versions before this
// one took the command of a tool for a tool of its own.
func (c *enableCommand) liftAlias(name string) {
	id, err := manifest.ParseID(name)
	if err != nil {
		return
	}
	lifted, err := c.world.decisions(false).Lift(id)
	switch {
	case err != nil:
		c.warn("the refusal that is recorded for %s is not lifted: %v", id, err)
	case lifted && !c.quiet && !c.json:
		c.stdout.Printf("A refusal that was recorded for %s, which is no tool's ID, is lifted too.\n", id)
	}
}

// liftRefusalOfAll takes back an earlier "disable --all".
func (c *enableCommand) liftRefusalOfAll() error {
	lifted, err := c.world.decisions(c.replace).Lift(manifest.ID{})
	what := "the refusal of all tools is lifted"
	if !lifted {
		what = "the mark of the refusal is mended"
	}
	if err := c.done(what, err); err != nil {
		return c.world.notRecorded("the refusal of all tools is not lifted", err)
	}
	elsewhere := consent.ReadRecorded(c.world.Dirs).RefusedElsewhere()
	if elsewhere != "" {
		c.warn("all tools are still refused, in %s, from where XDG_CONFIG_HOME moved your decisions: lift that without the variable", elsewhere)
	}
	if c.json {
		return showDecided(c.ui, []decided{c.allAfterwards()})
	}
	if elsewhere != "" && !lifted {
		return nil
	}
	if !c.quiet && lifted {
		c.stdout.Printf("Your refusal of all tools is lifted. Only what you agreed to as an exception to it counts; any other agreement from before is gone.\n")
	} else if !c.quiet {
		c.stdout.Printf("There was no refusal of all tools to lift.\n")
	}
	c.hint("nobody can agree to what they have not seen: enable tools one by one, \"usagectl enable TOOL\"")
	return nil
}

// allAfterwards is what holds of all tools once the person's refusal of them is lifted.
func (c *enableCommand) allAfterwards() decided {
	recorded := consent.ReadRecorded(c.world.Dirs)
	if path := recorded.RefusedElsewhere(); path != "" {
		return decided{Tool: "all", Telemetry: onOff(false), Reason: consent.Reason{Rule: consent.User, Detail: "you refused all tools, in " + path}}
	}
	if s := recorded.Of(manifest.ID{}); s.Unknown {
		return decided{Tool: "all", Telemetry: onOff(false), Reason: consent.Reason{Rule: consent.Unreadable, Detail: s.Why}}
	}
	if recorded.AllRefused() {
		return decided{Tool: "all", Telemetry: onOff(false), Reason: consent.Reason{Rule: consent.System, Detail: "all tools are refused for this machine"}}
	}
	return decided{Tool: "all", Telemetry: "unknown", Reason: consent.Reason{Rule: consent.Undecided, Detail: "each tool is as it is decided for it: nobody can agree to all"}}
}

// stillOff says what keeps a tool off though the person agreed.
func (c *enableCommand) stillOff(t tool) {
	if t.verdict.On() {
		return
	}
	c.warn("telemetry of %s is still off: %s", t.id, t.verdict.Reason.Detail)
}
