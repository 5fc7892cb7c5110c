package sender

import (
	"fmt"
	"slices"
	"time"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// attemptedAfter is the age of an event from which it may well have been sent before.
const attemptedAfter = time.Minute

// recording is the recorder of the pass. again tells that events may have been sent before.
func (p *pass) recording(again bool) *journal.Recorder {
	if p.recorder == nil {
		p.recorder = p.journal(p.outbox.Tool()).Recorder(again)
	}
	return p.recorder
}

// recordTo has requests recorded: see [transport.Config.Record]. file is that of the manifest,
// if it was given with --manifest.
func (s Sender) recordTo(r *journal.Recorder, m *manifest.Manifest, file string) func([]transport.Message) func(transport.Outcome) {
	return func(messages []transport.Message) func(transport.Outcome) {
		from := journal.Origin{Manifest: file}
		if slices.ContainsFunc(messages, func(m transport.Message) bool { return len(m.Private) > 0 }) {
			from.SourcePath, _ = identity.Path(m.Identity, s.lookup, s.dirs().Home, s.workDir) // or it is not known
		}
		events := make([]journal.Event, len(messages))
		for i, m := range messages {
			document, _ := jsondoc.Append(nil, m.Document) // the request has it too, so there is no error
			events[i] = journal.Event{ID: m.EventID, Name: m.Event, Payload: document}
		}
		request := r.Begin(s.Now(), m.Send.Endpoint, from, events)
		return func(o transport.Outcome) { r.Settle(request, resultIn(m.Send.Transport, o)) }
	}
}

// resultIn is what the journal says of an outcome.
func resultIn(t manifest.Transport, o transport.Outcome) journal.Result {
	r := journal.Result{Status: o.Status, Note: o.Note}
	switch {
	case o.Result == transport.Interrupted:
		r.Outcome = journal.Interrupted
	case !o.Wrote || o.Result == transport.Withheld: // nothing left
		return journal.Result{}
	case o.Result == transport.Accepted && (t == manifest.UDP || t == manifest.File):
		r.Outcome = journal.Sent
	case o.Result == transport.Accepted:
		r.Outcome = journal.Accepted
	case o.Result == transport.Rejected:
		r.Outcome = journal.Rejected
	case o.Status != 0:
		r.Outcome = journal.Answered
	default:
		r.Outcome = journal.NoAnswer
	}
	return r
}

// flushRecords writes what is not in the journal yet of these messages. What was forgotten
// while it was under way is not recorded.
func (s Sender) flushRecords(r *journal.Recorder, messages []transport.Message) error {
	gone, err := s.deletions().Forgotten()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(messages, func(m transport.Message) bool { return gone.In(m.Document) }) {
		r.Discard()
		return nil
	}
	return r.Flush()
}

// notRecorded says that what was sent is not in the journal, and why.
func notRecorded(err error) error { return fmt.Errorf("what was sent is not in the journal: %w", err) }

// giveUpRecords marks the journal as incomplete, as far as that can be done; see [journal.Journal.Mark].
// A process that is killed before leaves no mark, if the journal took no beginning either.
func (s Sender) giveUpRecords(r *journal.Recorder, tool manifest.ID) {
	r.Discard()
	_ = s.journal(tool).Mark(s.Now()) // the caller has the error of the journal itself
}
