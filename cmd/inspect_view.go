package cmd

import (
	"encoding/json"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// preview is what would be sent for one event of a tool.
type preview struct {
	sender.Preview
	tool tool
}

// json is what "inspect --json" prints.
func (v preview) json(named string) any {
	m := v.tool.manifest
	return struct {
		Schema    int             `json:"schema"`
		Tool      manifest.ID     `json:"tool"`
		Named     string          `json:"named,omitempty"`
		Event     string          `json:"event"`
		WouldSend bool            `json:"would_send"`
		Reason    consent.Reason  `json:"reason"`
		Transport string          `json:"transport"`
		Endpoint  string          `json:"endpoint"`
		Payload   json.RawMessage `json:"payload"`
		Fields    []sender.Field  `json:"fields"`
	}{
		1, v.tool.id, named, v.Event.Name, v.Would, v.Reason,
		string(m.Send.Transport), secret.URL(m.Send.Endpoint), v.Document, append([]sender.Field{}, v.Fields...),
	}
}

// show shows the preview, in the form that is asked for.
func (v preview) show(c *inspectCommand) error {
	switch {
	case c.payload:
		return c.printDocument(v.Document)
	case c.wire:
		return showWire(c.ui, v.Wire)
	case c.json:
		return c.printJSON(v.json(c.named))
	}
	out, m := c.stdout, v.tool.manifest
	out.Printf("%s, event %s\n", out.Style(term.Strong, m.Tool.Name), out.Style(term.Strong, v.Event.Name))
	answer := out.Style(term.Warn, "no")
	if v.Would {
		answer = out.Style(term.Good, "yes")
	}
	why := out.Wrap(v.Reason.Detail, 21)
	out.Printf("  Would be sent now: %s: %s\n", answer, why)
	out.Printf("  Where it goes:     %s (%s)\n\n", secret.URL(m.Send.Endpoint), string(m.Send.Transport))
	for _, f := range v.Fields {
		showField(c.stdout, f)
	}
	out.Printf("\n%s\n", out.Style(term.Strong, "The document"))
	return c.printDocument(v.Document)
}

// showField shows a field, its value and why it is collected.
func showField(out term.Stream, f sender.Field) {
	value := out.Style(term.Quiet, "left out: "+f.Withheld)
	if f.Withheld == "" {
		value = term.Styled(term.Clean(string(f.Value)))
	}
	out.Printf("  %s = %s\n", out.Style(term.Strong, f.Name), value)
	out.Printf("      %s\n", out.Wrap(f.Purpose, 6))
}

// showWire shows what goes over the network.
func showWire(u *ui, w sender.Wire) error {
	if u.json {
		headers := &jsondoc.Object{}
		for _, h := range w.Headers {
			headers.Set(h.Name, h.Value)
		}
		body := any(w.Text)
		if _, err := jsondoc.ParseObject([]byte(w.Text)); err == nil {
			body = json.RawMessage(w.Text)
		}
		return u.printJSON(struct {
			Schema  int             `json:"schema"`
			Method  string          `json:"method"`
			URL     string          `json:"url"`
			Headers *jsondoc.Object `json:"headers"`
			Body    any             `json:"body"`
		}{1, w.Method, w.URL, headers, body})
	}
	u.stdout.Printf("%s %s\n", w.Method, w.URL)
	for _, h := range w.Headers {
		u.stdout.Printf("%s: %s\n", h.Name, h.Value)
	}
	u.stdout.Printf("\n")
	if _, err := jsondoc.ParseObject([]byte(w.Text)); err == nil {
		return u.printDocument([]byte(w.Text))
	}
	u.stdout.Printf("%s\n", w.Text)
	return nil
}
