package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

type enableOptions struct {
	all     bool
	level   int
	replace bool
	machine machineOptions
}

func newEnable(a *app) *cobra.Command {
	o := enableOptions{level: 1}
	c := &cobra.Command{
		Use:   "enable TOOL...",
		Short: "Agree to a tool's telemetry",
		Long: `Enable records that you agree to a tool's telemetry, up to a level, and prints what
will now be sent, where to, and how to undo it. What the tool's manifest gains
later is not covered. With --all it only lifts an earlier "disable --all", with
--system only what "disable --system" wrote: nobody can agree for somebody else.

EXIT STATUS
   0  recorded, also if something else still keeps telemetry off, or a warning
      says that a power cut may undo it
  64  a bad flag or no tool
  65  an unknown tool, or a level that it does not have
  73  the decision could not be recorded
  77  the machine's settings may not be written, or the home is somebody else's
  78  the manifest or the consent file cannot be used`,
		Example: `  # Agree at the lowest level; it says what will be sent, and where to
  usagectl enable demo
  # Agree to more
  usagectl enable demo --level 2
  # Take back an earlier "disable --all"
  usagectl enable --all`,
		RunE: func(c *cobra.Command, args []string) error { return runEnable(c.Context(), a, args, o) },
	}
	flags := c.Flags()
	flags.BoolVar(&o.all, "all", false, `lift an earlier "disable --all"`)
	flags.IntVar(&o.level, "level", o.level, "agree up to level `N`")
	flags.BoolVar(&o.replace, "replace", false, "replace a consent file that cannot be read")
	o.machine.addTo(c)
	return c
}

func runEnable(ctx context.Context, a *app, names []string, o enableOptions) error {
	if err := a.oneOrAll(names, o.all); err != nil {
		return err
	}
	if err := o.machine.check(); err != nil {
		return err
	}
	if o.machine.system {
		return a.liftForMachine(names, o)
	}
	if err := a.notYourHome(); err != nil {
		return err
	}
	a.warnOfState()
	if o.all {
		return a.liftRefusalOfAll(o.replace)
	}
	var results []decided
	var failed *failure // the first
	for _, name := range names {
		t, err := a.enableOne(ctx, name, o)
		if err != nil {
			if t.verdict.Reason.Rule == consent.System {
				a.stillOff(t) // which it would be all the same
			}
			var f *failure
			if !errors.As(err, &f) {
				return err
			}
			a.tell(f) // the others are decided all the same
			failed = cmp.Or(failed, f)
			continue
		}
		if t.id.IsZero() {
			continue // there was only a refusal to lift
		}
		results = append(results, a.decidedOf(t))
		own := t.manifest == nil
		switch {
		case a.json || a.quiet:
		case own:
			a.showAgreedToOwn(t)
		default:
			a.showEnabled(t, o.level)
		}
		if own {
			a.stillRefused(t)
		} else {
			a.stillOff(t)
		}
	}
	if err := a.showDecided(results); err != nil || failed == nil {
		return err
	}
	return fail(failed.code, nil)
}

// notYourHome refuses to decide, to forget or to deliver for somebody else. What root writes
// into a home is not its owner's to read or change: a ~/.config that is made so locks
// them out of it.
func (a *app) notYourHome() error {
	home := consent.ForeignHome(a.Dirs)
	if home == "" {
		return nil
	}
	return fail(exitNoPerm, fmt.Errorf("nothing was changed: root in somebody else's home, %s", home),
		"run it as the person whose home it is")
}

// oneOrAll holds that a command names tools or says --all.
func (a *app) oneOrAll(names []string, all bool) error {
	switch {
	case all && len(names) > 0:
		return fail(exitUsage, errors.New("name tools, or say --all, not both"))
	case !all && len(names) == 0:
		return fail(exitUsage, errors.New("which tool? name one or more"), `see the tools on this machine with "usagectl status"`)
	}
	return nil
}

func (a *app) enableOne(ctx context.Context, name string, o enableOptions) (tool, error) {
	t, err := a.declared(name, "")
	if isUnknown(err) {
		id, _ := manifest.ParseID(name) // it could be looked for, so it is one
		if known, ok := catalogue.Find(name); ok {
			return a.agreeToOwn(id, known, o)
		}
		return tool{}, a.liftRefusal(id, a.unknownTool(name))
	}
	if err != nil {
		return t, err
	}
	before := t.facts.Tool.Decision
	if err := a.recorded(a.decisions(o.replace).Grant(t.manifest, o.level)); err != nil {
		return t, err
	}
	if o.level < before.Level {
		a.sender().AwaitDeliverers(ctx, t.id) // what is being sent at the old level stops
	}
	return a.judge(t), nil
}

// decisions is where the person's decisions are kept. replace lets one take the place
// of a file that cannot be read.
func (a *app) decisions(replace bool) consent.Store {
	return consent.Store{Dirs: a.Dirs, Now: a.Now, Replace: replace}
}

