package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// consult says what a person might not expect, and asks them unless they said yes
// before. An error means that they do not want it.
func (c *forgetCommand) consult(ctx context.Context, plans []plan) error {
	for _, p := range plans {
		c.announce(p)
	}
	switch {
	case c.yes || len(plans) == 0 || c.agreed(ctx, plans):
		return nil
	case ctx.Err() != nil:
		return fail(exitInterrupted, errors.New("interrupted: nothing was changed"))
	}
	return fail(exitNo, errors.New("nothing was changed"))
}

// announce says, before anything is done, what a person might not expect.
func (c *forgetCommand) announce(p plan) {
	first := p.tools[0]
	if p.id == "" && p.undeclared && len(p.traces.SentTo) > 0 && !c.quiet {
		c.note("the record of what %s sent to %s is erased; no manifest says where its source ID is", first.id, strings.Join(p.traces.SentTo, ", "))
	}
	if c.quiet || p.id == "" {
		return
	}
	for _, t := range p.tools[1:] {
		c.note("%s shares the source ID of %s, and is forgotten with it", t.id, first.id)
	}
	if c.localOnly {
		return
	}
	for _, t := range p.tools {
		if t.manifest == nil {
			continue // nothing is sent
		}
		if m := t.manifest.Forget.Method; !t.verdict.On() && (m == manifest.ForgetHTTP || m == manifest.ForgetEvent) {
			c.note("the deletion request is sent though telemetry of %s is off (%s): you ask for it; \"usagectl inspect %s --forget\" shows what is in it",
				t.id, t.verdict.Reason.Detail, t.id)
		}
	}
}

// agreed shows what will happen, and asks once.
func (c *forgetCommand) agreed(ctx context.Context, plans []plan) bool {
	for _, p := range plans {
		c.showPlan(p)
	}
	c.stderr.Printf("Forget all this? [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(c.world.Stdin).ReadString('\n')
		if err != nil {
			c.stderr.Printf("\n")
			select { // Ctrl-C ends the input of some terminals too, and the signal may come a moment later
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		c.stderr.Printf("\n")
		return false
	case word := <-answer:
		return word == "y" || word == "yes"
	}
}

// showPlan says what will happen.
func (c *forgetCommand) showPlan(p plan) {
	out := c.stderr
	item := func(format string, args ...any) {
		out.Printf("  - %s\n", out.Wrap(fmt.Sprintf(format, args...), 4))
	}
	var names []string
	for _, t := range p.tools {
		names = append(names, t.name())
	}
	out.Printf("%s\n", out.Style(term.Strong, strings.Join(names, ", ")))
	switch {
	case p.id == "" && p.undeclared:
		item("no source ID is found, and no manifest says where it would be")
	case p.id == "" && p.path == "":
		item("its events carry no source ID, so nobody can be asked for anything")
	case p.id == "" && (c.localOnly || len(p.refused()) == 0):
		item("there is no source ID, so nobody can be asked for anything")
	case p.id == "":
		item("there is no source ID any more")
	default:
		item("the source ID %s is removed from %s; the next event makes a new one", p.id, tilde(c.world.Dirs.Home, p.path))
	}
	item("events that wait under it, the key of hashes, and the journal of what left are erased")
	if c.localOnly {
		return
	}
	for _, r := range p.refused() {
		item("%s, which refused the deletion request %s, is asked again", r.To, r.RequestID)
	}
	if p.id == "" {
		return
	}
	requests, _ := c.world.sender().PreviewDeletions(p.forgetting(c.localOnly)) // one that cannot be written as a message is listed too
	for _, r := range requests {
		if r.Undeclared {
			item("nobody is asked, because %s: the ID is kept for you to name", r.Answer)
			continue
		}
		switch r.Method {
		case manifest.ForgetMail:
			item("you get a message to send to %s, which asks for the deletion of what was collected", r.To)
		case manifest.ForgetNone:
			item("%s; you are told whom to write to", r.Answer)
		default:
			item("%s is asked to delete what was collected under the ID, until it acknowledges the request", r.To)
		}
	}
}
