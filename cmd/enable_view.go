package cmd

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// showEnabled says what will now be sent, where to, and how to undo it.
func showEnabled(a *app, t tool, level int, file string) {
	u := a.ui
	out, m := u.stdout, t.manifest
	terms := consent.Offer(m, level)
	out.Printf("You agreed to the telemetry of %s%s.\n", out.Style(term.Strong, m.Tool.Name), levelName(m, level))
	showException(a, t)
	out.Printf("\n%s\n  %s\n", out.Style(term.Strong, "Why it is collected"), out.Wrap(m.Tool.Purpose, 2))
	if m.Tool.Retention != "" {
		out.Printf("  Kept: %s\n", out.Wrap(m.Tool.Retention, 8))
	}
	out.Printf("\n%s\n  %s\n", out.Style(term.Strong, "Where it goes"), secret.URL(m.Send.Endpoint))
	out.Printf("\n%s\n", out.Style(term.Strong, "What is sent"))
	events := out.Wrap(strings.Join(terms.Events, ", "), 10)
	out.Printf("  Events: %s\n", events)
	showFieldPurposes(u, m, terms)
	out.Printf("\n%s\n  usagectl disable %s\n", out.Style(term.Strong, "How to undo it"), t.id)
	u.apart = true
	u.hint("see the exact document with \"usagectl inspect %s%s\"", t.id, manifestOption(file))
}

// manifestOption is the end of a command line that is advised where a tool's manifest is in a
// file; "" if none was named. A pipe and a descriptor are gone by then, and what a shell would
// take for more than a word is not to be copied: there it names no file.
func manifestOption(file string) string {
	ordinary := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("./_-+:,@", r) || r == filepath.Separator
	}
	switch {
	case file == "":
		return ""
	case isPipe(file), strings.HasPrefix(file, "/dev/"), strings.IndexFunc(file, func(r rune) bool { return !ordinary(r) }) >= 0:
		return " --manifest FILE"
	}
	return " --manifest " + file
}

// showException says that an agreement is an exception to the person's refusal of all, and
// what that means for others.
func showException(a *app, t tool) {
	if t.facts.All.Decision.State == consent.Refused {
		a.stdout.Printf("It is an exception to your refusal of all tools, which stays.\n")
		newSurvey(a).showSpared(t.id)
	}
}

// showFieldPurposes shows why each field is collected that the terms let out.
func showFieldPurposes(u *ui, m *manifest.Manifest, terms consent.Terms) {
	width := 0
	for i := range m.Fields {
		width = max(width, min(24, len(m.Fields[i].Name)))
	}
	for i := range m.Fields {
		if f := &m.Fields[i]; terms.Withheld(f) == "" {
			purpose := u.stdout.Wrap(f.Purpose, width+4)
			u.stdout.Printf("  %s  %s\n", u.stdout.Style(term.Plain, fmt.Sprintf("%-*s", width, f.Name)), purpose)
		}
	}
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
