package catalogue

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Wish is what a person wants of one tool.
type Wish struct {
	Tool *Tool
	Off  bool // they refused; otherwise they agreed
}

// Order is one variable that makes tools obey.
type Order struct {
	Name    string
	Value   string
	Unset   bool     // the variable must not be there
	Refusal bool     // a refusal asks for it, and not only agreements
	Tools   []string // for which it is
}

// Beyond is a tool that no variable makes obey.
type Beyond struct {
	Tool *Tool
	Do   string // what does, for people
}

// Orders are what makes tools obey.
type Orders struct {
	Variables []Order // by name
	Beyond    []Beyond
	Warnings  []string // where one variable cannot be right for all its tools
}

// DoNotTrackName is the variable that is for every tool, if it obeys it
// (consoledonottrack.com).
const DoNotTrackName = "DO_NOT_TRACK"

// Obey finds out what makes tools obey. The same wishes give the same orders, in
// the same order.
//
// A refusal gets the literal that the tool itself reads as off. An agreement gets
// nothing but what the tool needs to be on at all; where the mere presence of a
// variable means off, it must not be there. DO_NOT_TRACK is set only if
// everything was refused, for other tools read it too. Where a variable is shared, a refusal
// wins over an agreement.
func Obey(wishes []Wish, everything bool) Orders {
	var o Orders
	claims := map[string][]claim{}
	if everything {
		claims[DoNotTrackName] = nil
	}
	for _, w := range wishes {
		if w.Tool == nil {
			continue // a wish about nothing
		}
		mine := w.claims(everything)
		for _, c := range mine {
			claims[c.variable.Name] = append(claims[c.variable.Name], c)
		}
		if w.Off && len(mine) == 0 && w.Tool.Status == Active && (!everything || w.Tool.DoNotTrack != "yes") {
			o.Beyond = append(o.Beyond, Beyond{w.Tool, w.Tool.otherwise()})
		}
	}
	for name, list := range claims {
		order, warning := settle(name, list)
		if order != nil {
			o.Variables = append(o.Variables, *order)
		}
		if warning != "" {
			o.Warnings = append(o.Warnings, warning)
		}
	}
	sort.Slice(o.Variables, func(i, j int) bool { return o.Variables[i].Name < o.Variables[j].Name })
	sort.Slice(o.Beyond, func(i, j int) bool { return o.Beyond[i].Tool.ID < o.Beyond[j].Tool.ID })
	slices.Sort(o.Warnings)
	return o
}

// claim is what one tool wants of a variable.
type claim struct {
	tool     *Tool
	variable *Variable
	want     want
	off      bool // the person refused the tool
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
			list = append(list, claim{w.Tool, v, want, w.Off})
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

// settle makes one order of what the tools want of a variable. A refusal wins
// over everything. The order is nil if nobody needs the variable.
func settle(name string, claims []claim) (*Order, string) {
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
	var others []string // that do not get what they want
	for _, c := range claims {
		if c.want != wanted {
			continue
		}
		order.Tools = append(order.Tools, c.tool.ID)
		order.Refusal = order.Refusal || c.off
		literals = append(literals, c.literal())
	}
	switch wanted {
	case notOff:
		return nil, ""
	case beUnset:
		order.Unset = true
	default:
		order.Value = best(claims, wanted, literals)
	}
	if name == DoNotTrackName {
		order.Value = "1" // never 0, which some take for yes, and never another word
	}
	for _, c := range claims {
		if !c.content(order) {
			others = append(others, c.tool.ID)
		}
	}
	slices.Sort(order.Tools)
	if len(others) == 0 {
		return &order, ""
	}
	slices.Sort(others)
	return &order, fmt.Sprintf("%s is shared: it is right for %s, and not for %s", name, strings.Join(order.Tools, ", "), strings.Join(others, ", "))
}

// literal is the value that a tool asks for.
func (c claim) literal() string {
	if c.want == beOn {
		return c.variable.On
	}
	return c.variable.Off
}

// content reports whether a tool gets what it wants.
func (c claim) content(o Order) bool {
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
			if c.want == wanted && c.content(Order{Value: literal}) {
				n++
			}
		}
		if n > most {
			choice, most = literal, n
		}
	}
	return choice
}

// otherwise is what switches a tool off where no variable does, for people.
func (t *Tool) otherwise() string {
	for _, v := range t.Env {
		if v.Name == DoNotTrackName && v.Role == OptOut {
			return fmt.Sprintf("it reads only %s, which other tools read too: set %s=%s when you run it", v.Name, v.Name, v.Off)
		}
	}
	if t.OptIn {
		return cmp.Or(t.Elsewhere(), "it is off unless you turn it on")
	}
	return cmp.Or(t.Elsewhere(), "nothing is known that switches it off")
}

// Elsewhere is what switches a tool off beside variables: its own command, or a
// setting in a file; "" if nothing is known.
func (t *Tool) Elsewhere() string {
	if t.CLI.Disable != "" {
		return "run " + command(t.CLI.Disable)
	}
	for _, s := range t.Config {
		switch {
		case s.Off == "":
		case s.Format == "file":
			return "make the file " + s.Path
		case s.Key != "":
			return fmt.Sprintf("set %s to %s in %s", s.name(), s.Off, s.Path)
		default:
			return fmt.Sprintf("write %s into %s", s.Off, s.Path)
		}
	}
	return ""
}

// command is a command for people, between quotes that it does not hold.
func command(text string) string {
	if strings.Contains(text, `"`) {
		return "`" + text + "`"
	}
	return `"` + text + `"`
}

// name is the setting's name as people write it in such a file.
func (s FileSwitch) name() string {
	key := strings.TrimPrefix(s.Key, "/")
	if section, name, ok := strings.Cut(key, "/"); ok && s.Format == "ini" {
		return "[" + section + "] " + name
	}
	return strings.ReplaceAll(key, "/", ".")
}
