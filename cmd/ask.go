package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// askCommand is the command with which a tool asks the person once.
type askCommand struct {
	*app
	manifest string
}

func newAsk(a *app) *cobra.Command {
	c := &askCommand{app: a}
	command := &cobra.Command{
		Use:   "ask TOOL",
		Short: "Ask the person once whether a tool may collect",
		Long: `Ask is for tools: it asks the person at the terminal whether they agree to the tool's
telemetry, and records the answer. It shows who asks, why, what is sent at each
level, where to, how long it is kept and how to change the answer, and takes a line:

  no, or Enter alone   refused, as by "usagectl disable TOOL"
  yes                  agreed to the lowest level, as by "usagectl enable TOOL"
  a number or a name   agreed up to that level
  show                 the documents that would be sent, and the question again
  Ctrl-C               not now; so is the end of the input

After "not now" it asks again a day later at the earliest, and three times at most.
A yes or a no is never asked for again, not even for what a new version of the tool
collects: "usagectl status" says what is new, and "usagectl enable" agrees to it.

It asks nothing in CI, if stdin or stderr is no terminal, in the background, or if
something has decided: a refusal, an agreement, a variable, the machine. What was
typed before the question does not count as an answer. The question and what comes
of it go to stderr, and stdout has nothing but what --json prints.

Call it when the tool's own work is done. In a script that must not fail, add
"|| true": it ends with 1 whenever telemetry is off. Ctrl-C reaches the script too,
and some shells end by it, such as dash; after "trap '' INT" it ends the question
alone. With -q it asks as usual, and does not confirm the answer. With -v it says
why it does not ask.

EXIT STATUS
   0  telemetry is on
   1  telemetry is off, be it that nothing was asked, or after "no" or "not now"
  64  a bad flag or a wrong number of arguments
  65  an unknown tool, or one without a manifest
  73  the answer could not be recorded, so it does not count: a tool that is on
      by default sends after its notice, unless you say no again, with
      "usagectl disable TOOL"; if it is known before, nothing is asked
  74  the answer is recorded, but what is queued could not all be thrown away,
      the mark of an earlier refusal keeps telemetry off, or the answer could
      not be printed
  78  the manifest or the consent file cannot be used`,
		Example: `  # At the end of a script; it asks once, and never fails the script
  usagectl ask demo || true
  # What came of it, for a program
  usagectl ask demo --json`,
		Args: words(1, 1),
		RunE: func(command *cobra.Command, args []string) error {
			return c.run(command.Context(), args[0])
		},
	}
	command.Flags().StringVar(&c.manifest, "manifest", "", "read the tool's manifest from `FILE`")
	return command
}

// notAsked is why a person is not asked.
type notAsked string

// The reasons. The empty one is that they are.
const (
	notAskedDecided    notAsked = "decided"
	notAskedTerminal   notAsked = "no-terminal"
	notAskedBackground notAsked = "background"
	notAskedLately     notAsked = "asked-lately"
	notAskedEnough     notAsked = "asked-enough"
	notAskedUnknown    notAsked = "unknown"
)

// asked is what "ask --json" prints.
type asked struct {
	Schema int `json:"schema"`
	decided
	Asked    bool     `json:"asked"`
	NotAsked notAsked `json:"not_asked,omitempty"`
	Answer   string   `json:"answer,omitempty"` // "yes", "no" or "not-now", if the person was asked
}

// run asks if that is due, and says whether telemetry is on then.
func (c *askCommand) run(ctx context.Context, name string) error {
	t, err := c.tools.declared(name, c.manifest)
	if err != nil {
		return err
	}
	alias := aliasOf(name, t.id)
	c.say(reference{id: t.id, alias: alias})
	interrupted, rest := listenToPerson()
	defer rest()
	left, why, err := c.begin(t)
	if err != nil {
		return err
	}
	view := asked{Schema: 1, Asked: why == "", NotAsked: why}
	if why == "" {
		r := (&dialog{askCommand: c, tool: t, left: left, interrupted: interrupted}).hold()
		rest() // from here on Ctrl-C ends the program as ever
		view.Answer = r.word()
		if err := c.record(ctx, t, r, left); err != nil {
			return err
		}
	}
	t = c.tools.judge(t)
	view.decided = decidedOf(c.app, t, alias)
	if c.json {
		if err := c.printJSON(view); err != nil {
			return err
		}
	}
	if !t.verdict.On() {
		return fail(exitNo, nil)
	}
	return nil
}

// undecided reports whether there is something to ask: nothing keeps the tool off but that the
// person has not decided.
func (t tool) undecided() bool {
	return t.verdict.Reason.Rule == consent.Undecided || t.verdict.Reason.Rule == consent.Notice
}

