package catalogue

import (
	"fmt"
	"slices"
	"strings"
)

// claim is what one tool wants of a variable.
type claim struct {
	Wish
	variable *Variable
	want     want
}

type want int

const (
	beOff   want = iota // the person refused
	beOn                // the person agreed, and the tool is off without it
	beUnset             // the variable must not be there
	notOff              // any value but one that switches off
)

func (w Wish) claims(everything bool) []claim {
	var list []claim
	for i := range w.Tool.Env {
		v := &w.Tool.Env[i]
		if want, ok := w.of(v, everything); ok {
			list = append(list, claim{w, v, want})
		}
	}
	return list
}

// of is what the wish means for a variable; false if nothing.
func (w Wish) of(v *Variable, everything bool) (want, bool) {
	switch {
	case v.Role == OptIn:
		// A value like "<key>" is the person's own, to give and to take away.
		return wantOptIn(w.Off), v.HasOn && !strings.HasPrefix(v.On, "<")
	case v.Role != OptOut:
		return 0, false
	case v.Name == DoNotTrackName:
		// Nobody's agreement to one tool takes it away from the others. What reads
		// its 1 as something else has to have another variable.
		return beOff, w.Off && everything && v.Read("1", true) == Off
	case w.Off:
		return beOff, v.HasOff
	case v.Semantics == Presence:
		return beUnset, true
	case w.Tool.OptIn && v.HasOn:
		return beOn, true
	}
	return notOff, true
}

func wantOptIn(off bool) want {
	if off {
		return beUnset
	}
	return beOn
}

// needs are what tools want of variables, by the names of those.
type needs struct {
	everything bool
	except     []Exception
	kept       map[string][]claim // what counts
	given      map[string][]claim // what is given up for exceptions
	lost       map[string]bool    // tools, by ID, that have nothing else than what is given up
	insisted   map[string]bool    // variables that are not given up, for what is refused by name reads only them
}

func needsOf(everything bool, except []Exception) needs {
	n := needs{everything, except, map[string][]claim{}, map[string][]claim{}, map[string]bool{}, map[string]bool{}}
	switch {
	case n.setsDoNotTrack():
		n.kept[DoNotTrackName] = nil
	case everything:
		n.given[DoNotTrackName] = nil
	}
	return n
}

// setsDoNotTrack reports whether DO_NOT_TRACK is set.
func (n needs) setsDoNotTrack() bool { return n.everything && len(n.obeying(DoNotTrackName)) == 0 }

// add adds what a wish means for variables. If none of them makes the tool obey, the
// result is what does.
func (n needs) add(w Wish) string {
	if w.Tool == nil {
		return "" // a wish about nothing
	}
	var given []claim
	enough := false
	for _, c := range w.claims(n.everything) {
		if n.gives(c) {
			n.given[c.variable.Name] = append(n.given[c.variable.Name], c)
			given = append(given, c)
		} else {
			n.kept[c.variable.Name] = append(n.kept[c.variable.Name], c)
			enough = enough || !c.variable.Part
		}
	}
	switch {
	case !w.Off, enough, w.Tool.Status != Active:
		return ""
	case len(given) > 0:
		n.lost[w.Tool.ID] = true
		return n.instead(w.Tool, given)
	case n.setsDoNotTrack() && w.Tool.DoNotTrack == "yes":
		return ""
	}
	return w.Tool.otherwise()
}

// settle makes one order of what the tools want of a variable. A refusal wins
// over everything. The order is nil if nobody who is asked about needs the variable.
func (n needs) settle(name string) (*Order, *Warning) {
	claims := n.kept[name]
	order := Order{Name: name, Tools: []string{}, Refusal: name == DoNotTrackName}
	wanted := notOff
	if name == DoNotTrackName {
		wanted = beOff // it is there only if everything was refused
	}
	for _, want := range []want{beUnset, beOn, beOff} {
		if slices.ContainsFunc(claims, func(c claim) bool { return c.want == want }) {
			wanted = want
		}
	}
	var literals []string
	for _, c := range claims {
		if c.want != wanted {
			continue
		}
		if !c.Beside {
			order.Tools = append(order.Tools, c.Tool.ID)
		}
		order.Refusal = order.Refusal || c.Off
		literals = append(literals, c.literal())
	}
	slices.Sort(order.Tools)
	switch wanted {
	case notOff:
		return nil, nil
	case beUnset:
		order.Unset = true
	default:
		order.Value = best(claims, wanted, literals)
	}
	if name == DoNotTrackName {
		order.Value = "1" // never 0, which some take for yes, and never another word
	}
	if wanted == beOn && len(n.given[name]) > 0 {
		return nil, n.switchesOn(name, order.Tools)
	}
	warning := n.shared(order, claims, wanted)
	if len(order.Tools) == 0 && name != DoNotTrackName {
		return nil, warning
	}
	return &order, warning
}

// insist finds out what is not given up for exceptions because of a wish.
func (n needs) insist(w Wish) {
	if w.Tool == nil || !w.Off || !w.ByName {
		return
	}
	claims := w.claims(n.everything)
	if slices.ContainsFunc(claims, func(c claim) bool { return !c.variable.Part && len(n.obeying(c.variable.Name)) == 0 }) {
		return // that is enough
	}
	for _, c := range claims {
		n.insisted[c.variable.Name] = c.variable.Name != DoNotTrackName // which nobody claims for one tool
	}
}

// shared is the warning about a variable that is not right for all the tools that read it;
// nil if it is, or if none of them is asked about.
func (n needs) shared(o Order, claims []claim, wanted want) *Warning {
	asked := len(claims) == 0
	var right, named, wrong, said []string
	for _, c := range claims {
		asked = asked || !c.Beside
		said = append(said, c.Tool.ID)
		switch {
		case !c.content(&o):
			wrong = append(wrong, c.Tool.ID)
		case c.want == wanted && c.ByName:
			named = append(named, c.Tool.ID)
		case c.want == wanted:
			right = append(right, c.Tool.ID)
		}
	}
	if len(named) > 0 {
		right = named // the others alone would not have it set
	}
	for _, e := range n.obeying(o.Name) {
		if !o.Unset && !slices.Contains(said, e.ID) {
			wrong = append(wrong, e.ID)
		}
	}
	if !asked || len(wrong) == 0 {
		return nil
	}
	slices.Sort(right)
	slices.Sort(wrong)
	text := fmt.Sprintf("%s is shared: it is right for %s, and not for %s", o.Name, strings.Join(right, ", "), strings.Join(wrong, ", "))
	return &Warning{o.Name, wrong, text}
}

// literal is the value that a tool asks for.
func (c claim) literal() string {
	if c.want == beOn {
		return c.variable.On
	}
	return c.variable.Off
}

// content reports whether a tool gets what it wants.
func (c claim) content(o *Order) bool {
	got := c.variable.Read(o.Value, !o.Unset)
	switch c.want {
	case beOff:
		return got == Off
	case beOn:
		return got == On
	case beUnset:
		return o.Unset
	}
	return got != Off && got != Error
}

// best is the literal that suits the most tools which want the same; the first
// of several.
func best(claims []claim, wanted want, literals []string) string {
	choice, most := "", -1
	for _, literal := range slices.Compact(slices.Sorted(slices.Values(literals))) {
		n := 0
		for _, c := range claims {
			if c.want == wanted && c.content(&Order{Value: literal}) {
				n++
			}
		}
		if n > most {
			choice, most = literal, n
		}
	}
	return choice
}
