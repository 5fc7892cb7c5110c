package catalogue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// A person can refuse all tools and make exceptions. A variable that an exception obeys is
// then set for no tool that is refused only because all are: it would end the exception, and
// nobody would see that. What such a tool has beside that variable is used; where it has
// nothing, that is reported. A tool that is refused by name and has nothing else still gets
// its variable, for in doubt telemetry is off; that too is reported. Only DO_NOT_TRACK was
// never for one tool.

// Exception is a tool that is not refused although all tools are.
type Exception struct {
	ID, Name string
	Obeys    []string // the variables that can switch it off, sorted
}

// Except finds out which variables an exception obeys: those that can switch the tool
// itself, and for one with a manifest those that usagectl asks. t is nil for a tool that
// the catalogue does not know, and m for one without a manifest.
func Except(id manifest.ID, t *Tool, m *manifest.Manifest) Exception {
	e := Exception{ID: id.String(), Name: id.String()}
	if t != nil {
		e.Name = t.Name
		for _, v := range t.Env {
			if v.Role == OptOut || v.Role == OptIn {
				e.Obeys = append(e.Obeys, v.Name)
			}
		}
		if t.DoNotTrack == "yes" {
			e.Obeys = append(e.Obeys, DoNotTrackName)
		}
	}
	if m != nil {
		e.Name = m.Tool.Name
		e.Obeys = append(e.Obeys, DoNotTrackName)
		for _, r := range slices.Concat(m.Consent.Refuse, m.Consent.Grant) {
			e.Obeys = append(e.Obeys, r.Env)
		}
	}
	slices.Sort(e.Obeys)
	e.Obeys = slices.Compact(e.Obeys)
	return e
}

// Spared is a variable that is not set because exceptions obey it.
type Spared struct {
	Name   string
	For    []Exception
	Missed []*Tool // refused, by ID, that no other variable reaches
}

// obeying are the exceptions that obey a variable.
func (n needs) obeying(variable string) []Exception {
	var list []Exception
	for _, e := range n.except {
		if slices.Contains(e.Obeys, variable) {
			list = append(list, e)
		}
	}
	return list
}

// gives reports whether a claim is given up for an exception.
func (n needs) gives(c claim) bool {
	return c.Off && !n.insisted[c.variable.Name] && len(n.obeying(c.variable.Name)) > 0
}

// spared is what it means that a variable is given up.
func (n needs) spared(variable string) Spared {
	s := Spared{Name: variable, For: n.obeying(variable)}
	for _, c := range n.given[variable] {
		if n.lost[c.Tool.ID] && !c.Beside {
			s.Missed = append(s.Missed, c.Tool)
		}
	}
	slices.SortFunc(s.Missed, func(a, b *Tool) int { return strings.Compare(a.ID, b.ID) })
	return s
}

// instead is what switches a tool off if everything that it claims is given up, for people.
func (n needs) instead(t *Tool, given []claim) string {
	var variables, names []string
	for _, c := range given {
		variables = append(variables, c.variable.Name)
		for _, e := range n.obeying(c.variable.Name) {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	are, obey := "is", "obeys it too and is an exception"
	if len(variables) > 1 {
		are = "are"
	}
	if len(names) > 1 {
		obey = "obey it too and are exceptions"
	}
	first := given[0].variable
	how := fmt.Sprintf("set %s=%s", first.Name, first.Off)
	if given[0].want == beUnset {
		how = "unset " + first.Name
	}
	text := fmt.Sprintf("it reads only %s, which %s not set because %s %s: %s when you run it",
		inWords(variables), are, inWords(names), obey, how)
	if other := t.Elsewhere(); other != "" {
		text += ", or " + other
	}
	return text
}

// switchesOn is the warning about a variable that is not set although tools are off without
// it, because it would switch on others that are refused.
func (n needs) switchesOn(variable string, tools []string) *Warning {
	if len(tools) == 0 {
		return nil
	}
	var others []string
	for _, c := range n.given[variable] {
		others = append(others, c.Tool.ID)
	}
	slices.Sort(others)
	text := fmt.Sprintf("%s is not set: without it %s off, and with it %s on, though refused", variable, isAre(tools), isAre(others))
	return &Warning{variable, tools, text}
}

// isAre is a list of subjects with its verb.
func isAre(names []string) string {
	if len(names) > 1 {
		return inWords(names) + " are"
	}
	return inWords(names) + " is"
}

// inWords is a list in a sentence.
func inWords(names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}
