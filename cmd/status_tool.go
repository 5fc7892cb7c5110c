package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender"
)

// showTool shows everything about one tool.
func (a *app) showTool(s toolStatus) {
	out := a.Stdout
	row := func(name, format string, args ...any) {
		out.Printf("  %-12s %s\n", name, out.Wrap(fmt.Sprintf(format, args...), 15))
	}
	cell := s.cell()
	out.Printf("%s: telemetry is %s\n", out.Style(term.Strong, s.Name), out.Style(cell.Style, cell.Text))
	row("Why", "%s", s.Reason.Detail)
	if s.Reason.Rule == ruleOwn {
		a.showOwn(s, row)
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
		row("Source ID", "%s in %s", id, a.tilde(s.SourcePath))
	}
	row("Queued", "%d, rejected %d, dropped %d", s.Queued, s.Rejected, s.Dropped)
	row("Last sent", "%s", ago(s.lastSent(), a.Now()))
	if s.backoff.Running(a.Now()) {
		row("Waiting", "until %s (failed attempts: %d): %s", utc(s.backoff.NotBefore), s.backoff.Failures, cmp.Or(s.backoff.Error, "the answer was forgotten with the source ID"))
	}
	if len(s.NewFields)+len(s.NewEvents) > 0 {
		row("New", "not sent, because it was not there when you agreed: %s", strings.Join(append(slices.Clone(s.NewEvents), s.NewFields...), ", "))
	}
	if s.Own != nil && len(s.Own.Seen) > 0 {
		row("By itself", "%s: %s", s.Own.Telemetry, s.Own.Because)
	}
	for _, d := range s.unerased {
		row("Forgetting", "not all could be removed: %s", cmp.Or(d.Backoff.Error, "it is being worked at"))
	}
	a.showRequests(s)
	out.Printf("\n%s\n", out.Style(term.Strong, "What each rule says"))
	for _, l := range s.Layers {
		a.showLayer(l)
	}
	a.apart = true
	a.showDisagreements([]toolStatus{s})
	a.nextStep(s)
}

// showOwn shows a tool that does not ask usagectl.
func (a *app) showOwn(s toolStatus, row func(name, format string, args ...any)) {
	t, _ := catalogue.Find(s.Tool.String())
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
	a.apart = true
	a.showDisagreements([]toolStatus{s})
}

// showRequests shows the deletion requests of one tool, and what the person can do.
func (a *app) showRequests(s toolStatus) {
	out := a.Stdout
	if len(s.Deletions) > 0 {
		out.Printf("\n%s\n", out.Style(term.Strong, "Deletion requests"))
	}
	for _, d := range s.Deletions {
		cell := d.cell()
		out.Printf("  %s, requested %s\n", out.Style(cell.Style, cell.Text), ago(d.RequestedAt, a.Now()))
		item := func(name, format string, args ...any) {
			out.Printf("    %-9s %s\n", name, out.Wrap(fmt.Sprintf(format, args...), 14))
		}
		item("Request", "%s", d.RequestID)
		if d.To != "" {
			item("To", "%s", d.To)
		}
		if d.SettledAt != nil {
			item("Settled", "%s", ago(*d.SettledAt, a.Now()))
		}
		if d.Answer != "" {
			item("Answer", "%s", d.Answer)
		}
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

func (a *app) showLayer(l consent.Layer) {
	out := a.Stdout
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
func (a *app) nextStep(s toolStatus) {
	switch {
	case s.Manifest == "none" && s.Reason.Rule == consent.Undecided:
		a.hint("no tool of that name is known%s", a.suggestion(s.Tool.String()))
		a.hint("%s", findTool)
	case s.on:
		a.hint("turn it off with \"usagectl disable %s\"", s.Tool)
	case s.Reason.Rule == consent.Undecided, s.Reason.Rule == consent.Notice:
		a.hint("see what it would send with \"usagectl inspect %s\", then decide: \"usagectl enable %s\" or \"usagectl disable %s\"", s.Tool, s.Tool, s.Tool)
	case s.Reason.Rule == consent.EndpointChanged:
		a.hint("agree to the new endpoint with \"usagectl enable %s\", or refuse with \"usagectl disable %s\"", s.Tool, s.Tool)
	case s.Reason.Rule == consent.Unreadable:
		a.hint("look at the file; decide anew with \"usagectl disable --replace %s\"", s.Tool)
	}
}
