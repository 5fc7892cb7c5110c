package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
)

// ownStatus is what the tool itself does, by its own rule, as "status --json" has
// it. It is found out without running the tool.
type ownStatus struct {
	Telemetry string   `json:"telemetry"` // on, off or unknown
	By        string   `json:"by"`        // variable, file, default, or status if it collects nothing any more
	Because   string   `json:"because"`
	Recorded  string   `json:"recorded"` // refused, granted, notified, unknown if that cannot be read, or "" if nothing is
	Agrees    *bool    `json:"agrees"`   // whether the two agree; null if that cannot be told
	Do        []string `json:"do"`       // what makes them agree, or surely would if it cannot be told
	Switch    []string `json:"switch"`   // what can switch it: variable, command, file
	Evidence  string   `json:"evidence"` // how well that is known
	Seen      []string `json:"seen"`     // what shows that the tool is here

	byVariable bool // a variable makes them agree
}

// asksUsagectl reports whether all that a tool of the catalogue sends goes through usagectl:
// what is known of it is what its built-in manifest says, as of "demo".
func asksUsagectl(t *catalogue.Tool) bool {
	return strings.HasPrefix(t.Where, "pkg/manifest/builtin/")
}

// own finds out what a tool does by itself, and whether that is what was decided.
func (s survey) own(t *catalogue.Tool, standing consent.Standing) *ownStatus {
	state := s.here.State(t)
	o := &ownStatus{
		Telemetry: "unknown", By: string(state.By), Because: s.world.places(state.Because), Recorded: string(standing.State),
		Do: []string{}, Switch: t.Ways(), Evidence: string(t.Evidence), Seen: s.here.Seen(t),
	}
	if state.Telemetry == catalogue.On || state.Telemetry == catalogue.Off {
		o.Telemetry = string(state.Telemetry)
	}
	if standing.Unknown { // so nothing can agree with it
		o.Recorded = "unknown"
		return o
	}
	refused := standing.State == consent.Refused
	switch {
	case !refused && standing.State != consent.Granted:
		return o
	case o.Telemetry != "unknown":
		agrees := refused == (state.Telemetry == catalogue.Off) || state.By == catalogue.ByStatus
		o.Agrees = &agrees
		if agrees {
			return o
		}
	}
	o.Do, o.byVariable = s.remedy(t, refused)
	return o
}

// remedy is what makes a tool do what was decided: lines for a shell, or what else
// the person can do. It reports whether variables do it.
func (s survey) remedy(t *catalogue.Tool, refused bool) (do []string, byVariable bool) {
	orders := s.orders()
	do = []string{}
	ordered := map[string]bool{}
	for _, v := range orders.Variables {
		_, set := s.world.Env(v.Name)
		if slices.Contains(v.Tools, t.ID) && (set || !v.Unset) {
			do, byVariable = append(do, s.world.order(v)), true
			ordered[v.Name] = true
		}
	}
	for _, b := range orders.Beyond {
		if b.Tool.ID == t.ID {
			do = append(do, s.world.places(b.Do))
		}
	}
	if !refused {
		do = append(do, s.toTurnOn(t, ordered)...)
	}
	for _, w := range orders.Warnings {
		if slices.Contains(w.Wrong, t.ID) {
			do = append(do, fmt.Sprintf("change %s when you run %s: %s", w.Variable, t.Name, w.Text))
		}
	}
	return do, byVariable
}

// toTurnOn is what turns on a tool beside the variables that are ordered: those by which it
// is off have to go, and if it is off without them too, something else is needed.
func (s survey) toTurnOn(t *catalogue.Tool, ordered map[string]bool) []string {
	var do []string
	hindrances, without := s.here.Hindrances(t)
	for _, name := range hindrances {
		switch {
		case ordered[name]:
		case name == catalogue.DoNotTrackName:
			do = append(do, fmt.Sprintf("unset %s when you run %s: other tools obey it too", name, t.Name))
		default:
			do = append(do, s.world.order(catalogue.Order{Name: name, Unset: true}))
		}
	}
	if way := t.WayOn(); way != "" && without.Telemetry != catalogue.On && len(ordered) == 0 {
		do = append(do, s.world.places(way))
	}
	return do
}

// sentence is what the tool does and why, in words: "on by default".
func (o *ownStatus) sentence() string {
	if strings.HasPrefix(o.Because, o.Telemetry+" ") {
		return o.Because
	}
	return o.Telemetry + ": " + o.Because
}

// disagrees reports whether the tool does not do what was decided, or may not and a variable
// would settle it. That counts though the tool is not seen: it may be where nobody looks, as
// in a virtual environment.
func (o *ownStatus) disagrees() bool {
	switch {
	case o == nil:
		return false
	case o.Agrees == nil:
		return o.Recorded == string(consent.Refused) && o.byVariable
	}
	return !*o.Agrees
}
