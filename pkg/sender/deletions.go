package sender

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Deletion is a source ID that a person had forgotten, as it stands.
type Deletion struct {
	SHA256   string        // of the source ID, in hex; it outlasts the ID
	Tools    []manifest.ID // all that have the ID
	Erased   bool          // here: outbox, ID, keys, journals
	Problem  string        // why not, or "" if it is erased or being worked at
	Requests []DeletionRequest
}

// DeletionRequest asks one receiver for the deletion of what it has collected under a
// source ID, as it stands. In JSON it is what "usagectl" prints of it.
type DeletionRequest struct {
	RequestID   uuid.UUID             `json:"request_id"` // the same for every try
	Tools       []manifest.ID         `json:"tools"`      // several share one mail
	State       DeletionState         `json:"state"`
	Method      manifest.ForgetMethod `json:"method"`
	To          string                `json:"to"`      // endpoint, without what is secret in it, or mail address; "" if there is none
	Contact     string                `json:"contact"` // whom to write to where asking fails; "" if the tool names nobody
	RequestedAt time.Time             `json:"requested_at"`
	SettledAt   *time.Time            `json:"settled_at"` // null until it is
	SourceID    *string               `json:"source_id"`  // null once it is settled
	SHA256      string                `json:"sha256"`     // of the source ID
	Attempts    int                   `json:"attempts"`   // that failed
	NotBefore   *time.Time            `json:"not_before"` // when such a process as this one makes it again; null if it does not wait for that
	Answer      string                `json:"answer"`     // of the receiver, or of the network
	Promise     string                `json:"promise"`    // what the state promises, and what it does not, for people
	Undeclared  bool                  `json:"undeclared"` // no manifest says whom to ask
	SentTo      []string              `json:"sent_to"`    // where events went of a tool that takes no requests, or of which that is not known

	// Document is what the receiver gets while the request is open; nil for methods by
	// which nothing is sent.
	Document json.RawMessage `json:"-"`
	// Mail is the message that the person sends, while the request is open; nil if
	// the method is another.
	Mail *Mail `json:"-"`
}

// DeletionState is how far a deletion request is.
type DeletionState string

// The states. The first three need the source ID, and keep it.
const (
	Pending   DeletionState = "pending"   // not acknowledged yet; tried until it is
	ByMail    DeletionState = "by-mail"   // the person has to write
	Failed    DeletionState = "failed"    // it cannot be asked for; the person can write to the contact
	Accepted  DeletionState = "accepted"  // the receiver has acknowledged it, which does not say that it has deleted anything
	Confirmed DeletionState = "confirmed" // the person says that it is settled
)

// Open reports whether something is left to do, by this program or by the person.
func (s DeletionState) Open() bool { return deletion.State(s).Open() }

// Refused reports whether a receiver refused the request.
func (r DeletionRequest) Refused() bool {
	return r.State == Failed && (r.Method == manifest.ForgetHTTP || r.Method == manifest.ForgetEvent)
}

// promise is what a request's state promises, and what it does not: that something is
// deleted is in nobody's power to show here.
func promise(r deletion.Request) string {
	switch {
	case r.State == deletion.Accepted && r.Method == manifest.ForgetEvent:
		return "the event was sent and not refused; whether it leads to a deletion nobody has said"
	case r.State == deletion.Accepted:
		return "the receiver acknowledged the request; it did not say that the data is deleted"
	case r.State == deletion.Confirmed:
		return "you noted that it is settled; usagectl cannot check that"
	case r.State == deletion.ByMail:
		return "nothing yet: only you can send the message"
	case r.State == deletion.Pending:
		return "nothing yet: it is tried until the receiver acknowledges it"
	case r.Undeclared:
		return "nothing: nobody was asked"
	case r.Method == manifest.ForgetNone:
		return "nothing: the tool takes no deletion requests"
	}
	return "nothing: the receiver refused the request"
}

// Mail is a message that a person sends themselves.
type Mail struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Body    string `json:"body"` // lines end in a newline alone
	Link    string `json:"link"` // the message as a mailto: link (RFC 6068)
}

// Deletions reads the deletions that were asked for, the oldest first: all, or those
// that concern a tool. One that cannot be read is an error, beside those that can.
func (s Sender) Deletions(tools ...manifest.ID) ([]Deletion, error) {
	if s.state() == "" {
		return nil, s.noState()
	}
	all, err := s.deletions().All()
	var list []Deletion
	for _, d := range all {
		if len(tools) == 0 || slices.ContainsFunc(tools, d.Of) {
			list = append(list, s.deletionOf(d))
		}
	}
	return list, err
}

// deletionOf is a deletion for callers: nothing in it is shared.
func (s Sender) deletionOf(d deletion.Deletion) Deletion {
	out := Deletion{SHA256: d.SHA256, Tools: slices.Clone(d.Tools), Erased: d.Erased, Problem: d.Backoff.Error, Requests: []DeletionRequest{}}
	for _, r := range d.Requests {
		out.Requests = append(out.Requests, s.requestOf(d, r))
	}
	return out
}

func (s Sender) requestOf(d deletion.Deletion, r deletion.Request) DeletionRequest {
	wait, last := s.requestWait(r), r.Last()
	v := DeletionRequest{
		RequestID: r.ID, Tools: slices.Clone(r.Tools), State: DeletionState(r.State), Method: r.Method, To: secret.URL(r.To), Contact: r.Contact,
		RequestedAt: r.RequestedAt, SHA256: d.SHA256, Attempts: last.Failures, Answer: cmp.Or(r.Answer, last.Error),
		Promise: promise(r), Undeclared: r.Undeclared, SentTo: append([]string{}, r.SentTo...),
	}
	if r.State.Open() {
		v.SourceID = &d.SourceID
		if document := r.Document(d.SourceID); document != nil {
			v.Document, _ = jsondoc.Append(nil, document) // it was read from JSON, or is made of strings
		}
		if r.Method == manifest.ForgetMail {
			m := r.Mail(d.SourceID)
			v.Mail = &Mail{m.To, m.Subject, m.Body, m.Link()}
		}
	}
	if !r.SettledAt.IsZero() {
		v.SettledAt = &r.SettledAt
	}
	if r.State == deletion.Pending && !wait.NotBefore.IsZero() {
		v.NotBefore = &wait.NotBefore
	}
	return v
}

// DeletionPreview is a deletion request that would be made, and what it looks like on
// its way; the zero Wire for methods by which nothing is sent.
type DeletionPreview struct {
	DeletionRequest
	Wire Wire
}

// PreviewDeletions are the deletion requests that a forgetting would make now. Nothing
// is written or sent.
func (s Sender) PreviewDeletions(f Forgetting) ([]DeletionPreview, error) {
	d := f.deletion(s.Now())
	var list []DeletionPreview
	var errs []error
	for _, r := range d.Requests {
		p := DeletionPreview{DeletionRequest: s.requestOf(d, r)}
		if p.Document != nil {
			w, err := s.deletionTransport(r).Wire([]transport.Message{deletionMessage(r, d.SourceID)})
			p.Wire, errs = wireOf(w), append(errs, err)
		}
		list = append(list, p)
	}
	return list, errors.Join(errs...)
}
