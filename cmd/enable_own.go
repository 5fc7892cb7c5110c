package cmd

import (
	"cmp"
	"fmt"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// agreeToOwn records that a person agrees to what a tool does by itself, of which
// the catalogue knows. Nothing is sent for it from here: it has no manifest.
func (c *enableCommand) agreeToOwn(id manifest.ID) (tool, error) {
	t := c.tools.look(id)
	if c.level != 1 {
		return t, fail(exitData, fmt.Errorf("%s has no levels", id))
	}
	if err := c.recorded(c.world.decisions(c.replace).GrantOwn(id, cmp.Or(t.known.Endpoint, t.known.Homepage))); err != nil {
		return t, err
	}
	return c.tools.judge(t), nil
}

// showAgreedToOwn says what was agreed to, and what else it takes.
func (c *enableCommand) showAgreedToOwn(t tool) {
	out, here := c.stdout, newSurvey(c.app)
	out.Printf("You agreed to the telemetry of %s. It does not ask usagectl, and nothing is sent for it from here.\n", t.known.Name)
	showException(c.app, t)
	if t.known.Data != "" {
		out.Printf("  What:  %s\n", t.known.Data)
	}
	out.Printf("  Where: %s\n", cmp.Or(t.known.Endpoint, "not known"))
	own := here.own(t.known, here.recorded.Of(t.id))
	out.Printf("  Now:   %s, %s\n", own.Telemetry, own.Because)
	if own.Recorded == string(consent.Granted) {
		for _, do := range own.Do {
			out.Printf("  To do: %s\n", do)
		}
	}
	out.Printf("Undo it with: usagectl disable %s\n", t.id)
}

// stillRefused says what refuses a tool's own telemetry though the person agreed.
func (c *enableCommand) stillRefused(t tool) {
	standing := consent.ReadRecorded(c.world.Dirs).Of(t.id)
	if standing.State != consent.Refused {
		return
	}
	if standing.Unknown {
		c.warn("whether telemetry of %s is still refused is not known, and \"usagectl env\" keeps it off: %s", t.id, standing.Why)
		return
	}
	c.warn("telemetry of %s is still refused, and \"usagectl env\" keeps it off: %s", t.id, standing.Why)
}
