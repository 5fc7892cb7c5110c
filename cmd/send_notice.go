package cmd

import (
	"strings"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/consent"
)

// off is the outcome without consent. An opt-out tool's notice is shown here,
// once, if a person can see it.
func (c *sendCommand) off(t tool, err error) outcome {
	out := outcome{Outcome: "off", Reason: t.verdict.Reason}
	if t.verdict.On() { // on, but not for this event
		out.Reason = consent.Reason{Rule: "event", Detail: err.Error()}
	}
	if out.Reason.Rule == consent.Notice && c.stderr.Terminal && !c.quiet && !c.dryRun {
		c.notice(t)
	}
	return out
}

// notice tells the person what an opt-out tool collects, and records that it did.
func (c *sendCommand) notice(t tool) {
	m := t.manifest
	terms := consent.Offer(m, 1)
	terms.Grant = uuid.NewString()
	path := consentPath(c.world, t.id)
	if path == "" {
		return
	}
	c.stderr.Printf("%s\n", c.stderr.Wrap(m.Tool.Name+" collects usage data: "+m.Tool.Purpose, 2))
	c.stderr.Printf("  what:   %s\n", c.stderr.Wrap(strings.Join(agreedFields(m, terms), ", "), 10))
	c.stderr.Printf("  where:  %s\n", secret.URL(m.Send.Endpoint))
	c.stderr.Printf("  say no: usagectl disable %s\n", t.id)
	c.stderr.Printf("  look:   usagectl inspect %s\n", t.id)
	c.stderr.Printf("Nothing was sent. From the next time on it will be, unless you say no.\n")
	if err := c.done("the notice is recorded", consent.Write(path, consent.NewDecision(consent.Notified, terms, c.world.Now()))); err != nil {
		c.problem("the notice could not be recorded: %v", err)
	}
}
