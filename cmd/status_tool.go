package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// showTool shows everything about one tool: first how it is, then what is left to do,
// what switches it, and on what all that rests.
func (v *statusView) showTool(s *toolStatus) {
	out := v.stdout
	cell := s.cell()
	headline := fmt.Sprintf("%s: telemetry is %s", out.Style(term.Strong, s.Name), out.Style(cell.Style, cell.Text))
	if s.both() {
		own := s.ownCell()
		headline += fmt.Sprintf(" (sent by usagectl), %s (sent by itself)", out.Style(own.Style, own.Text))
	}
	out.Printf("%s\n", term.Styled(headline))
	v.showAnswer(s)
	if s.SentBy == sentByUsagectl {
		v.showDelivery(s)
	} else {
		v.showKnownFacts(s)
	}
	for _, why := range s.unerased {
		v.row("Forgetting", "not all could be removed: %s", why)
	}
	v.apart = true
	v.showRequests(s)
	v.showOwnToDo(s)
	if s.problem != nil {
		out.Printf("\n%s\n", out.Style(term.Strong, "What is wrong with its manifest"))
		for line := range lines(s.problem.Error()) {
			out.Printf("  %s\n", out.Wrap(line, 4))
		}
	}
	if s.SentBy != sentByUnknown {
		v.showSwitches(s)
	}
	if s.SentBy == sentByUsagectl { // of the others no rule says anything
		out.Printf("\n%s\n", out.Style(term.Strong, "What each rule says"))
		for _, l := range s.Layers {
			v.showLayer(l)
		}
	}
	v.nextStep(s)
}

// row shows one thing about a tool.
func (v *statusView) row(name, format string, args ...any) {
	v.stdout.Printf("  %-12s %s\n", name, v.stdout.Wrap(fmt.Sprintf(format, args...), 15))
}

// showAnswer shows who sends, what the person said, and what the tool does.
func (v *statusView) showAnswer(s *toolStatus) {
	if s.Named != "" {
		v.row("Tool", "%s", meaning(reference{id: s.Tool, alias: s.Named}))
	}
	v.row("Why", "%s", s.Reason.Detail)
	v.row("You said", "%s", s.Decision.sentence())
	for _, spared := range s.Decision.Spared {
		v.row("Exception", "%s", spared.text)
	}
	switch s.SentBy {
	case sentByUsagectl:
		v.row("Sent by", "usagectl, when the tool asks it to")
	case sentByTool:
		v.row("Sent by", "%s itself; nothing goes through usagectl", s.Name)
	default:
		v.row("Sent by", "unknown")
	}
	if s.Own != nil && s.SentBy == sentByUsagectl {
		v.row("By itself", "%s", s.Own.sentence())
	}
	v.row("Seen here", "%s", cmp.Or(strings.Join(s.Seen, ", "), "no"))
}

// showDelivery shows what usagectl does for a tool.
func (v *statusView) showDelivery(s *toolStatus) {
	if s.Manifest != "none" {
		v.row("Goes to", "%s", s.Endpoint)
		v.row("Default", "%s", s.Default)
		v.row("Manifest", "%s", s.Manifest)
	}
	if s.on && s.Levels > 1 {
		v.row("Level", "%d of %d", s.Level, s.Levels)
	}
	if s.SourcePath != "" {
		id := "none yet"
		if s.SourceID != nil {
			id = *s.SourceID
		} else if s.badSource {
			id = "none that can be read"
		}
		v.row("Source ID", "%s in %s", id, tilde(v.home, s.SourcePath))
	}
	v.row("Queued", "%v, rejected %v, dropped %v%s", s.Queued, s.Rejected, s.Dropped, s.whyDropped())
	v.row("Last sent", "%s", s.lastAttempt(v.now))
	if d := s.delivery; !d.NotBefore.IsZero() {
		v.row("Waiting", "until %s (failed attempts: %d): %s", utc(d.NotBefore), d.Failures, cmp.Or(d.Failure, "the answer was forgotten with the source ID"))
	}
	if len(s.NewFields)+len(s.NewEvents) > 0 {
		said := "agreed"
		if s.Decision.State == string(consent.Notified) {
			said = "were told"
		}
		v.row("New", "not sent, because it was not there when you %s: %s; to agree to it: %s", said, strings.Join(append(slices.Clone(s.NewEvents), s.NewFields...), ", "), s.renewal())
	}
}

