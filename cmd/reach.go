package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// sayReach says, after a refusal, what else it takes for the tool to obey: a
// decision reaches only what asks usagectl. It tells whether a variable does it.
func (a *app) sayReach(t tool) bool {
	if t.known == nil {
		return false
	}
	out := a.Stdout
	orders := catalogue.Obey([]catalogue.Wish{{Tool: t.known, Off: true}}, false)
	switch {
	case len(orders.Variables) > 0:
		out.Printf("%s itself obeys once %s set:\n", t.known.Name, plural(len(orders.Variables), "its variable is", "its variables are"))
	case len(orders.Beyond) > 0:
		text := fmt.Sprintf("No variable reaches %s itself, and usagectl never runs other programs or changes their files: %s", t.known.Name, orders.Beyond[0].Do)
		out.Printf("%s\n", out.Wrap(text, 2))
		return false
	}
	for _, v := range orders.Variables {
		if line, err := assignment(a.Shell, v); err == nil {
			out.Printf("  %s\n", line)
		}
	}
	if way := t.known.Elsewhere(); way != "" {
		out.Printf("%s\n", out.Wrap("Or "+way+". Usagectl never runs other programs or changes their files.", 2))
	}
	return len(orders.Variables) > 0
}

// hintStartLine tells the line that has tools obey. It stands by itself, for it is to
// be copied and a terminal would break it.
func (a *app) hintStartLine(what string) {
	if !a.quiet {
		a.hint("%s, add this line to your shell's start file:", what)
		a.Stderr.Printf("  %s\n", a.startLine())
	}
}

// startLine is the line in a shell's start file that has tools obey.
func (a *app) startLine() string {
	if a.Shell == shell.PowerShell {
		return "usagectl env --quiet --shell powershell | Out-String | Invoke-Expression"
	}
	return `eval "$(usagectl env --quiet)"`
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// agreeToOwn records that a person agrees to what a tool does by itself, of which
// the catalogue knows. Nothing is sent for it from here: it has no manifest.
func (a *app) agreeToOwn(id manifest.ID, known *catalogue.Tool, o enableOptions) (tool, error) {
	t := a.look(id)
	if o.level != 1 {
		return t, fail(exitData, fmt.Errorf("%s has no levels", id))
	}
	if err := a.recorded(a.decisions(o.replace).GrantOwn(id, cmp.Or(known.Endpoint, known.Homepage))); err != nil {
		return t, err
	}
	return a.judge(t), nil
}

// showAgreedToOwn says what was agreed to, and what else it takes.
func (a *app) showAgreedToOwn(t tool) {
	out, here := a.Stdout, a.surroundings()
	out.Printf("You agreed to the telemetry of %s. It does not ask usagectl, and nothing is sent for it from here.\n", t.known.Name)
	if t.known.Data != "" {
		out.Printf("  What:  %s\n", t.known.Data)
	}
	out.Printf("  Where: %s\n", cmp.Or(t.known.Endpoint, "not known"))
	own := here.own(t.known, here.recorded.Of(t.id))
	out.Printf("  Now:   %s, %s\n", own.Telemetry, own.Because)
	if own.Recorded == string(consent.Granted) {
		for _, do := range own.Do {
			out.Printf("  To do: %s\n", do)
		}
	}
	out.Printf("Undo it with: usagectl disable %s\n", t.id)
}

// stillRefused says what refuses a tool's own telemetry though the person agreed.
func (a *app) stillRefused(t tool) {
	standing := consent.ReadRecorded(a.Dirs).Of(t.id)
	if standing.State != consent.Refused {
		return
	}
	a.warn("telemetry of %s is still refused, and \"usagectl env\" keeps it off: %s", t.id, standing.Why)
	if t.verdict.Reason.Rule == consent.User {
		a.hint("lift your refusal of all tools with \"usagectl enable --all\"")
	}
}

// liftRefusal takes back a refusal of a tool of which nothing is known, to which
// nobody can agree. It is not an error only if there was one.
func (a *app) liftRefusal(id manifest.ID, unknown error) error {
	lifted, err := a.decisions(false).Lift(id)
	var unreadable *consent.UnreadableError
	if !lifted && err == nil || errors.As(err, &unreadable) {
		return unknown
	}
	if err := a.done("the refusal is lifted", err); err != nil {
		return fail(exitCreate, fmt.Errorf("the refusal of %s is not lifted: %w", id, err))
	}
	if !a.quiet && !a.json {
		a.Stdout.Printf("Your refusal of %s is lifted. Nothing is known of it, so there is nothing to agree to.\n", id)
	}
	return nil
}

// unknownTool is the error for a name that neither a manifest nor the catalogue has.
func (a *app) unknownTool(name string) error {
	return fail(exitData, fmt.Errorf("%w %s%s", manifest.ErrUnknownTool, manifest.Quote(name), a.suggestion(name)), findTool)
}

// suggestion is a remark that names the tool that may be meant, or "".
func (a *app) suggestion(name string) string {
	for _, t := range catalogue.All() {
		if slices.Contains(t.Commands, name) {
			return fmt.Sprintf("; do you mean %q, whose program that is?", t.ID)
		}
	}
	return didYouMean(name, a.knownNames(), "")
}

// isUnknown tells whether there is no manifest of a tool.
func isUnknown(err error) bool { return errors.Is(err, manifest.ErrUnknownTool) }
