package sender

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/ci"
	"github.com/usagectl/usagectl/internal/hostfacts"
	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/process"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// FindEvent finds an event that a caller can send. The error is an [*EventError].
func FindEvent(m *manifest.Manifest, name string) (manifest.Event, error) {
	event, ok := m.Event(name)
	if !ok || m.IsDeletion(name) {
		return event, &EventError{m.Tool.ID, name, m.EventNames(), ok}
	}
	return event, nil
}

// Take takes an event: it checks what the caller says, asks for consent, collects the
// values that may be sent, and keeps them for a deliverer, which it starts; if e.Wait is
// set it delivers the event itself. Without consent nothing is collected, kept or made.
// It never fails: the result says what became of the event, and why.
func (s Sender) Take(ctx context.Context, e Event) Result {
	taken := s.Now() // before consent is asked: a refusal that comes after this counts
	m, err := s.manifestOfEvent(e)
	if err != nil {
		rule := RuleManifest
		if errors.Is(err, manifest.ErrUnknownTool) {
			rule = RuleData
		}
		return dropped(rule, err)
	}
	if err := keepable("the manifest", e.ManifestFile); err != nil {
		return dropped(RuleData, err)
	}
	if e.ManifestFile != "" && !e.DryRun {
		if e.ManifestFile, err = lasting("the manifest", e.ManifestFile); err != nil {
			return dropped(RuleManifest, err)
		}
	}
	event, err := FindEvent(m, e.Name)
	if err != nil {
		out := dropped(RuleData, errors.New("there is no such event"))
		out.Err = err
		return out
	}
	draft, problems, err := draft(m, e)
	if err != nil {
		return dropped(RuleData, err)
	}
	if s.test != nil {
		out := s.takeForTest(ctx, e, event, m, draft, taken, e.Flawed || len(problems) > 0)
		out.Problems = problems
		return out
	}
	v := s.verdict(m, s.workDir)
	permit, err := v.Permit(event)
	if err == nil {
		permit, err = permit.UpTo(e.Level, event)
	}
	if err != nil {
		out := Result{Outcome: Off, Reason: v.Reason, Problems: problems}
		if v.On() { // but not for this event
			out.Reason = consent.Reason{Rule: RuleEvent, Detail: err.Error()}
		}
		return out
	}
	out := s.take(ctx, e, m, permit, draft, taken, len(problems) > 0)
	if out.Reason == (consent.Reason{}) {
		out.Reason = v.Reason
	}
	out.Problems = problems
	return out
}

func dropped(rule consent.Rule, err error) Result {
	return Result{Outcome: Dropped, Reason: consent.Reason{Rule: rule, Detail: err.Error()}, Err: err}
}

func (s Sender) manifestOfEvent(e Event) (*manifest.Manifest, error) {
	if e.Manifest != nil {
		return e.Manifest, nil
	}
	id, err := manifest.ParseID(e.Tool)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", manifest.ErrUnknownTool, err)
	}
	return s.manifestOf(id, e.ManifestFile)
}

// Check finds out what does not fit in what a caller says of an event of a manifest, without
// asking for consent or collecting anything. The error is of values that are no JSON.
func Check(m *manifest.Manifest, e Event) ([]Problem, error) {
	_, problems, err := draft(m, e)
	return problems, err
}

// draft reads what a caller says of an event. The error is of values that are no JSON.
func draft(m *manifest.Manifest, e Event) (payload.Draft, []Problem, error) {
	data, err := e.values()
	if err != nil {
		return payload.Draft{}, nil, err
	}
	r := payload.Request{Event: e.Name, Data: data, ToolVersion: e.ToolVersion}
	for _, set := range e.Set {
		r.Set = append(r.Set, payload.Setting(set))
	}
	draft, found := payload.Check(m, r)
	var problems []Problem
	for _, p := range found {
		problems = append(problems, Problem(p))
	}
	return draft, problems, nil
}

// values are the values that a caller gives, by field name; nil if there are none.
func (e Event) values() (*jsondoc.Object, error) {
	var all *jsondoc.Object
	if len(e.Data) > 0 {
		data, err := jsondoc.ParseObject(e.Data)
		if err != nil {
			return nil, fmt.Errorf("the data are no JSON object: %w", err)
		}
		all = data
	}
	if len(e.Values) == 0 {
		return all, nil
	}
	text, err := json.Marshal(e.Values)
	if err != nil {
		return nil, fmt.Errorf("the values are no JSON: %w", err)
	}
	values, err := jsondoc.ParseObject(text)
	if err != nil || all == nil {
		return values, err
	}
	for _, member := range values.Members() {
		all.Set(member.Name, member.Value)
	}
	return all, nil
}

