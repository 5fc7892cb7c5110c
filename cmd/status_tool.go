package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender"
)

// showTool shows everything about one tool.
func (v *statusView) showTool(s toolStatus) {
	out := v.stdout
	row := func(name, format string, args ...any) {
		out.Printf("  %-12s %s\n", name, out.Wrap(fmt.Sprintf(format, args...), 15))
	}
	cell := s.cell()
	out.Printf("%s: telemetry is %s\n", out.Style(term.Strong, s.Name), out.Style(cell.Style, cell.Text))
	if s.Named != "" {
		row("Tool", "%s", meaning(reference{id: s.Tool, alias: s.Named}))
	}
	row("Why", "%s", s.Reason.Detail)
	if s.Reason.Rule == ruleOwn {
		v.showOwn(s, row)
		return
	}
	if s.Manifest != "none" {
		row("Goes to", "%s", s.Endpoint)
		row("Default", "%s", s.Default)
		row("Manifest", "%s", s.Manifest)
	}
	if s.on && s.Levels > 1 {
		row("Level", "%d of %d", s.Level, s.Levels)
	}
	if s.SourcePath != "" {
		id := "none yet"
		if s.SourceID != nil {
			id = *s.SourceID
		} else if s.badSource {
			id = "none that can be read"
		}
		row("Source ID", "%s in %s", id, tilde(v.home, s.SourcePath))
	}
	row("Queued", "%d, rejected %d, dropped %d%s", s.Queued, s.Rejected, s.Dropped, s.whyDropped())
	row("Last sent", "%s", s.lastAttempt(v.now))
	if d := s.delivery; !d.NotBefore.IsZero() {
		row("Waiting", "until %s (failed attempts: %d): %s", utc(d.NotBefore), d.Failures, cmp.Or(d.Failure, "the answer was forgotten with the source ID"))
	}
	if len(s.NewFields)+len(s.NewEvents) > 0 {
		row("New", "not sent, because it was not there when you agreed: %s; to agree to it: %s", strings.Join(append(slices.Clone(s.NewEvents), s.NewFields...), ", "), s.renewal())
	}
	if s.Own != nil && len(s.Own.Seen) > 0 {
		row("By itself", "%s: %s", s.Own.Telemetry, s.Own.Because)
	}
	for _, why := range s.unerased {
		row("Forgetting", "not all could be removed: %s", why)
	}
	v.showRequests(s)
	if s.Reason.Rule != ruleUnknown { // of nobody's tool no rule says anything
		out.Printf("\n%s\n", out.Style(term.Strong, "What each rule says"))
		for _, l := range s.Layers {
			v.showLayer(l)
		}
	}
	v.apart = true
	v.showDisagreements([]toolStatus{s})
	v.nextStep(s)
}

// showOwn shows a tool that does not ask usagectl.
func (v *statusView) showOwn(s toolStatus, row func(name, format string, args ...any)) {
	t := s.known
	recorded := "nothing is decided here"
	if standing := s.Own.Recorded; standing != "" {
		recorded = standing
	}
	row("Decided", "%s", recorded)
	for _, do := range s.Own.Do {
		row("To do", "%s", do)
	}
	row("Default", "%s", s.Default)
	row("Goes to", "%s", cmp.Or(s.Endpoint, "not known"))
	if t.Data != "" {
		row("What", "%s", t.Data)
	}
	row("Switch", "%s", cmp.Or(strings.Join(s.Own.Switch, ", "), "none is known"))
	row("Seen here", "%s", cmp.Or(strings.Join(s.Own.Seen, ", "), "no"))
	if t.IDFile != "" {
		row("ID", "%s", t.IDFile)
	}
	if t.Deletion != "" {
		row("Deletion", "%s", t.Deletion)
	}
	if t.Notes != "" {
		row("Notes", "%s", t.Notes)
	}
	row("Facts from", "%s: %s", evidence(s.Own.Evidence), t.Where)
	v.apart = true
	v.showDisagreements([]toolStatus{s})
}

// showRequests shows the deletion requests of one tool, and what the person can do.
func (v *statusView) showRequests(s toolStatus) {
	out := v.stdout
	if len(s.Deletions) > 0 {
		out.Printf("\n%s\n", out.Style(term.Strong, "Deletion requests"))
	}
	for _, d := range s.Deletions {
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
		switch d.State {
		case sender.ByMail:
			item("To do", "send the message that \"usagectl inspect %s --queued\" shows, then \"usagectl forget --confirm %s\"", s.Tool, d.RequestID)
		case sender.Failed:
			item("To do", "write to %s and name the source ID, then \"usagectl forget --confirm %s\"", cmp.Or(d.Contact, "whoever makes it"), d.RequestID)
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
func (v *statusView) nextStep(s toolStatus) {
	switch {
	case s.Reason.Rule == ruleUnknown:
		if near := v.tools.suggestion(s.Tool.String()); near != "" {
			v.hint("%s", strings.TrimPrefix(near, "; "))
		}
		v.hint("%s", findTool)
	case s.on:
		v.hint("turn it off with \"usagectl disable %s\"", s.Tool)
	case s.Reason.Rule == consent.Undecided, s.Reason.Rule == consent.Notice:
		v.hint("see what it would send with \"usagectl inspect %s\", then decide: \"usagectl enable %s\" or \"usagectl disable %s\"", s.Tool, s.Tool, s.Tool)
	case s.Reason.Rule == consent.EndpointChanged:
		v.hint("agree to the new endpoint with \"usagectl enable %s\", or refuse with \"usagectl disable %s\"", s.Tool, s.Tool)
	case s.Reason.Rule == consent.Unreadable:
		v.hint("look at the file; decide anew with \"usagectl disable --replace %s\"", s.Tool)
	}
}

// renewal is the command with which the person agrees to what is new, at the level to
// which they agreed.
func (s toolStatus) renewal() string {
	command := "usagectl enable " + s.Tool.String()
	if s.Level > 1 {
		command += fmt.Sprintf(" --level %d", s.Level)
	}
	return command
}
