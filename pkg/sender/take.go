package sender

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
	"unicode/utf8"

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

// Event is what a program says about an event that it wants to send. Only Tool and Name
// are needed.
type Event struct {
	Tool string // the tool's ID
	Name string // one of the manifest's events

	// Values are the caller's, by field name: strings, booleans, integers, floats, lists
	// and maps of those, as encoding/json writes them. A value that does not fit its
	// field is left out and reported as a [Problem].
	Values map[string]any
	// Data is a JSON object of values by field name, which keeps order and digits. Values
	// win over it, and Set over both.
	Data []byte
	// Set are values as text, in order: the last one of a name wins, and lists grow.
	Set []Setting

	ToolVersion string    // "" if it is not told
	RunID       uuid.UUID // names the run in which the event is taken; the zero value makes a new one
	// EventID names the event, and no other one; the zero value makes a new one. It is for
	// callers who have to know it before.
	EventID uuid.UUID

	// Level is the highest level of which something is sent of this event, whatever the
	// person agreed to beyond it; 0 leaves it at what they agreed to. It never raises that.
	Level int

	// Manifest is the tool's manifest; nil has it found by the tool's ID, in the
	// directories of manifests and then among those that come with this package.
	Manifest *manifest.Manifest
	// ManifestFile is the absolute path of a file that is in none of those directories,
	// which deliverers read too; else "". A name of what is open, such as /dev/stdin, is
	// replaced by the file's own.
	ManifestFile string

	// Wait is how long [Sender.Take] may wait for the delivery; 0 leaves it to a
	// deliverer.
	Wait time.Duration
	// Strict drops the event if a value does not fit, instead of leaving that out.
	Strict bool
	// Flawed says that the caller has left something out already; it counts as a value
	// that does not fit.
	Flawed bool
	// DryRun has [Sender.Take] do everything but keep or send the event, and make an ID:
	// [NotMade] stands for one that would be made.
	DryRun bool
	// Queued is called as soon as the event is kept, with the result so far, if it is
	// not nil. It is for callers who do not wait for a machine that hangs.
	Queued func(Result)
}

// Setting is one value given as text.
type Setting struct{ Name, Text string }

// Outcome is what became of an event.
type Outcome string

// The outcomes.
const (
	Queued   Outcome = "queued"   // it is kept, or a deliverer has it, and nobody has sent it yet
	Sent     Outcome = "sent"     // the receiver has accepted it
	Off      Outcome = "off"      // telemetry is off: nothing was kept or sent
	Rejected Outcome = "rejected" // the receiver will never take it
	Dropped  Outcome = "dropped"  // it is not kept and was not delivered
	DryRun   Outcome = "dry-run"  // telemetry is on; nothing was kept or sent, as the caller wanted
	Tested   Outcome = "tested"   // it was sent to a [Loopback], and nowhere else
	Unknown  Outcome = "unknown"  // nobody knows
)

// The rules of a [Result.Reason] beside those of pkg/consent.
const (
	RuleData     consent.Rule = "data"     // what the caller says does not fit
	RuleManifest consent.Rule = "manifest" // the manifest cannot be used
	RuleEvent    consent.Rule = "event"    // telemetry is on, but not for this event
	RuleState    consent.Rule = "state"    // the event could not be kept
	RuleNetwork  consent.Rule = "network"  // it was not delivered in time
	RuleServer   consent.Rule = "server"   // what the server said
	RuleDryRun   consent.Rule = "dry-run"  // the caller wanted to see it only
	RuleTest     consent.Rule = "test"     // the receiver of a test took it; see [Sender.ForTest]
)

// Result is what became of an event that was taken.
type Result struct {
	Outcome  Outcome
	Reason   consent.Reason  // why
	EventID  uuid.UUID       // the zero value if it was not taken
	Problems []Problem       // what did not fit, and was left out
	Document json.RawMessage // of a dry run: what would be sent; of a test: what was
	// Unrecorded says why something that was sent for a caller who waits is not in the journal;
	// nil if all is.
	Unrecorded error
	// Err is the error behind an event that was dropped, for callers who tell an unknown
	// tool ([manifest.ErrUnknownTool]), a bad manifest ([manifest.Errors]) and an event
	// that there is not ([*EventError]) apart; or why no deliverer could be started for
	// one that is queued. Else it is nil.
	Err error
}

// ErrTooLarge says that the payload of an event is larger than 32 KiB, which is what
// Segment allows for one message, and fits into one UDP datagram.
var ErrTooLarge = payload.ErrTooLarge

// ErrPath says that a path is not valid UTF-8. What is kept for a deliverer is JSON, which
// would hold another path then.
var ErrPath = errors.New("the path is not valid UTF-8, and cannot be kept for the delivery")

// ErrFleeting says that a path names what the calling process alone has open, such as
// /dev/stdin, and that the file has no other name by which others find it.
var ErrFleeting = errors.New("it is open here only, and cannot be found again by others; give a path that lasts")

// lasting is a path by which a deliverer finds the same file or directory. The error wraps [ErrFleeting].
func lasting(what, path string) (string, error) {
	named, ok := process.Lasting(path)
	if !ok {
		return "", fmt.Errorf("%s %s: %w", what, manifest.Quote(path), ErrFleeting)
	}
	return named, nil
}

// keepable is [ErrPath] if a path cannot be kept.
func keepable(what, path string) error {
	if utf8.ValidString(path) {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, manifest.Quote(path), ErrPath)
}

// Problem is a mistake in what a caller says: what is wrong, and what is allowed instead.
type Problem struct {
	Name    string   // the field
	Msg     string   // a sentence without a full stop
	Known   []string // the names that exist, where an unknown one was given
	Missing bool     // nothing is wrong but that a required field has no value
}

// EventError says that a manifest has no such event for a caller to send.
type EventError struct {
	Tool     manifest.ID
	Name     string
	Known    []string // the events that there are
	Deletion bool     // it is the event that is a deletion request
}

func (e *EventError) Error() string {
	if e.Deletion {
		return fmt.Sprintf("the event %q is %s's deletion request, which \"usagectl forget %s\" sends", e.Name, e.Tool, e.Tool)
	}
	return fmt.Sprintf("%s has no event %s", e.Tool, manifest.Quote(e.Name))
}

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
