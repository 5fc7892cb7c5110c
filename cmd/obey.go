package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// decisions are what is decided about tools that read only their own variables.
type decisions struct {
	all      bool // as if all were refused
	recorded consent.Recorded
	image    *consent.Recorded // of the image that the variables are for; nil if they are for here
	except   []catalogue.Exception
}

// newDecisions takes decisions together. The exceptions to a refusal of all are looked up
// once, for what they obey stands in manifests too.
func newDecisions(r resolver, all bool, recorded consent.Recorded, image *consent.Recorded) decisions {
	d := decisions{all: all, recorded: recorded, image: image}
	for _, id := range d.excepted() {
		m, err := r.library.Find(id)
		if err != nil {
			m = nil // what it obeys is not known: until it is mended nothing is sent for it
		}
		d.except = append(d.except, catalogue.Except(id, knownAs(id), m))
	}
	return d
}

// of is what is decided about a tool. In an image anybody's refusal counts, and nobody's
// agreement: others will use it.
func (d decisions) of(id manifest.ID) consent.State {
	state := d.recorded.Of(id).State
	switch {
	case d.all || state == consent.Refused:
		return consent.Refused
	case d.image == nil:
		return state
	case d.image.Of(id).State == consent.Refused:
		return consent.Refused
	}
	return ""
}

// everything reports whether all tools are refused, known or not, but for the exceptions.
func (d decisions) everything() bool {
	return d.all || d.recorded.AllRefused() || d.image != nil && d.image.AllRefused()
}

// excepted are the tools that are not refused although all are, sorted.
func (d decisions) excepted() []manifest.ID {
	if d.all {
		return nil
	}
	list := d.recorded.Exceptions()
	if d.image != nil {
		list = append(list, d.image.Exceptions()...)
	}
	list = slices.DeleteFunc(list, func(id manifest.ID) bool { return d.of(id) == consent.Refused })
	slices.SortFunc(list, func(a, b manifest.ID) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(list)
}

// byName reports whether a tool is refused itself, and not only because all are.
func (d decisions) byName(id manifest.ID) bool {
	return d.recorded.RefusedByName(id) || d.image != nil && d.image.RefusedByName(id)
}

// wish is what is decided about a tool; false if nothing is.
func (d decisions) wish(t *catalogue.Tool) (catalogue.Wish, bool) {
	id, err := manifest.ParseID(t.ID)
	if err != nil {
		return catalogue.Wish{}, false // no decision can be about it
	}
	switch d.of(id) {
	case consent.Refused:
		return catalogue.Wish{Tool: t, Off: true, ByName: d.byName(id)}, true
	case consent.Granted:
		return catalogue.Wish{Tool: t}, true
	}
	return catalogue.Wish{}, false
}

// wishes are what is decided about the asked tools, and about others, which are among known.
func (d decisions) wishes(asked, known []*catalogue.Tool) []catalogue.Wish {
	var wishes []catalogue.Wish
	seen := map[string]bool{}
	for i, t := range slices.Concat(asked, known) {
		if seen[t.ID] {
			continue
		}
		seen[t.ID] = true
		if w, ok := d.wish(t); ok {
			w.Beside = i >= len(asked)
			wishes = append(wishes, w)
		}
	}
	return wishes
}

// orders are the variables that make the asked tools obey, and undo nothing of what makes
// others obey, which are among known. DO_NOT_TRACK is among them only if all are asked.
func (d decisions) orders(asked, known []*catalogue.Tool, all bool) catalogue.Orders {
	return catalogue.Obey(d.wishes(asked, known), all && d.everything(), d.except...)
}

// sparedFor are the variables that "usagectl env" leaves out for an exception, and without
// which it does not reach another tool. It is never nil.
func (s survey) sparedFor(id manifest.ID) []sparedVariable {
	list := []sparedVariable{}
	for _, v := range s.spared() {
		forIt := slices.ContainsFunc(v.For, func(e catalogue.Exception) bool { return e.ID == id.String() })
		if forIt && (len(v.Missed) > 0 || v.Name == catalogue.DoNotTrackName) {
			list = append(list, withoutIt(v))
		}
	}
	return list
}

// withoutIt is what it means that a variable is left out for an exception.
func withoutIt(v catalogue.Spared) sparedVariable {
	ids, names := []string{}, []string{}
	for _, t := range v.Missed {
		ids, names = append(ids, t.ID), append(names, t.Name)
	}
	if v.Name == catalogue.DoNotTrackName { // which has more readers than anybody knows
		names = append(names, "tools that usagectl does not know")
	}
	last := len(names) - 1
	list := names[last]
	if last > 0 {
		list = strings.Join(names[:last], ", ") + " or " + list
	}
	return sparedVariable{v.Name, ids, fmt.Sprintf("\"usagectl env\" leaves out %s for it, so no variable reaches %s", v.Name, list)}
}

// showSpared says which variables are left out for a tool, and what that means.
func (s survey) showSpared(id manifest.ID) {
	for _, v := range s.sparedFor(id) {
		s.stdout.Printf("%s\n", s.stdout.Wrap(v.text+".", 2))
	}
}

// warnOfShared warns of variables that cannot be right for a tool and for others.
func (a *app) warnOfShared(t tool) {
	if t.known == nil {
		return
	}
	for _, w := range a.tools.ordersFor(t.known).Warnings {
		a.warn("%s", w.Text)
	}
}

// ordersFor are the variables that make one tool obey what is decided now.
func (r resolver) ordersFor(t *catalogue.Tool) catalogue.Orders {
	d := newDecisions(r, false, consent.ReadRecorded(r.dirs), nil)
	return d.orders([]*catalogue.Tool{t}, r.otherTools(), false)
}
