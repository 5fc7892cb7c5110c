package deletion

import (
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
)

// Request asks one receiver for the deletion of what it has collected.
type Request struct {
	ID          uuid.UUID             `json:"request_id"` // the same for every try
	Tools       []manifest.ID         `json:"tools"`      // several share one mail
	Names       []string              `json:"names"`      // of the tools, for people
	RequestedAt time.Time             `json:"requested_at"`
	State       State                 `json:"state"`
	Method      manifest.ForgetMethod `json:"method"`
	To          string                `json:"to"`      // endpoint or mail address; "" if there is none
	Contact     string                `json:"contact"` // whom to write to where asking fails; "" if the tool names nobody
	SettledAt   time.Time             `json:"settled_at,omitzero"`
	Answer      string                `json:"answer,omitempty"` // why it failed

	// Where nobody can be asked: whether that is because the tool's manifest is not here, and
	// where its events went.
	Undeclared bool     `json:"undeclared,omitempty"`
	SentTo     []string `json:"sent_to,omitempty"`

	Waits backoff.Waits `json:"backoff,omitzero"` // versions before had only everybody's, under the same names

	// The method event: the tool's transport and the document, as they were when
	// the person asked, so that the request leaves even if the manifest is gone.
	Event   string          `json:"event,omitempty"`
	Send    *manifest.Send  `json:"send,omitempty"`
	Payload *jsondoc.Object `json:"payload,omitempty"`
	Key     string          `json:"key,omitempty"` // names the write key with which it was asked for, see [writekey.Name]; with "" any key will do
}

// State is how far a deletion request is.
type State string

// The states. The first three need the source ID, and keep it.
const (
	Pending   State = "pending"   // not acknowledged yet; tried until it is
	ByMail    State = "by-mail"   // the person has to write
	Failed    State = "failed"    // it cannot be asked for; the person can write to the contact
	Accepted  State = "accepted"  // the receiver has acknowledged it
	Confirmed State = "confirmed" // the person says that it is settled
)

// Open reports whether something is left to do, by this program or by the person.
func (s State) Open() bool { return s == Pending || s == ByMail || s == Failed }

// Refused reports whether a receiver refused the request.
func (r Request) Refused() bool {
	return r.State == Failed && (r.Method == manifest.ForgetHTTP || r.Method == manifest.ForgetEvent)
}

// Untried reports whether the request was never made, and can be.
func (r Request) Untried() bool { return r.State == Pending && r.Last().Failures == 0 }

// Last is the wait after the last try, whoever has to wait: each counts on from the one before.
func (r Request) Last() backoff.Backoff {
	last := r.Waits.Backoff
	for _, b := range r.Waits.Ways {
		if b.Failures > last.Failures {
			last = b
		}
	}
	return last
}

// Reopen has a request that a receiver refused asked for again. The receiver may be
// well again; the request is the same.
func (r *Request) Reopen() {
	r.State, r.SettledAt, r.Answer, r.Waits = Pending, time.Time{}, "", backoff.Waits{}
}

// Accept notes that the receiver has acknowledged the request.
func (r *Request) Accept(now time.Time) {
	r.State, r.SettledAt = Accepted, now.UTC().Truncate(time.Second)
}

// Refuse notes that the receiver refused the request, and what it said.
func (r *Request) Refuse(now time.Time, answer string) {
	r.State, r.SettledAt, r.Answer = Failed, now.UTC().Truncate(time.Second), answer
}

// Document is what the receiver gets: the JSON of the method http, or the event's
// payload; nil for methods by which nothing is sent.
func (r Request) Document(sourceID string) *jsondoc.Object {
	switch r.Method {
	case manifest.ForgetEvent:
		return r.Payload
	case manifest.ForgetHTTP:
		return jsondoc.NewObject(
			"schema", jsondoc.Int(1),
			"request_id", r.ID.String(),
			"tool", r.Tools[0].String(),
			"source_id", sourceID,
			"requested_at", r.RequestedAt.Format(time.RFC3339),
			"exercise", "deletion",
		)
	}
	return nil
}
