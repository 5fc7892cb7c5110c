package cmd

import (
	"encoding/json"
	"fmt"
	"slices"

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
	id := c.world.sender().SourceID(t.manifest)
	p := plan{tools: []tool{t}, id: id}
	if path, err := identity.Path(t.manifest.Identity, c.world.Env, c.world.Dirs.Home, c.world.WorkDir); err == nil {
		p.tools = append(p.tools, c.tools.sharing(t.id, path)...)
	}
	requests, err := c.world.sender().PreviewDeletions(p.forgetting(false))
	if err != nil {
		return fail(exitData, err)
	}
	for _, r := range requests {
		if !slices.Contains(r.Tools, t.id) {
			continue
		}
		if err := c.showForgetPreview(t, id, waitingDeletionOf(deletion{r.DeletionRequest}), r.Wire); err != nil {
			return err
		}
	}
	return nil
}

// previewForgetUndeclared is previewForget for a tool whose manifest is not here.
func (c *inspectCommand) previewForgetUndeclared(t tool) error {
	p, err := (&forgetCommand{app: c.app}).planUndeclared(t, c.tool)
	if err != nil {
		return err
	}
	if p.id == "" {
		p.id = sender.NotMade
	}
	requests, err := c.world.sender().PreviewDeletions(p.forgetting(false))
	if err != nil {
		return fail(exitData, err)
	}
	for _, r := range requests {
		if err := c.showForgetPreview(t, "", waitingDeletionOf(deletion{r.DeletionRequest}), r.Wire); err != nil {
			return err
		}
	}
	return nil
}

// showForgetPreview shows one request, in the form that is asked for.
func (c *inspectCommand) showForgetPreview(t tool, id string, w waitingDeletion, wire sender.Wire) error {
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
			Named   string                `json:"named,omitempty"`
			Method  manifest.ForgetMethod `json:"method"`
			To      string                `json:"to"`
			Contact string                `json:"contact"`
			Payload json.RawMessage       `json:"payload"`
			Mail    *sender.Mail          `json:"mail"`
		}{1, t.id, c.named, w.Method, w.To, w.Contact, w.Payload, w.Mail})
	}
	out := c.stdout
	out.Printf("%s, what \"usagectl forget %s\" asks for\n", out.Style(term.Strong, t.name()), t.id.String())
	if id == sender.NotMade || id == identity.Unavailable || id == identity.Invalid {
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
		} else {
			out.Printf("  Nobody is named to write to: you can %s\n", w.ownWay())
		}
	}
	return nil
}