// begin records that the person is asked, unless they are not to be. left is how often they can
// be asked after that.
func (c *askCommand) begin(t tool) (left int, why notAsked, err error) {
	switch {
	case !t.undecided():
		return 0, c.unasked(t, notAskedDecided, t.verdict.Reason.Detail), nil
	case !c.world.Interactive:
		return 0, c.unasked(t, notAskedTerminal, "stdin or stderr is no terminal"), nil
	case c.world.Foreground != nil && !c.world.Foreground():
		return 0, c.unasked(t, notAskedBackground, "it runs in the background"), nil
	}
	left, err = c.world.decisions(false).BeginAsking(t.id)
	switch {
	case errors.Is(err, consent.ErrAskedLately):
		return 0, c.unasked(t, notAskedLately, err.Error()), nil
	case errors.Is(err, consent.ErrAskedEnough):
		return 0, c.unasked(t, notAskedEnough, err.Error()), nil
	case errors.Is(err, consent.ErrAskedUnknown):
		return 0, c.unasked(t, notAskedUnknown, err.Error()), nil
	case !statefile.Done(err):
		return 0, "", fail(exitCreate, fmt.Errorf("nothing was asked about %s: the answer could not be recorded: %w", t.id, err))
	}
	if now := c.tools.judge(t); !now.undecided() { // by another process, before the asking was recorded
		_ = c.world.decisions(false).ForgetAsking(t.id)
		return 0, c.unasked(t, notAskedDecided, now.verdict.Reason.Detail), nil
	}
	return left, "", nil
}

// unasked says why the person is not asked, to somebody who wants to know.
func (c *askCommand) unasked(t tool, why notAsked, detail string) notAsked {
	if c.verbose {
		c.note("%s does not ask: %s", t.id, detail)
	}
	return why
}

// record records an answer, and says what comes of it.
func (c *askCommand) record(ctx context.Context, t tool, r reply, left int) error {
	switch {
	case r.level > 0:
		return c.agree(t, r.level)
	case r.refused:
		return c.refuse(ctx, t)
	case c.quiet:
	case left == 0:
		c.tellPlain("Not now: nothing was decided, and you are not asked again. Decide with: usagectl enable %s, or usagectl disable %s", t.id, t.id)
	default:
		c.tellPlain("Not now: nothing was decided. %s", askedAgain(t.manifest, left))
	}
	return nil
}

// agree records a yes, unless something was decided meanwhile.
func (c *askCommand) agree(t tool, level int) error {
	err := consent.ErrDecided
	if c.tools.judge(t).undecided() {
		err = c.world.decisions(false).GrantFirst(t.manifest, level)
	}
	if errors.Is(err, consent.ErrDecided) {
		v := c.tools.judge(t).verdict
		c.warn("your yes is not recorded, because it was decided meanwhile: telemetry of %s is %s: %s", t.id, onOff(v.On()), v.Reason.Detail)
		return nil
	}
	if err := c.recorded(err); err != nil {
		return err
	}
	if !c.quiet {
		c.tellPlain("You agreed to the telemetry of %s%s. Undo it with: usagectl disable %s", t.name(), levelName(t.manifest, level), t.id)
	}
	if now := c.tools.judge(t); !now.verdict.On() {
		c.warn("telemetry of %s is still off: %s", t.id, now.verdict.Reason.Detail)
	}
	return nil
}

// refuse records a no, as "disable" does. It counts also if somebody agreed meanwhile.
func (c *askCommand) refuse(ctx context.Context, t tool) error {
	if c.tools.judge(t).verdict.On() {
		c.warn("you had agreed to %s meanwhile, elsewhere: this refusal counts", t.id)
	}
	r, err := (&disableCommand{app: c.app}).refuse(ctx, t.id, nil)
	if unrecorded(err) && !offAnyway(err) {
		return c.unheard(t, err)
	}
	if err != nil {
		return err
	}
	if !c.quiet {
		c.tellPlain("You refused the telemetry of %s.%s Undo it with: %s%s", t.name(), thrownAway(r.Events), t.agreeAgain(), manifestOption(c.manifest))
		if t.sendsByItself() {
			c.hint("%s also sends on its own: \"usagectl status %s\" shows how to turn that off", t.name(), t.id)
		}
	}
	return nil
}

// unheard is the failure of a no that is not recorded, with what it takes to say it all the
// same: nobody is asked again on the same day, and a tool may be on without an answer.
func (c *askCommand) unheard(t tool, err error) error {
	var f *failure
	if !errors.As(err, &f) {
		return err
	}
	again, off := " unless you say no again: usagectl disable "+t.id.String(), false
	switch {
	case c.tools.judge(t).verdict.On(): // somebody agreed meanwhile
		f.hints = append(f.hints, t.name()+" goes on sending"+again)
	case t.manifest.Consent.Default == manifest.OptOut:
		f.hints = append(f.hints, t.name()+" is on by default, and sends after its notice"+again)
	default:
		off = true
	}
	return fail(f.code, fmt.Errorf("your no does not count: %w", f.err), append(f.hints, c.world.switchNow(off, t)...)...)
}

// tellPlain says to the person what comes of their answer. It goes where the question was, for
// stdout is that of the tool that asks.
func (c *askCommand) tellPlain(format string, args ...any) {
	c.stderr.Printf("%s\n", c.stderr.Wrap(fmt.Sprintf(format, args...), 2))
}

// askedAgain says when somebody who did not answer is asked again. A tool that is on by default does
// not wait for that.
func askedAgain(m *manifest.Manifest, left int) string {
	if m.Consent.Default == manifest.OptOut {
		return "You are asked another day, " + atMost(left) + ", unless it has shown its notice by then, after which it sends."
	}
	return "You are asked another day, " + atMost(left) + "."
}

// atMost says how often somebody is asked after this.
func atMost(left int) string {
	if left == 1 {
		return "once more at most"
	}
	return fmt.Sprintf("%d more times at most", left)
}
