package cmd

import (
	"strings"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// notice tells the person what an opt-out tool collects, once, and records that it did.
func (c *sendCommand) notice(m *manifest.Manifest) error {
	c.stderr.Printf("%s\n", c.stderr.Wrap(m.Tool.Name+" collects usage data: "+m.Tool.Purpose, 2))
	c.stderr.Printf("  what:   %s\n", c.stderr.Wrap(strings.Join(agreedFields(m, consent.Offer(m, 1)), ", "), 10))
	c.stderr.Printf("  where:  %s\n", secret.URL(m.Send.Endpoint))
	c.stderr.Printf("  say no: usagectl disable %s\n", m.Tool.ID)
	c.stderr.Printf("  look:   usagectl inspect %s\n", m.Tool.ID)
	c.stderr.Printf("Nothing was sent. From the next time on it will be, unless you say no.\n")
	return c.done("the notice is recorded", c.world.decisions(false).Acknowledge(m))
}
