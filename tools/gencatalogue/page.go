package main

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/usagectl/usagectl/pkg/catalogue"
)

// The page around the table.
var (
	//go:embed head.md
	head string
	//go:embed tail.md
	tail string
)

// page writes the page for people: one table of all tools.
func page(tools []catalogue.Tool) []byte {
	var b strings.Builder
	source, docs, list := count(tools, catalogue.FromSource), count(tools, catalogue.FromDocs), count(tools, catalogue.FromList)
	fmt.Fprintf(&b, head, len(tools), source, docs, list)
	b.WriteString("| tool | default | what switches it off | DO_NOT_TRACK | known from |\n|---|---|---|---|---|\n")
	for _, t := range tools {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", nameCell(t), defaultCell(t), switchCell(t), trackCell(t), levelCell(t))
	}
	b.WriteString(tail)
	return []byte(b.String())
}

func count(tools []catalogue.Tool, level catalogue.Evidence) int {
	n := 0
	for _, t := range tools {
		if t.Evidence == level {
			n++
		}
	}
	return n
}

// nameCell links to the file in which the row can be corrected.
func nameCell(t catalogue.Tool) string {
	status := ""
	if t.Status != catalogue.Active {
		status = ", **" + string(t.Status) + "**"
	}
	return fmt.Sprintf("[%s](../%s/%s.toml) %s%s", t.ID, toolsDir, t.ID, cell(t.Name), status)
}

func defaultCell(t catalogue.Tool) string {
	if t.OptIn {
		return "opt-in"
	}
	return "opt-out"
}

// switchCell is the best that is known: variables, a command, a file, and last
// what switches less than all of it.
func switchCell(t catalogue.Tool) string {
	own := func(v catalogue.Variable) bool { return v.Role == catalogue.OptOut && v.Name != "DO_NOT_TRACK" }
	for _, found := range []string{
		variables("", t, own),
		command(t),
		setting(t),
		variables("", t, having(catalogue.OptOut)),
		variables("off unless it is set: ", t, having(catalogue.OptIn)),
		variables("old releases: ", t, having(catalogue.Legacy)),
		variables("crash reports only: ", t, having(catalogue.ErrorReports)),
		variables("update check only: ", t, having(catalogue.UpdateCheck)),
	} {
		if found != "" {
			return found
		}
	}
	return "nothing known"
}

func having(role catalogue.Role) func(catalogue.Variable) bool {
	return func(v catalogue.Variable) bool { return v.Role == role }
}

// variables lists those that are wanted, with the values that switch off, after
// some words; "" if there are none.
func variables(words string, t catalogue.Tool, wanted func(catalogue.Variable) bool) string {
	var list []string
	for _, v := range t.Env {
		switch {
		case !wanted(v):
		case v.HasOff:
			list = append(list, code(v.Name+"="+v.Off))
		default:
			list = append(list, code(v.Name))
		}
	}
	if list == nil {
		return ""
	}
	return words + strings.Join(list, ", ")
}

func command(t catalogue.Tool) string {
	if t.CLI.Disable == "" {
		return ""
	}
	return code(t.CLI.Disable)
}

func setting(t catalogue.Tool) string {
	for _, s := range t.Config {
		switch {
		case s.Off == "":
		case s.Format == "file":
			return "the file " + code(s.Path)
		case s.Key == "":
			return fmt.Sprintf("%s in %s", code(s.Off), code(s.Path))
		default:
			return fmt.Sprintf("%s = %s in %s", code(s.Key), code(s.Off), code(s.Path))
		}
	}
	return ""
}

func trackCell(t catalogue.Tool) string {
	switch {
	case t.DoNotTrack == "":
		return "not known"
	case t.DoNotTrackAccepts != "":
		return t.DoNotTrack + ": " + cell(t.DoNotTrackAccepts)
	}
	return t.DoNotTrack
}

func levelCell(t catalogue.Tool) string {
	switch t.Evidence {
	case catalogue.FromSource:
		return "source"
	case catalogue.FromDocs:
		return "documentation"
	}
	return "**a list only**"
}

// cell keeps text from ending a cell of the table.
func cell(s string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(s) }

// code is text between backticks that it does not hold.
func code(s string) string {
	s = strings.ReplaceAll(s, "|", `\|`)
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}
