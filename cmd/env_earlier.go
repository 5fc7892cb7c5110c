package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// What a script does to a variable that the person has.
//
//   - A refusal replaces a value that is no refusal by itself, and the record keeps it. One
//     that is a refusal stays: by the rules of all tools that are refused and read it.
//   - An agreement replaces and unsets nothing that is the person's.
//   - Once no decision asks for what a script changed, the person's value is put back, or the
//     variable is unset if they had none.
//
// What --all changes is not recorded, and so from then on is the person's: they asked for
// it in so many words.

// earlier is what a shell was given by an earlier script, as far as its environment tells,
// and what is decided now.
type earlier struct {
	env     func(name string) (value string, set bool)
	dialect shell.Dialect
	wishes  func() []catalogue.Wish    // about every tool, also those that are left out this time
	asked   map[string]catalogue.Order // by variable, what these ask for
	only    map[string]bool            // the variables that this script is about; nil for all
	all     bool                       // the script refuses everything, whatever is decided, and is not taken back
}

// script is what a shell is to do, and what a person should know about it.
type script struct {
	earlier
	record   shell.Record
	orders   []catalogue.Order
	notes    []string // on variables that stay as the person set them
	warnings []string // on those that cannot be put back
}

// script is what the shell is to do: the orders, and what takes back what no decision asks
// for any more. It records what it changes.
func (e earlier) script(orders []catalogue.Order) script {
	s := script{earlier: e, record: shell.ReadRecord(e.env)}
	done := map[string]bool{}
	for _, o := range orders {
		s.obey(o)
		done[o.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(s.record)) {
		if !done[name] && (e.only == nil || e.only[name]) {
			s.takeBack(name)
		}
	}
	text := s.record.String()
	if _, set := e.env(shell.RecordName); set || text != "" {
		s.orders = append(s.orders, catalogue.Order{Name: shell.RecordName, Value: text, Unset: text == ""})
	}
	slices.SortFunc(s.orders, func(a, b catalogue.Order) int { return strings.Compare(a.Name, b.Name) })
	return s
}

// obey adds what one order means in this shell.
func (s *script) obey(o catalogue.Order) {
	person := s.record.Person(o.Name, s.env)
	switch {
	case !o.Refusal && s.asked[o.Name].Refusal:
		// Another tool is refused by it, about which this script is not.
	case person == nil && o.Unset && !o.Refusal:
		s.putBack(o.Name, nil)
	case person == nil:
		s.change(o, nil)
	case o.Refusal && !catalogue.Refuses(s.wishes(), o.Name, *person):
		s.change(o, person)
	case o.Refusal:
		s.keep(o, *person, "it refuses already")
	default:
		s.keep(o, *person, "an agreement changes nothing that is yours")
	}
}

// change carries an order out, and records it.
func (s *script) change(o catalogue.Order, person *string) {
	s.orders = append(s.orders, o)
	if _, err := scriptLine(s.dialect, o); err != nil {
		return // nothing is changed
	}
	if s.all {
		delete(s.record, o.Name)
		return
	}
	setting := shell.Setting{Before: person}
	if !o.Unset {
		setting.Value = &o.Value
	}
	if !s.record.Add(o.Name, setting) {
		s.warnings = append(s.warnings, fmt.Sprintf("what you had set %s to is too long to be kept: set it again yourself once you agree", o.Name))
	}
}

// keep leaves to the person what they have, or gives it back to them. It is printed where it
// does what the order asks for, because what is printed may be kept in a file.
func (s *script) keep(o catalogue.Order, person, why string) {
	same := !o.Unset && person == o.Value
	if !same {
		s.notes = append(s.notes, fmt.Sprintf("%s is left as you set it: %s", o.Name, why))
	}
	if _, ours := s.record[o.Name]; ours {
		s.putBack(o.Name, &person)
		return
	}
	asSet := catalogue.Order{Name: o.Name, Value: person}
	if _, err := scriptLine(s.dialect, asSet); err == nil && (same || o.Refusal) {
		s.orders = append(s.orders, asSet)
	}
}

// takeBack undoes what no decision asks for any more. No record makes this program touch a
// variable that no tool known here reads, unless its name is about telemetry: the manifest
// that named it may be gone.
func (s *script) takeBack(name string) {
	setting, asked := s.record[name], s.asked[name]
	switch {
	case asked.Refusal, asked.Name != "" && !asked.Unset && setting.Value != nil && *setting.Value == asked.Value:
	case name != catalogue.DoNotTrackName && !catalogue.IsRead(name) && !manifest.AboutTelemetry(name):
		delete(s.record, name)
	default:
		s.putBack(name, setting.Before)
	}
}

// putBack gives the person what they had of a variable that a script has changed; nil if it
// was not set. What cannot be written for this shell stays recorded.
func (s *script) putBack(name string, person *string) {
	if _, ours := s.record[name]; !ours {
		return
	}
	o := catalogue.Order{Name: name, Unset: person == nil}
	if person != nil {
		o.Value = *person
	}
	if _, err := scriptLine(s.dialect, o); err != nil {
		s.warnings = append(s.warnings, fmt.Sprintf("%s is not put back: %s, which you had set it to, cannot be written for %s", name, manifest.Quote(o.Value), s.dialect))
		return
	}
	s.orders = append(s.orders, o)
	delete(s.record, name)
}
