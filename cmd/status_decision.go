package cmd

import (
	"slices"
	"time"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
)

// decision is what was decided about a tool, whatever the environment and the tool do,
// as "status --json" has it.
type decision struct {
	State     string     `json:"state"`     // granted, refused, notified, undecided, or unknown if a file cannot be relied on
	Scope     string     `json:"scope"`     // tool or all: what the person's word is about; "" if they said nothing
	At        *time.Time `json:"at"`        // null if that is not known
	Exception bool       `json:"exception"` // the person refused all tools but this one
	Machine   bool       `json:"machine"`   // it is refused for everybody on this machine
	Detail    string     `json:"detail"`    // for people

	Spared []sparedVariable `json:"spared"` // what "env" leaves out for the exception
}

// sparedVariable is a variable that "env" leaves out because an exception obeys it.
type sparedVariable struct {
	Variable string   `json:"variable"`
	Missed   []string `json:"missed"` // the refused tools that no other variable reaches

	text string // for people
}

const undecided = "undecided"

// decisionOn finds out what was decided about a tool, from what the rules say of it: one
// place knows which of several words counts.
func decisionOn(t *tool) decision {
	said := func(rule consent.Rule) string { return says(t.verdict.Layers, rule) }
	own, all := &t.facts.Tool.Decision, &t.facts.All.Decision
	d := decision{State: undecided, Machine: said(consent.System) != "", Spared: []sparedVariable{}}
	switch {
	case said(consent.User) != "" && own.State == consent.Refused:
		d.decided(own, "tool", said(consent.User))
	case said(consent.User) != "":
		d.decided(all, "all", said(consent.User))
	case said(consent.Unreadable) != "":
		d.State, d.Detail = "unknown", said(consent.Unreadable)
	case own.State == consent.Granted:
		d.decided(own, "tool", said(consent.ByGrant))
	case own.State == consent.Notified:
		d.decided(own, "", said(consent.ByNotice))
	}
	d.Exception = all.State == consent.Refused && d.State != string(consent.Refused)
	return d
}

// says is what one rule says, for people; "" if it is silent.
func says(layers []consent.Layer, rule consent.Rule) string {
	i := slices.IndexFunc(layers, func(l consent.Layer) bool { return l.Rule == rule && l.Answer != consent.Silent })
	if i < 0 {
		return ""
	}
	return layers[i].Detail
}

func (d *decision) decided(by *consent.Decision, scope, detail string) {
	d.State, d.Scope, d.Detail = string(by.State), scope, detail
	if !by.At.IsZero() {
		d.At = &by.At
	}
}

// cell is what the person said, for a table.
func (d decision) cell() term.Cell {
	switch {
	case d.State == string(consent.Refused) && d.Scope == "all":
		return term.Cell{Text: "no to all"}
	case d.State == string(consent.Refused):
		return term.Cell{Text: "no"}
	case d.State == string(consent.Granted) && d.Exception:
		return term.Cell{Text: "yes, excepted"}
	case d.State == string(consent.Granted):
		return term.Cell{Text: "yes"}
	case d.State == "unknown":
		return term.Cell{Text: "unknown", Style: term.Warn}
	case d.Exception:
		return term.Cell{Text: "excepted"}
	}
	return term.Cell{Text: term.None, Style: term.Quiet}
}

// sentence is what was decided, for the page about one tool.
func (d decision) sentence() string {
	text := ""
	switch {
	case d.State == string(consent.Refused) && d.Scope == "all":
		text = "no to all tools" + d.dated()
	case d.State == string(consent.Refused):
		text = "no" + d.dated()
	case d.State == string(consent.Granted):
		text = "yes" + d.dated()
	case d.State == string(consent.Notified):
		text = "nothing; its notice was shown" + d.dated()
	case d.State == "unknown":
		text = "unknown: " + d.Detail
	default:
		text = "nothing yet"
	}
	if d.Exception {
		text += "; you refused all tools, with this one as an exception"
	}
	if d.Machine {
		text += "; it is refused for everybody on this machine"
	}
	return text
}

func (d decision) dated() string {
	if d.At == nil {
		return ""
	}
	return " on " + d.At.Format(time.DateOnly)
}
