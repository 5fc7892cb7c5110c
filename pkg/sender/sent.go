package sender

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
)

// AttemptOutcome is what became of an attempt in which something left this machine.
type AttemptOutcome string

// The outcomes of attempts.
const (
	AttemptAccepted    = AttemptOutcome(journal.Accepted)    // the receiver said that it has it
	AttemptSent        = AttemptOutcome(journal.Sent)        // nobody answers there: by UDP, or to a file
	AttemptRejected    = AttemptOutcome(journal.Rejected)    // the receiver will never take it
	AttemptAnswered    = AttemptOutcome(journal.Answered)    // the receiver answered, and did not accept it
	AttemptNoAnswer    = AttemptOutcome(journal.NoAnswer)    // no answer came; it may have arrived
	AttemptInterrupted = AttemptOutcome(journal.Interrupted) // consent was withdrawn while it was being sent; it may have arrived
	AttemptUnknown     = AttemptOutcome(journal.Unknown)     // not recorded: it is under way, or its process was killed; it may have arrived
)

// Attempt is when something was sent, and what became of it.
type Attempt struct {
	At      time.Time      `json:"at"` // when it began
	Outcome AttemptOutcome `json:"outcome"`
	Status  int            `json:"status,omitempty"` // of HTTP; 0 if there was none
	Note    string         `json:"note,omitempty"`   // what the receiver had to say, or what went wrong
}

// Record is one attempt at sending one event: the payload, to the letter, and what became
// of it. In JSON it is what "usagectl" prints of it.
type Record struct {
	Schema int `json:"schema"`
	Attempt
	Event    string          `json:"event"` // "" if it is not recorded any more
	EventID  uuid.UUID       `json:"event_id"`
	Endpoint string          `json:"endpoint"` // without what is secret in it
	Again    bool            `json:"again"`    // an earlier record has the same event, with the same payload
	Payload  json.RawMessage `json:"payload"`  // null if it is not recorded any more
}

// ErrJournalTooLarge says that the beginning of a journal was not read, because it is much
// larger than usagectl makes one.
var ErrJournalTooLarge = journal.ErrTooLarge

// SentRecords calls do with each record of a tool's journal, the oldest first, until it
// returns an error, which is returned. It keeps a bounded part of the journal in memory.
// The error is [ErrJournalTooLarge] if there are older records that were not read.
// progress, unless it is nil, is called now and then with how many bytes of all are read.
func (s Sender) SentRecords(tool manifest.ID, progress func(read, total int64), do func(Record) error) error {
	if s.state() == "" {
		return s.noState()
	}
	var failed error
	err := s.journal(tool).Each(progress, func(r journal.Record) bool {
		failed = do(Record{1, attemptOf(r), r.Event, r.EventID, secret.URL(r.Endpoint), r.Again, r.Payload})
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return err
}

func attemptOf(r journal.Record) Attempt {
	return Attempt{r.At, AttemptOutcome(r.Outcome), r.Status, r.Note}
}

// Unrecorded says why something may have been sent that is not in a tool's journal; "" if
// nothing is known of such a thing.
func (s Sender) Unrecorded(tool manifest.ID) string {
	if s.state() == "" {
		return s.noState().Error()
	}
	return unrecorded(s.journal(tool).Gap())
}

// unrecorded is [Sender.Unrecorded], by what [journal.Journal.Gap] says.
func unrecorded(at time.Time, err error) string {
	switch {
	case err != nil:
		return "the journal cannot be read or written: " + statefile.Reason(err)
	case !at.IsZero():
		return fmt.Sprintf("something that was sent at %s could not be recorded", at.UTC().Format(time.RFC3339))
	}
	return ""
}
