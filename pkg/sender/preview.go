package sender

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/ci"
	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Preview is what would be sent for one event, made by the code that sends it.
type Preview struct {
	Event    manifest.Event
	Would    bool           // it would be sent now
	Reason   consent.Reason // why, or why not
	Fields   []Field        // every field of the event, in the order of the manifest
	Document json.RawMessage
	Wire     Wire
	// Problems are the caller's mistakes. A required field that is not set is among them,
	// with Missing set.
	Problems []Problem
}

// Field is what became of one field.
type Field struct {
	Name     string          `json:"name"`
	Key      string          `json:"key"`   // where it is in the document, as a JSON pointer
	Value    json.RawMessage `json:"value"` // null if it is left out
	Level    int             `json:"level"`
	Purpose  string          `json:"purpose"`
	Withheld string          `json:"withheld"` // why it is left out, or ""
}

// Wire is what goes out on the network, or to the file, for people to read, without
// what is secret in it.
type Wire struct {
	Method  string // "POST"; "UDP" and "APPEND" where there is no method
	URL     string
	Headers []manifest.Header
	Body    []byte // as it is sent
	Text    string // the body, readable: of OTLP, decoded to JSON
}

func wireOf(w transport.Wire) Wire { return Wire(w.Masked()) }

// NotMade stands where a source ID or a hash would be that is made when it is needed.
const NotMade = "(made when the first event is sent)"

// Preview shows what [Sender.Take] would send of an event: at a level, or, if that is 0,
// at the one that was agreed to or else would be. It works when telemetry is off, sends
// nothing and makes nothing. An empty e.Name stands for the manifest's first event. The
// errors are a [*consent.LevelError], an [*EventError] and those of finding the manifest.
func (s Sender) Preview(e Event, level int) (Preview, error) {
	m, err := s.manifestOfEvent(e)
	if err != nil {
		return Preview{}, err
	}
	if names := m.EventNames(); e.Name == "" && len(names) > 0 {
		e.Name = names[0]
	}
	var p Preview
	if p.Event, err = FindEvent(m, e.Name); err != nil {
		return p, err
	}
	v := s.verdict(m, s.workDir)
	terms, err := previewTerms(m, v, level)
	if err != nil {
		return p, err
	}
	draft, problems, err := draft(m, e)
	if err != nil {
		return p, err
	}
	p.Would, p.Reason, p.Problems = v.On(), v.Reason, problems
	src := s.unmade(s.sources(m, e, s.Now(), false), m)
	ready, err := draft.Preview(terms, src)
	why := terms.WithheldEvent(p.Event)
	switch {
	case errors.Is(err, payload.ErrTooLarge), err != nil && p.Would && why == "":
		p.Would, p.Reason = false, consent.Reason{Rule: RuleData, Detail: err.Error()}
	case p.Would && why != "":
		p.Would, p.Reason = false, consent.Reason{Rule: RuleEvent, Detail: why}
	}
	return s.shown(p, m, src, ready.Payload)
}

// unmade are the sources of an event that is not sent: what would be made for it shows
// as such.
func (s Sender) unmade(src payload.Sources, m *manifest.Manifest) payload.Sources {
	src.SourceID, src.Unmade = func() string { return s.SourceID(m) }, NotMade
	return src
}

// shown adds to a preview what would be sent.
func (s Sender) shown(p Preview, m *manifest.Manifest, src payload.Sources, built payload.Payload) (Preview, error) {
	var err error
	if p.Document, err = jsondoc.Append(nil, built.Document()); err != nil {
		return p, err
	}
	for _, f := range built.Fields {
		value, err := jsondoc.Append(nil, f.Value)
		if err != nil {
			return p, err
		}
		p.Fields = append(p.Fields, Field{f.Field.Name, f.Field.Key.String(), value, f.Field.Level, f.Field.Purpose, f.Withheld})
	}
	entry := outbox.Entry{Tool: m.Tool.ID, Event: p.Event.Name, EventID: src.EventID, RunID: src.RunID, TakenAt: src.Now}
	w, err := transportOf(s.transportConfig(), m).Wire([]transport.Message{messageOf(m, entry, built)})
	p.Wire = wireOf(w)
	return p, err
}

// previewTerms is what would be agreed to: what was, or what "enable" offers.
func previewTerms(m *manifest.Manifest, v consent.Verdict, level int) (consent.Terms, error) {
	levels := len(m.Consent.Levels)
	switch {
	case level < 0 || level > levels:
		return consent.Terms{}, &consent.LevelError{Tool: m.Tool.ID, Level: level, Levels: levels}
	case level > 0:
		return consent.Offer(m, level), nil
	case v.On():
		return v.Terms(), nil
	}
	return consent.Offer(m, 1), nil
}

// SourceID is a tool's source ID as it is or would be: [NotMade],
// [identity.Unavailable] or [identity.Invalid] if there is none. Nothing is made.
func (s Sender) SourceID(m *manifest.Manifest) string {
	path, err := identity.Path(m.Identity, s.lookup, s.dirs().Home, s.workDir)
	if err != nil {
		return identity.Unavailable
	}
	id, err := s.sourceID(path, false)
	if errors.Is(err, identity.ErrNone) && ci.Detect(s.lookup) == "" {
		return NotMade
	}
	return identity.Value(id, err)
}

// QueuedEvent is an event in the outbox, with what would be sent now.
type QueuedEvent struct {
	Event   string          `json:"event"`
	EventID uuid.UUID       `json:"event_id"`
	TakenAt time.Time       `json:"taken_at"`
	Payload json.RawMessage `json:"payload"` // null if no manifest says what is sent
	Values  json.RawMessage `json:"values"`  // by field name, if that is so; else null
}

// QueuedEvents lists a tool's queued events, the oldest first, as they would be sent now;
// if telemetry is off, as they would have been under all that the manifest offers. The
// list is nil only with an error, which means that there may be more.
func (s Sender) QueuedEvents(m *manifest.Manifest) ([]QueuedEvent, error) {
	if s.state() == "" {
		return nil, s.noState()
	}
	list := []QueuedEvent{}
	entries, err := s.outbox(m.Tool.ID).Entries()
	if err != nil {
		return nil, err
	}
	terms := consent.Offer(m, len(m.Consent.Levels))
	if v := s.verdict(m, s.workDir); v.On() {
		terms = v.Terms()
	}
	for _, e := range entries {
		document, err := jsondoc.Append(nil, payload.Build(m, e.Event, terms, e.Values).Document())
		if err != nil {
			return nil, err
		}
		list = append(list, QueuedEvent{Event: e.Event, EventID: e.EventID, TakenAt: e.TakenAt.Truncate(time.Second), Payload: document})
	}
	return list, nil
}

// UndeclaredEvents is [Sender.QueuedEvents] for a tool whose manifest is not here: it shows the
// values that were collected.
func (s Sender) UndeclaredEvents(tool manifest.ID) ([]QueuedEvent, error) {
	if s.state() == "" {
		return nil, s.noState()
	}
	list := []QueuedEvent{}
	entries, err := s.outbox(tool).Entries()
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		values, err := jsondoc.Append(nil, e.Values)
		if err != nil {
			return nil, err
		}
		list = append(list, QueuedEvent{Event: e.Event, EventID: e.EventID, TakenAt: e.TakenAt.Truncate(time.Second), Values: values})
	}
	return list, nil
}
