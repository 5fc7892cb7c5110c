package cmd

import (
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// earlier is what a shell was given by an earlier script, as far as its environment tells.
type earlier struct {
	env   func(name string) (value string, set bool)
	asked map[string]bool // variables that what is decided now asks for, also for tools that are left out this time
	only  map[string]bool // the variables that this script is about; nil for all
	all   bool            // the script refuses everything, whatever is decided, and is not taken back
}

// script is what the shell is to do: the orders, and what takes back what no decision asks
// for any more. It records what it sets. A variable that a person has set is a word of theirs
// too: a refusal changes it, an agreement does not. own are those that stay so.
func (e earlier) script(orders []catalogue.Order) (script []catalogue.Order, own []string) {
	record := shell.ReadRecord(e.env)
	for _, o := range orders {
		_, ours := record[o.Name]
		now, set := e.env(o.Name)
		switch {
		case !o.Refusal && set && !ours && (o.Unset || now != o.Value):
			own = append(own, o.Name)
			continue
		case o.Unset || e.all:
			delete(record, o.Name)
		default:
			record.Add(o.Name, o.Value, e.env)
		}
		script = append(script, o)
	}
	script = append(script, e.takeBack(record)...)
	text := record.String()
	if _, set := e.env(shell.RecordName); set || text != "" {
		script = append(script, catalogue.Order{Name: shell.RecordName, Value: text, Unset: text == ""})
	}
	slices.SortFunc(script, func(a, b catalogue.Order) int { return strings.Compare(a.Name, b.Name) })
	return script, own
}

// takeBack removes from the record what no decision asks for any more, and returns what
// undoes it. No record makes this program touch a variable that it never sets.
func (e earlier) takeBack(record shell.Record) []catalogue.Order {
	var list []catalogue.Order
	for name, s := range record {
		if e.asked[name] || e.only != nil && !e.only[name] {
			continue
		}
		delete(record, name)
		switch {
		case name != catalogue.DoNotTrackName && !catalogue.IsRead(name) && !manifest.AboutTelemetry(name):
		case s.Before != nil:
			list = append(list, catalogue.Order{Name: name, Value: *s.Before})
		default:
			list = append(list, catalogue.Order{Name: name, Unset: true})
		}
	}
	return list
}
