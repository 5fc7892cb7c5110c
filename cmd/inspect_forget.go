package cmd

import (
	"fmt"
	"slices"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// previewForget shows the requests that "forget" would make, and makes none.
func (c *inspectCommand) previewForget(t tool) error {
	if !t.manifest.Identity.Random {
		return fail(exitData, fmt.Errorf("%s has no source ID, so there is nothing to ask for: \"usagectl forget %s\" erases what is kept here", t.id, t.id))
	}
	p := plan{tools: []tool{t}, id: c.shownID(t)}
	if path, err := identity.Path(t.manifest.Identity, c.world.Env, c.world.Dirs.Home); err == nil {
		p.tools = append(p.tools, c.tools.sharing(t.id, path)...)
	}
	f := p.forgetting(false)
	var list []deletion
	for _, r := range c.world.sender().Requests(f) {
		if !slices.Contains(r.Tools, t.id) {
			continue
		}
		list = append(list, deletionsOf(sender.Deletion{SourceID: p.id, SHA256: sender.HashID(p.id), Requests: []sender.DeletionRequest{r}})...)
	}
	for _, d := range list {
		w := waitingDeletionOf(d)
		wire, err := c.world.sender().PreviewDeletion(p.id, d.request)
		if err != nil {
			return fail(exitData, err)
		}
		if err := c.showForgetPreview(t, w, wire); err != nil {
			return err
		}
	}
	return nil
}

// showForgetPreview shows one request, in the form that is asked for.
func (c *inspectCommand) showForgetPreview(t tool, w waitingDeletion, wire sender.Wire) error {
	sends := w.Payload != nil
	switch {
	case c.payload && sends:
		return c.printDocument(w.Payload)
	case c.wire && sends:
		return showWire(c.ui, wire)
	case c.json:
		return c.printJSON(struct {
			Schema  int                   `json:"schema"`
			Tool    manifest.ID           `json:"tool"`
			Method  manifest.ForgetMethod `json:"method"`
			To      string                `json:"to"`
			Contact string                `json:"contact"`
			Payload *jsondoc.Object       `json:"payload"`
			Mail    *sender.Mail          `json:"mail"`
		}{1, t.id, w.Method, w.To, w.Contact, w.Payload, w.Mail})
	}
	out := c.stdout
	out.Printf("%s, what \"usagectl forget %s\" asks for\n", out.Style(term.Strong, t.name()), t.id.String())
	if id := c.shownID(t); id == notMade || id == identity.Unavailable || id == identity.Invalid {
		out.Printf("  There is no source ID here now, so nobody would be asked. With one it would be:\n")
	}
	switch {
	case sends:
		out.Printf("  Where it goes: %s (%s)\n\n", w.To, string(w.Method))
		return c.printDocument(w.Payload)
	case w.Mail != nil:
		out.Printf("  Nothing is sent by itself; this is the mail that you would be given:\n")
		showMessage(c.ui, *w.Mail)
	default:
		out.Printf("  Nothing: %s.\n", w.Answer)
		if w.Contact != "" {
			out.Printf("  You can write to them yourself: %s\n", w.Contact)
		}
	}
	return nil
}
