package cmd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// showReach says, after a refusal, what else it takes for the tool to obey: a
// decision reaches only what asks usagectl. It reports whether a variable does it.
func showReach(a *app, t tool) bool {
	if t.known == nil || asksUsagectl(t.known) {
		return false
	}
	out, orders := a.stdout, a.tools.ordersFor(t.known)
	switch {
	case len(orders.Variables) > 0:
		out.Printf("%s itself obeys once %s set:\n", t.known.Name, plural(len(orders.Variables), "its variable is", "its variables are"))
	case len(orders.Beyond) > 0:
		text := fmt.Sprintf("No variable reaches %s itself, and usagectl never runs other programs or changes their files: %s", t.known.Name, a.world.places(orders.Beyond[0].Do))
		out.Printf("%s\n", out.Wrap(text, 2))
		return false
	}
	for _, v := range orders.Variables {
		out.Printf("  %s\n", a.world.order(v))
	}
	if way := t.known.Elsewhere(); way != "" {
		out.Printf("%s\n", out.Wrap("Or "+a.world.places(way)+". Usagectl never runs other programs or changes their files.", 2))
	}
	return len(orders.Variables) > 0
}

// unrecorded reports whether an error says that a refusal is not recorded, and so that
// telemetry stays on.
func unrecorded(err error) bool {
	var f *failure
	return errors.As(err, &f) && (f.code == exitCreate || f.code == exitNoPerm || f.code == exitConfig)
}

// offAnyway reports whether what usagectl sends is off though a refusal is not recorded, for
// a file that cannot be read is in the way. No tool that sends by itself reads that.
func offAnyway(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.code == exitConfig
}

// now begins a hint that turns off what is sent, in the shell of the person.
const now = "to turn off at once in this shell what "

// switchNow are hints for somebody whose refusal of tools cannot be recorded: what works at
// once, and takes no disk. A variable reaches this shell and what is started from it. What
// usagectl sends has one for all tools, which is left out if that is off as it is; what a tool
// sends itself takes that tool's own.
func (w World) switchNow(offAnyway bool, tools ...tool) []string {
	var hints []string
	if !offAnyway && slices.ContainsFunc(tools, func(t tool) bool { return t.manifest != nil || t.known == nil }) {
		hints = append(hints, now+"usagectl sends:\n"+w.order(usagectlOff()))
	}
	for _, t := range tools {
		if !t.sendsByItself() {
			continue
		}
		orders := ownSwitches(t.known)
		for _, v := range orders.Variables {
			others := ""
			if v.Name == catalogue.DoNotTrackName {
				others = ", and other tools with it"
			}
			hints = append(hints, now+t.known.Name+" sends by itself"+others+":\n"+w.order(v))
		}
		for _, b := range orders.Beyond {
			hints = append(hints, fmt.Sprintf("no variable turns off what %s sends by itself: %s", t.known.Name, w.places(b.Do)))
		}
	}
	return hints
}

// sendsByItself reports whether a tool, as far as is known, sends without usagectl.
func (t tool) sendsByItself() bool {
	return t.known != nil && t.known.Status == catalogue.Active && !asksUsagectl(t.known)
}

// usagectlOff is the order that turns off what usagectl sends.
func usagectlOff() catalogue.Order { return catalogue.Order{Name: "USAGECTL_TELEMETRY", Value: "off"} }

// ownSwitches are what turns off one tool at once: its own variables, or DO_NOT_TRACK if it
// reads only that.
func ownSwitches(t *catalogue.Tool) catalogue.Orders {
	refused := []catalogue.Wish{{Tool: t, Off: true}}
	orders := catalogue.Obey(refused, false)
	if all := catalogue.Obey(refused, true); len(orders.Variables) == 0 && len(all.Beyond) == 0 {
		return all
	}
	return orders
}

// switchAllNow is [World.switchNow] for a refusal of all tools.
func (w World) switchAllNow(offAnyway bool, except []manifest.ID) []string {
	own := w.shell()
	var hints []string
	if !offAnyway {
		hints = append(hints, now+"usagectl sends:\n"+w.order(usagectlOff()))
	}
	what := "tools send by themselves"
	if len(except) > 0 {
		what += ", the exceptions too"
	}
	line := evalLine(own.Dialect, "env --all")
	if line == "" {
		return append(hints, fmt.Sprintf(now+"%s, set what \"usagectl env --all\" prints: it has no form for %s, your shell, yet", what, own.Name))
	}
	return append(hints, now+what+":\n"+line)
}

// switchImage are hints for somebody whose refusal cannot be written into an image: an image
// has an environment as well.
func switchImage(tools ...tool) []string {
	hints := []string{"or set USAGECTL_TELEMETRY=off in the image's environment"}
	for _, t := range tools {
		if !t.sendsByItself() {
			continue
		}
		orders := ownSwitches(t.known)
		for _, v := range orders.Variables {
			if v.Unset {
				hints = append(hints, fmt.Sprintf("and for what %s sends by itself see that %s is not set there", t.known.Name, v.Name))
			} else {
				hints = append(hints, fmt.Sprintf("and for what %s sends by itself set %s=%s there", t.known.Name, v.Name, v.Value))
			}
		}
		for _, b := range orders.Beyond {
			hints = append(hints, fmt.Sprintf("no variable turns off what %s sends by itself: %s", t.known.Name, b.Do))
		}
	}
	return hints
}