// recorded says what the error of a decision that was to be recorded means to a person.
func (a *app) recorded(err error) error {
	err = a.done("the decision is recorded", err)
	var level *consent.LevelError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &level):
		return fail(exitData, err)
	case errors.Is(err, consent.ErrMark):
		return fail(exitIO, err)
	}
	return notRecorded("the decision is not recorded", err)
}

// notRecorded is the failure of a decision. If a file that cannot be read is in
// the way, that is the message, and not what failed because of it.
func notRecorded(what string, err error) error {
	var unreadable *consent.UnreadableError
	if errors.As(err, &unreadable) {
		return fail(exitConfig, err, "telemetry is off as long as it is there; look at it, then say --replace")
	}
	return fail(exitCreate, fmt.Errorf("%s: %w", what, err))
}

func (a *app) liftRefusalOfAll(replace bool) error {
	lifted, err := a.decisions(replace).Lift(manifest.ID{})
	what := "the refusal of all tools is lifted"
	if !lifted {
		what = "the mark of the refusal is mended"
	}
	if err := a.done(what, err); err != nil {
		return notRecorded("the refusal of all tools is not lifted", err)
	}
	if a.json {
		return a.showDecided(nil)
	}
	if !a.quiet && lifted {
		a.Stdout.Printf("Your refusal of all tools is lifted. Each tool is as you decided for it before.\n")
	} else if !a.quiet {
		a.Stdout.Printf("There was no refusal of all tools to lift.\n")
	}
	a.hint("nobody can agree to what they have not seen: enable tools one by one, \"usagectl enable TOOL\"")
	return nil
}

// decided is what a tool's telemetry is after a decision.
type decided struct {
	Tool      string         `json:"tool"`
	Telemetry string         `json:"telemetry"`
	Reason    consent.Reason `json:"reason"`
	Level     int            `json:"level"`
}

// decidedOf says the same as "status" of a tool.
func (a *app) decidedOf(t tool) decided {
	if t.manifest == nil && t.known != nil {
		s := a.surroundings().statusOf(t)
		return decided{t.id.String(), s.Telemetry, s.Reason, 0}
	}
	return decided{t.id.String(), onOff(t.verdict.On()), t.verdict.Reason, t.verdict.Terms().Level}
}

func (a *app) showDecided(results []decided) error {
	if !a.json {
		return nil
	}
	return a.printJSON(struct {
		Schema int       `json:"schema"`
		Tools  []decided `json:"tools"`
	}{1, append([]decided{}, results...)})
}

// showEnabled says what will now be sent, where to, and how to undo it.
func (a *app) showEnabled(t tool, level int) {
	out, m := a.Stdout, t.manifest
	terms := consent.Offer(m, level)
	out.Printf("You agreed to the telemetry of %s%s.\n", out.Style(term.Strong, m.Tool.Name), levelName(m, level))
	out.Printf("\n%s\n  %s\n", out.Style(term.Strong, "Why it is collected"), out.Wrap(m.Tool.Purpose, 2))
	if m.Tool.Retention != "" {
		out.Printf("  Kept: %s\n", out.Wrap(m.Tool.Retention, 8))
	}
	out.Printf("\n%s\n  %s\n", out.Style(term.Strong, "Where it goes"), secret.URL(m.Send.Endpoint))
	out.Printf("\n%s\n", out.Style(term.Strong, "What is sent"))
	events := out.Wrap(strings.Join(terms.Events, ", "), 10)
	out.Printf("  Events: %s\n", events)
	a.fieldPurposes(m, terms)
	out.Printf("\n%s\n  usagectl disable %s\n", out.Style(term.Strong, "How to undo it"), t.id)
	a.apart = true
	a.hint("see the exact document with \"usagectl inspect %s\"", t.id)
}

func (a *app) fieldPurposes(m *manifest.Manifest, terms consent.Terms) {
	width := 0
	for i := range m.Fields {
		width = max(width, min(24, len(m.Fields[i].Name)))
	}
	for i := range m.Fields {
		if f := &m.Fields[i]; terms.Withheld(f) == "" {
			purpose := a.Stdout.Wrap(f.Purpose, width+4)
			a.Stdout.Printf("  %s  %s\n", a.Stdout.Style(term.Plain, fmt.Sprintf("%-*s", width, f.Name)), purpose)
		}
	}
}

// agreedFields names the fields that the terms let out.
func agreedFields(m *manifest.Manifest, terms consent.Terms) []string {
	var names []string
	for i := range m.Fields {
		if terms.Withheld(&m.Fields[i]) == "" {
			names = append(names, m.Fields[i].Name)
		}
	}
	return names
}

func levelName(m *manifest.Manifest, level int) string {
	if len(m.Consent.Levels) < 2 {
		return ""
	}
	return fmt.Sprintf(" at level %d of %d (%s)", level, len(m.Consent.Levels), m.Consent.Levels[level-1])
}

// stillOff says what keeps a tool off though the person agreed.
func (a *app) stillOff(t tool) {
	if t.verdict.On() {
		return
	}
	a.warn("telemetry of %s is still off: %s", t.id, t.verdict.Reason.Detail)
	if t.verdict.Reason.Rule == consent.User {
		a.hint("lift your refusal of all tools with \"usagectl enable --all\"")
	}
}
