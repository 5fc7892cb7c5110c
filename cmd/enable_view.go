package cmd

import (
	"path/filepath"
	"strings"
	"unicode"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
)

// showEnabled says what will now be sent, where to, and how to undo it.
func showEnabled(a *app, t tool, level int, file string) {
	u := a.ui
	out, m := u.stdout, t.manifest
	out.Printf("You agreed to the telemetry of %s%s.\n", out.Style(term.Strong, m.Tool.Name), levelName(m, level))
	showException(a, t)
	showLabel(out, m, level)
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
