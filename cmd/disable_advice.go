package cmd

import (
	"fmt"
	"slices"

	"github.com/usagectl/usagectl/pkg/catalogue"
)

// showReach says, after a refusal, what else it takes for the tool to obey: a
// decision reaches only what asks usagectl. It reports whether a variable does it.
func showReach(a *app, t tool) bool {
	if t.known == nil {
		return false
	}
	out, orders := a.stdout, a.ordersFor(t.known)
	switch {
	case len(orders.Variables) > 0:
		out.Printf("%s itself obeys once %s set:\n", t.known.Name, plural(len(orders.Variables), "its variable is", "its variables are"))
	case len(orders.Beyond) > 0:
		text := fmt.Sprintf("No variable reaches %s itself, and usagectl never runs other programs or changes their files: %s", t.known.Name, orders.Beyond[0].Do)
		out.Printf("%s\n", out.Wrap(text, 2))
		return false
	}
	for _, v := range orders.Variables {
		out.Printf("  %s\n", a.world.order(v))
	}
	if way := t.known.Elsewhere(); way != "" {
		out.Printf("%s\n", out.Wrap("Or "+way+". Usagectl never runs other programs or changes their files.", 2))
	}
	return len(orders.Variables) > 0
}

// offerSwitch adds to a refusal that could not be recorded what works at once.
func (w World) offerSwitch(f *failure, t tool) *failure {
	if f.code == exitConfig { // telemetry is off as it is
		return f
	}
	switched := *f
	switched.hints = append(slices.Clone(f.hints), w.switchNow()...)
	if t.manifest == nil && t.known != nil {
		for _, v := range catalogue.Obey([]catalogue.Wish{{Tool: t.known, Off: true}}, false).Variables {
			switched.hints = append(switched.hints, fmt.Sprintf("%s reads its own variable: %s", t.known.Name, w.order(v)))
		}
	}
	return &switched
}

// switchNow is the hint for somebody whose refusal cannot be recorded: a variable takes
// no disk. It reaches this shell and what is started from it.
func (w World) switchNow() []string {
	return []string{"to turn telemetry off at once in this shell: " + w.order(catalogue.Order{Name: "USAGECTL_TELEMETRY", Value: "off"})}
}
