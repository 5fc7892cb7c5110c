package cmd

import (
	"slices"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// notice tells the person what an opt-out tool collects, if they have not been told, and
// records that it did. What the manifest gained since is told as the tool was.
func (c *sendCommand) notice(m *manifest.Manifest) error {
	decisions := c.world.decisions(false)
	_, v := decisions.Ask(m.Tool.ID, m, c.world.Env, c.world.WorkDir)
	if !decisions.NoticeDue(v) {
		return nil
	}
	if v.On() {
		c.stderr.Printf("%s\n", c.stderr.Wrap(m.Tool.Name+" collects more usage data than it did when you were told. New is:", 2))
		showShortLabel(c.stderr, m, slices.Concat(v.NewEvents, v.NewFields))
	} else {
		c.stderr.Printf("%s\n", c.stderr.Wrap(m.Tool.Name+" collects usage data: "+m.Tool.Purpose, 2))
		showShortLabel(c.stderr, m, agreedFields(m, consent.Offer(m, 1)))
	}
	c.stderr.Printf("  say no: usagectl disable %s\n", m.Tool.ID)
	c.stderr.Printf("  look:   usagectl inspect %s%s\n", m.Tool.ID, manifestOption(c.manifest))
	if v.On() {
		c.stderr.Printf("Nothing of that was sent. From the next time on it will be, unless you say no.\n")
	} else {
		c.stderr.Printf("Nothing was sent. From the next time on it will be, unless you say no.\n")
	}
	return c.done("the notice is recorded", decisions.Acknowledge(m))
}
