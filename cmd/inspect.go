package cmd

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/ci"
	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

type inspectOptions struct {
	callerOptions
	tool, event                 string
	level                       int
	payload, wire, queued, sent bool
	forget                      bool
}

func newInspect(a *app) *cobra.Command {
	var o inspectOptions
	c := &cobra.Command{
		Use:   "inspect TOOL [EVENT]",
		Short: "Show exactly what would be sent, and what was",
		Long: `Inspect shows the document that "send" would send, made by the same code: each field,
its value and why it is collected, and whether it would be left out. It works
when telemetry is off and without a network, and creates nothing. With --forget it
shows what "forget" would ask for.

EXIT STATUS
   0  shown
  64  a bad flag or a wrong number of arguments
  65  an unknown tool, event or field, or a value that does not fit
  78  the tool's manifest cannot be used`,
		Example: `  # What would leave, field by field, and why
  usagectl inspect demo
  usagectl inspect demo run.end --set exit_code=0
  # To the letter, as it goes over the network
  usagectl inspect stripepy call --wire
  # What did leave
  usagectl inspect demo --sent`,
		Args: words(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			o.tool = args[0]
			if len(args) == 2 {
				o.event = args[1]
			}
			return runInspect(a, o)
		},
	}
	o.addTo(c)
	flags := c.Flags()
	flags.IntVar(&o.level, "level", 0, "show what would be sent at level `N`")
	flags.BoolVar(&o.payload, "payload", false, "print the document alone")
	flags.BoolVar(&o.wire, "wire", false, "print what goes over the network")
	flags.BoolVar(&o.queued, "queued", false, "print what waits")
	flags.BoolVar(&o.sent, "sent", false, "print what left")
	flags.BoolVar(&o.forget, "forget", false, "show the deletion request that \"forget\" would make")
	exclusive(c, []string{"payload", "wire", "queued", "sent"}, []string{"forget", "queued", "sent"})
	return c
}

func runInspect(a *app, o inspectOptions) error {
	t, err := a.declared(o.tool, o.manifest)
	if err != nil {
		return err
	}
	switch {
	case o.queued:
		return a.showQueued(t)
	case o.sent:
		return a.showSent(t)
	case o.forget || t.manifest.IsDeletion(o.event):
		return a.previewForget(t, o)
	}
	v, err := a.preview(t, o)
	if err != nil {
		return err
	}
	if err := a.showPreview(v, o); err != nil {
		return err
	}
	for _, p := range v.problems {
		a.warn("%s", p)
	}
	if len(v.problems) > 0 {
		return fail(exitData, nil)
	}
	return nil
}

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

// notMade stands where a source ID would be that is made when it is needed.
const notMade = "(made when the first event is sent)"

func (a *app) preview(t tool, o inspectOptions) (preview, error) {
	v := preview{tool: t, would: t.verdict.On(), reason: t.verdict.Reason}
	if names := t.manifest.EventNames(); o.event == "" && len(names) > 0 {
		o.event = names[0]
	}
	var err error
	if v.event, err = t.event(o.event); err != nil {
		return v, fail(exitData, err)
	}
	if v.terms, err = previewTerms(t, o.level); err != nil {
		return v, err
	}
	if why := v.terms.WithheldEvent(v.event); why != "" && v.would {
		v.would, v.reason = false, consent.Reason{Rule: "event", Detail: why}
	}
	data, err := a.readData(o.data)
	if err != nil {
		v.problems = append(v.problems, fmt.Sprintf("--data: %v", err))
	}
	request, src, problems := a.callerRequest(o.callerOptions, v.event.Name, data, t, false)
	src.SourceID, src.Unmade = func() string { return a.shownID(t) }, notMade
	draft, mistakes := sender.Check(t.manifest, request)
	v.problems = append(append(v.problems, problems...), mistakesOf(mistakes, false)...)
	ready, err := draft.Preview(v.terms, src)
	v.payload = ready.Payload
	if missing := new(sender.MissingError); err != nil && (v.would || !errors.As(err, &missing)) {
		v.would, v.reason = false, consent.Reason{Rule: ruleData, Detail: err.Error()}
	}
	entry := sender.Entry{Tool: t.id, Event: v.event.Name, EventID: src.EventID, RunID: src.RunID, TakenAt: src.Now}
	if v.wire, err = a.sender().Preview(t.manifest, entry, v.payload); err != nil {
		return v, fail(exitData, err)
	}
	return v, nil
}

// previewTerms is what would be agreed to: what was, or what "enable" offers.
func previewTerms(t tool, level int) (consent.Terms, error) {
	levels := len(t.manifest.Consent.Levels)
	switch {
	case level < 0 || level > levels:
		return consent.Terms{}, fail(exitData, fmt.Errorf("%s has levels 1 to %d, not %d", t.id, levels, level))
	case level > 0:
		return consent.Offer(t.manifest, level), nil
	case t.verdict.On():
		return t.verdict.Terms(), nil
	}
	return consent.Offer(t.manifest, 1), nil
}

