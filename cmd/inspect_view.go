package cmd

import (
	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// preview is what would be sent for one event.
type preview struct {
	tool    tool
	event   manifest.Event
	would   bool
	reason  consent.Reason
	terms   consent.Terms
	payload sender.Payload
	wire    sender.Wire
	// problems are the caller's mistakes. A required field that is not set is
	// none here: people look at an event before they have values for it.
	problems []string
}

// fieldView is one field as "inspect --json" has it.
type fieldView struct {
	Name     string `json:"name"`
	Key      string `json:"key"`
	Value    any    `json:"value"`
	Level    int    `json:"level"`
	Purpose  string `json:"purpose"`
	Withheld string `json:"withheld"`
}

// fields are the fields of the document, and those that are left out.
func (v preview) fields() []fieldView {
	list := []fieldView{}
	for _, f := range v.payload.Fields {
		list = append(list, fieldView{f.Field.Name, f.Field.Key.String(), f.Value, f.Field.Level, f.Field.Purpose, f.Withheld})
	}
	return list
}

// json is what "inspect --json" prints.
func (v preview) json() any {
	m := v.tool.manifest
	return struct {
		Schema    int             `json:"schema"`
		Tool      manifest.ID     `json:"tool"`
		Event     string          `json:"event"`
		WouldSend bool            `json:"would_send"`
		Reason    consent.Reason  `json:"reason"`
		Transport string          `json:"transport"`
		Endpoint  string          `json:"endpoint"`
		Payload   *jsondoc.Object `json:"payload"`
		Fields    []fieldView     `json:"fields"`
	}{
		1, v.tool.id, v.event.Name, v.would, v.reason,
		string(m.Send.Transport), secret.URL(m.Send.Endpoint), v.payload.Document(), v.fields(),
	}
}

// show shows the preview, in the form that is asked for.
func (v preview) show(c *inspectCommand) error {
	switch {
	case c.payload:
		return c.printDocument(v.payload.Document())
	case c.wire:
		return showWire(c.ui, v.wire)
	case c.json:
		return c.printJSON(v.json())
	}
	out, m := c.stdout, v.tool.manifest
	out.Printf("%s, event %s\n", out.Style(term.Strong, m.Tool.Name), out.Style(term.Strong, v.event.Name))
	answer := out.Style(term.Warn, "no")
	if v.would {
		answer = out.Style(term.Good, "yes")
	}
	why := out.Wrap(v.reason.Detail, 21)
	out.Printf("  Would be sent now: %s: %s\n", answer, why)
	out.Printf("  Where it goes:     %s (%s)\n\n", secret.URL(m.Send.Endpoint), string(m.Send.Transport))
	for _, f := range v.payload.Fields {
		showField(c.stdout, f)
	}
	out.Printf("\n%s\n", out.Style(term.Strong, "The document"))
	return c.printDocument(v.payload.Document())
}

// showField shows a field, its value and why it is collected.
func showField(out term.Stream, f sender.FieldValue) {
	value := out.Style(term.Quiet, "left out: "+f.Withheld)
	if f.Withheld == "" {
		text, err := jsondoc.Append(nil, f.Value)
		if err != nil {
			text = []byte(err.Error())
		}
		value = term.Styled(term.Clean(string(text)))
	}
	out.Printf("  %s = %s\n", out.Style(term.Strong, f.Field.Name), value)
	out.Printf("      %s\n", out.Wrap(f.Field.Purpose, 6))
}

// showWire shows what goes over the network.
func showWire(u *ui, w sender.Wire) error {
	if u.json {
		headers := &jsondoc.Object{}
		for _, h := range w.Headers {
			headers.Set(h.Name, h.Value)
		}
		body := any(w.Text)
		if doc, err := jsondoc.ParseObject([]byte(w.Text)); err == nil {
			body = doc
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
	if doc, err := jsondoc.ParseObject([]byte(w.Text)); err == nil {
		return u.printDocument(doc)
	}
	u.stdout.Printf("%s\n", w.Text)
	return nil
}