// sources are where values come from that the caller does not give. In CI no ID and no
// key are made: the machine is gone in a minute.
func (s Sender) sources(m *manifest.Manifest, e Event, taken time.Time, create bool) payload.Sources {
	create = create && ci.Detect(s.lookup) == ""
	path := ""
	if m.Identity.Random {
		path, _ = identity.Path(m.Identity, s.lookup, s.dirs().Home, s.workDir) // "" without a home
	}
	run, id := e.RunID, e.EventID
	if run == uuid.Nil {
		run = uuid.New()
	}
	if id == uuid.Nil {
		id = uuid.New()
	}
	return payload.Sources{
		Now: taken, EventID: id, RunID: run, Version: s.programVersion,
		SourceID: func() string {
			if path == "" {
				return identity.Unavailable
			}
			return identity.Value(s.sourceID(path, create))
		},
		HashKey: func() ([]byte, error) { return s.hashKey(m.Tool.ID, path, create) },
		Host:    hostfacts.Host{Root: os.DirFS("/"), Env: s.lookup},
	}
}

// take takes an event for which there is a permit. A reason that is not set is the
// verdict's.
func (s Sender) take(ctx context.Context, e Event, m *manifest.Manifest, p consent.Permit, draft payload.Draft, taken time.Time, flawed bool) Result {
	if e.Strict && (flawed || e.Flawed) {
		return dropped(RuleData, errors.New("the data do not fit"))
	}
	s, err := s.lastingHere(m)
	if !e.DryRun {
		err = errors.Join(s.flawed(), err) // whether its source ID was forgotten cannot be told, so it would never leave
	}
	if err != nil {
		return dropped(RuleState, err)
	}
	src := s.sources(m, e, taken, !e.DryRun)
	if e.DryRun {
		src = s.unmade(src, m)
	}
	ready, err := draft.Prepare(p.Terms(), src)
	if err != nil {
		return dropped(RuleData, err)
	}
	if e.DryRun {
		document, err := jsondoc.Append(nil, ready.Payload.Document())
		if err != nil {
			return dropped(RuleData, err)
		}
		return Result{Outcome: DryRun, Reason: consent.Reason{Rule: RuleDryRun, Detail: "nothing was queued or sent"}, Document: document}
	}
	return s.keep(ctx, e, p, m, s.newEntry(p, m, src, e, ready.Values))
}

// lastingHere is the sender with a working directory that deliverers find too: a .env file in it
// could refuse.
func (s Sender) lastingHere(m *manifest.Manifest) (Sender, error) {
	err := keepable("the working directory", s.dirFor(m))
	if process.IsFleeting(s.dirFor(m)) && err == nil {
		s.workDir, err = lasting("the working directory", s.workDir)
	}
	return s, err
}

// dirFor is the working directory if a .env file there can refuse; else nobody needs it.
func (s Sender) dirFor(m *manifest.Manifest) string {
	if !m.Consent.Dotenv {
		return ""
	}
	return s.workDir
}

// newEntry is the entry for an event that was taken.
func (s Sender) newEntry(p consent.Permit, m *manifest.Manifest, src payload.Sources, e Event, values *jsondoc.Object) outbox.Entry {
	return outbox.Entry{
		Schema: outbox.Schema, Tool: p.Tool(), Event: p.Event(), EventID: src.EventID, RunID: src.RunID,
		TakenAt: src.Now.UTC(), Grant: p.Terms().Grant, Endpoint: p.Terms().Endpoint, Level: e.Level, Manifest: e.ManifestFile, Dir: s.dirFor(m), Key: s.keyOf(m.Tool.ID, m.Send), Values: values,
	}
}

// keep keeps an event and has it delivered, or delivers it if the caller waits.
func (s Sender) keep(ctx context.Context, e Event, p consent.Permit, m *manifest.Manifest, entry outbox.Entry) Result {
	out := Result{Outcome: Queued, EventID: entry.EventID}
	err := s.queue(p, entry)
	if err == nil && e.Queued != nil {
		e.Queued(out)
	}
	switch {
	case e.Wait > 0:
		ctx, cancel := context.WithTimeout(ctx, e.Wait)
		defer cancel()
		return s.deliverOne(ctx, m, entry, err == nil)
	case err != nil:
		return s.handOver(entry, err)
	}
	out.Err = s.wake(entry, m)
	return out
}

// queue keeps an event in the outbox.
func (s Sender) queue(p consent.Permit, e outbox.Entry) error {
	if s.state() == "" {
		return s.noState()
	}
	return s.outbox(e.Tool).Put(p, e)
}
