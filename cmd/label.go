package cmd

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// What a tool collects is said in one order wherever somebody decides about it: why, what,
// where to, how long it is kept. It can be heard as well as seen: nothing depends on colour or
// on columns, and what to do about it comes last.

// showLabel says what a tool collects up to a level.
func showLabel(out term.Stream, m *manifest.Manifest, level int) {
	heading := func(text string) { out.Printf("\n%s\n", out.Style(term.Strong, text)) }
	heading("Why it is collected")
	out.Printf("  %s\n", out.Wrap(m.Tool.Purpose, 2))
	heading("What is sent")
	showLevels(out, m, level)
	heading("Where it goes")
	out.Printf("  %s\n", secret.URL(m.Send.Endpoint))
	heading("How long it is kept")
	out.Printf("  %s\n", out.Wrap(retention(m), 2))
}

// retention is how long what is collected is kept, as far as the manifest says.
func retention(m *manifest.Manifest) string {
	return cmp.Or(m.Tool.Retention, "its maker does not say")
}

// showLevels says what is sent at each level up to one, each field with why it is collected.
func showLevels(out term.Stream, m *manifest.Manifest, most int) {
	if most == 1 {
		showLevel(out, m, 1, 2)
		return
	}
	for level := 1; level <= most; level++ {
		at := fmt.Sprintf("At level %d (%s)", level, m.Consent.Levels[level-1])
		if level > 1 {
			at += ", besides"
		}
		out.Printf("  %s\n", out.Wrap(at, 2))
		showLevel(out, m, level, 4)
	}
}

// showLevel says what a level adds to the one below it.
func showLevel(out term.Stream, m *manifest.Manifest, level, indent int) {
	events := eventsAt(m, level)
	margin := strings.Repeat(" ", indent)
	if len(events) > 0 {
		out.Printf("%sEvents: %s\n", margin, out.Wrap(strings.Join(events, ", "), indent+len("Events: ")))
	}
	fields := fieldsAt(m, level)
	if len(events)+len(fields) == 0 {
		out.Printf("%snothing more\n", margin)
	}
	width := 0
	for _, f := range fields {
		width = max(width, min(24, term.Width(f.Name)))
	}
	for _, f := range fields {
		if column := indent + width + 2; out.Width-column >= narrowest {
			out.Printf("%s%s  %s\n", margin, fmt.Sprintf("%-*s", width, f.Name), out.Wrap(f.Purpose, column))
		} else {
			out.Printf("%s%s\n%s    %s\n", margin, f.Name, margin, out.Wrap(f.Purpose, indent+4))
		}
	}
}

// narrowest is how narrow a column of text can be before it is put below what it is about.
const narrowest = 30

// fieldsAt are the fields of a level.
func fieldsAt(m *manifest.Manifest, level int) []*manifest.Field {
	var list []*manifest.Field
	for i := range m.Fields {
		if m.Fields[i].Level == level {
			list = append(list, &m.Fields[i])
		}
	}
	return list
}

// showShortLabel is the label in a few lines, for somebody who is at something else. what are
// the names of what is collected.
func showShortLabel(out term.Stream, m *manifest.Manifest, what []string) {
	out.Printf("  what:   %s\n", out.Wrap(strings.Join(what, ", "), 10))
	out.Printf("  where:  %s\n", secret.URL(m.Send.Endpoint))
	out.Printf("  kept:   %s\n", out.Wrap(retention(m), 10))
}

// levelName names the level that was agreed to, if there are several.
func levelName(m *manifest.Manifest, level int) string {
	if len(m.Consent.Levels) < 2 {
		return ""
	}
	return fmt.Sprintf(" at level %d of %d (%s)", level, len(m.Consent.Levels), m.Consent.Levels[level-1])
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