// shownID is the source ID as it is or would be; nothing is made.
func (a *app) shownID(t tool) string {
	path, err := identity.Path(t.manifest.Identity, a.Env, a.Dirs.Home)
	if err != nil {
		return identity.Unavailable
	}
	id, err := a.sender().SourceID(path, false)
	if errors.Is(err, identity.ErrNone) && ci.Detect(a.Env) == "" {
		return notMade
	}
	return identity.Value(id, err)
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

func (v preview) fields() []fieldView {
	list := []fieldView{}
	for _, f := range v.payload.Fields {
		list = append(list, fieldView{f.Field.Name, f.Field.Key.String(), f.Value, f.Field.Level, f.Field.Purpose, f.Withheld})
	}
	return list
}

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

func (a *app) showPreview(v preview, o inspectOptions) error {
	switch {
	case o.payload:
		return a.printDocument(v.payload.Document())
	case o.wire:
		return a.showWire(v.wire)
	case a.json:
		return a.printJSON(v.json())
	}
	out, m := a.Stdout, v.tool.manifest
	out.Printf("%s, event %s\n", out.Style(term.Strong, m.Tool.Name), out.Style(term.Strong, v.event.Name))
	answer := out.Style(term.Warn, "no")
	if v.would {
		answer = out.Style(term.Good, "yes")
	}
	why := out.Wrap(v.reason.Detail, 21)
	out.Printf("  Would be sent now: %s: %s\n", answer, why)
	out.Printf("  Where it goes:     %s (%s)\n\n", secret.URL(m.Send.Endpoint), string(m.Send.Transport))
	for _, f := range v.payload.Fields {
		a.showField(f)
	}
	out.Printf("\n%s\n", out.Style(term.Strong, "The document"))
	return a.printDocument(v.payload.Document())
}

func (a *app) showField(f sender.FieldValue) {
	out := a.Stdout
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

func (a *app) printDocument(doc *jsondoc.Object) error {
	text, err := indented(doc)
	if err == nil {
		_, err = a.Stdout.Write(text)
	}
	if err != nil {
		return fail(exitIO, err)
	}
	return nil
}

func (a *app) showWire(w sender.Wire) error {
	if a.json {
		headers := &jsondoc.Object{}
		for _, h := range w.Headers {
			headers.Set(h.Name, h.Value)
		}
		body := any(w.Text)
		if doc, err := jsondoc.ParseObject([]byte(w.Text)); err == nil {
			body = doc
		}
		return a.printJSON(struct {
			Schema  int             `json:"schema"`
			Method  string          `json:"method"`
			URL     string          `json:"url"`
			Headers *jsondoc.Object `json:"headers"`
			Body    any             `json:"body"`
		}{1, w.Method, w.URL, headers, body})
	}
	a.Stdout.Printf("%s %s\n", w.Method, w.URL)
	for _, h := range w.Headers {
		a.Stdout.Printf("%s: %s\n", h.Name, h.Value)
	}
	a.Stdout.Printf("\n")
	if doc, err := jsondoc.ParseObject([]byte(w.Text)); err == nil {
		return a.printDocument(doc)
	}
	a.Stdout.Printf("%s\n", w.Text)
	return nil
}

// showQueued prints the payloads that wait, as they would leave now.
func (a *app) showQueued(t tool) error {
	type waiting struct {
		Event   string          `json:"event"`
		EventID string          `json:"event_id"`
		TakenAt time.Time       `json:"taken_at"`
		Payload *jsondoc.Object `json:"payload"`
	}
	list := []waiting{}
	requests := a.openDeletions(t.id)
	entries, err := a.sender().Outbox(t.id).Waiting()
	if err != nil {
		return fail(exitIO, fmt.Errorf("the outbox of %s: %w", t.id, err))
	}
	for _, e := range entries {
		terms := t.verdict.Terms()
		if !t.verdict.On() { // it waits all the same, with what was agreed to when it was taken
			terms = consent.Offer(t.manifest, len(t.manifest.Consent.Levels))
		}
		p := sender.Build(t.manifest, e.Event, terms, e.Values)
		list = append(list, waiting{e.Event, e.EventID.String(), e.TakenAt.Truncate(time.Second), p.Document()})
	}
	if a.json {
		return a.printJSON(struct {
			Schema int         `json:"schema"`
			Tool   manifest.ID `json:"tool"`
			Queued []waiting   `json:"queued"`

			Deletions []waitingDeletion `json:"deletions"`
		}{1, t.id, list, requests})
	}
	if len(list)+len(requests) == 0 {
		a.Stdout.Printf("Nothing waits for %s.\n", t.id)
	}
	for _, r := range requests {
		if err := a.showWaitingDeletion(r); err != nil {
			return err
		}
	}
	for _, w := range list {
		a.Stdout.Printf("%s  %s  %s\n", utc(w.TakenAt), a.Stdout.Style(term.Strong, w.Event), w.EventID)
		if err := a.printDocument(w.Payload); err != nil {
			return err
		}
	}
	return nil
}

// showSent prints what left, from the journal.
func (a *app) showSent(t tool) error {
	records, err := a.sender().Journal(t.id).Records()
	if err != nil {
		return fail(exitIO, fmt.Errorf("journal: %w", err))
	}
	for i := range records {
		records[i].Endpoint = secret.URL(records[i].Endpoint)
	}
	if a.json {
		return a.printJSON(struct {
			Schema int             `json:"schema"`
			Tool   manifest.ID     `json:"tool"`
			Sent   []sender.Record `json:"sent"`
		}{1, t.id, append([]sender.Record{}, records...)})
	}
	if len(records) == 0 {
		a.Stdout.Printf("Nothing is recorded as sent for %s.\n", t.id)
	}
	for _, r := range records {
		a.Stdout.Printf("%s  %s  %s\n  to %s\n", utc(r.At), a.Stdout.Style(term.Strong, r.Event), r.EventID, r.Endpoint)
		if r.Note != "" {
			a.Stdout.Printf("  %s\n", r.Note)
		}
		if err := a.printDocument(r.Payload); err != nil {
			return err
		}
	}
	return nil
}