// showKnownFacts shows what the catalogue knows of a tool that sends by itself.
func (v *statusView) showKnownFacts(s *toolStatus) {
	if s.Queued+s.Rejected+s.Dropped > 0 { // from a time when it had a manifest
		v.row("Queued", "%v, rejected %v, dropped %v", s.Queued, s.Rejected, s.Dropped)
	}
	t := s.known
	if t == nil {
		return
	}
	v.row("Default", "%s", s.Default)
	v.row("Goes to", "%s", cmp.Or(s.Endpoint, "not known"))
	if t.Data != "" {
		v.row("What", "%s", t.Data)
	}
	if t.IDFile != "" {
		v.row("ID", "%s", v.world.places(t.IDFile))
	}
	if t.Deletion != "" {
		v.row("Deletion", "%s", t.Deletion)
	}
	if t.Notes != "" {
		v.row("Notes", "%s", t.Notes)
	}
	v.row("Facts from", "%s: %s", evidence(s.Own.Evidence), t.Where)
}

// showRequests shows the deletion requests of one tool, and what the person can do.
func (v *statusView) showRequests(s *toolStatus) {
	out := v.stdout
	if len(s.Deletions.list) > 0 || s.Deletions.unknown != nil {
		out.Printf("\n%s\n", out.Style(term.Strong, "Deletion requests"))
	}
	if s.Deletions.unknown != nil {
		out.Printf("  %s: %s\n", out.Style(term.Warn, "unknown"), out.Wrap(oneLine(s.Deletions.unknown), 4))
	}
	for _, d := range s.Deletions.list {
		cell := d.cell()
		out.Printf("  %s, requested %s\n", out.Style(cell.Style, cell.Text), ago(d.RequestedAt, v.now))
		item := func(name, format string, args ...any) {
			out.Printf("    %-9s %s\n", name, out.Wrap(fmt.Sprintf(format, args...), 14))
		}
		item("Request", "%s", d.RequestID)
		if d.To != "" {
			item("To", "%s", d.To)
		}
		if d.SettledAt != nil {
			item("Settled", "%s", ago(*d.SettledAt, v.now))
		}
		if d.Answer != "" {
			item("Answer", "%s", d.Answer)
		}
		item("Promises", "%s", d.Promise)
		if d.NotBefore != nil {
			item("Next try", "%s, after %d that failed", utc(*d.NotBefore), d.Attempts)
		}
		if d.SourceID != nil {
			item("Source ID", "%s", *d.SourceID)
		} else {
			item("Source ID", "kept only as its SHA-256: %s", d.SHA256)
		}
		if left := d.left(); left != "" {
			item("To do", "%s", left)
		}
	}
}

// showLayer shows what one rule says.
func (v *statusView) showLayer(l consent.Layer) {
	out := v.stdout
	style := term.Quiet
	switch l.Answer {
	case consent.On:
		style = term.Good
	case consent.Off:
		style = term.Warn
	}
	verdict := out.Style(style, fmt.Sprintf("%-6s", l.Answer))
	detail := out.Wrap(l.Detail, 28)
	fmt.Fprintln(out.Writer, strings.TrimRight(fmt.Sprintf("  %-16s  %s  %s", string(l.Rule), verdict, detail), " "))
}

// nextStep says what the person can do.
func (v *statusView) nextStep(s *toolStatus) {
	switch {
	case s.problem != nil, len(s.todo) > 0:
	case s.SentBy == sentByUnknown:
		if near := v.tools.suggestion(s.Tool.String()); near != "" {
			v.hint("%s", strings.TrimPrefix(near, "; "))
		}
		v.hint("%s", findTool)
	case s.SentBy == sentByTool && s.Telemetry == "unknown" && len(s.Own.Do) > 0:
		for _, do := range s.Own.Do {
			v.hint("usagectl cannot see whether it does as you decided; to be sure, %s", do)
		}
	case s.on, s.SentBy == sentByTool && s.Telemetry == "unknown":
		v.hint("turn it off with \"usagectl disable %s\"", s.Tool)
	case s.Reason.Rule == consent.Undecided, s.Reason.Rule == consent.Notice:
		v.hint("see what it would send with \"usagectl inspect %s\", then decide: \"usagectl enable %s\" or \"usagectl disable %s\"", s.Tool, s.Tool, s.Tool)
	}
}

// renewal is the command with which the person agrees to what is new, at the level to
// which they agreed.
func (s *toolStatus) renewal() string { return agreeAgain(s.Tool, s.Level) }

// agreeAgain is the command with which a person agrees to a tool at the level to which they
// agreed before; 0 if they did not.
func agreeAgain(id manifest.ID, level int) string {
	command := "usagectl enable " + id.String()
	if level > 1 {
		command += fmt.Sprintf(" --level %d", level)
	}
	return command
}
