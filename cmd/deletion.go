package cmd

import (
	"cmp"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// deletion is one deletion request, as JSON has it everywhere.
type deletion struct {
	RequestID   uuid.UUID             `json:"request_id"`
	Tools       []manifest.ID         `json:"tools"`
	State       sender.DeletionState  `json:"state"`
	Method      manifest.ForgetMethod `json:"method"`
	To          string                `json:"to"`
	Contact     string                `json:"contact"`
	RequestedAt time.Time             `json:"requested_at"`
	SettledAt   *time.Time            `json:"settled_at"`
	SourceID    *string               `json:"source_id"` // null once it is settled
	SHA256      string                `json:"sha256"`
	Attempts    int                   `json:"attempts"` // that failed
	NotBefore   *time.Time            `json:"not_before"`
	Answer      string                `json:"answer"` // of the receiver, or of the network

	request sender.DeletionRequest
}

// deletionsOf are the requests of a deletion.
func deletionsOf(d sender.Deletion) []deletion {
	list := []deletion{}
	for _, r := range d.Requests {
		v := deletion{
			RequestID: r.ID, Tools: r.Tools, State: r.State, Method: r.Method, To: secret.URL(r.To), Contact: r.Contact,
			RequestedAt: r.RequestedAt, SHA256: d.SHA256, Attempts: r.Backoff.Failures,
			Answer: cmp.Or(r.Answer, r.Backoff.Error), request: r,
		}
		if r.State.Open() {
			v.SourceID = &d.SourceID
		}
		if !r.SettledAt.IsZero() {
			v.SettledAt = &r.SettledAt
		}
		if r.State == sender.Pending && !r.Backoff.NotBefore.IsZero() {
			v.NotBefore = &r.Backoff.NotBefore
		}
		list = append(list, v)
	}
	return list
}

func (d deletion) cell() term.Cell {
	c := term.Cell{Text: string(d.State)}
	switch d.State {
	case sender.Failed, sender.ByMail:
		c.Style = term.Warn
	case sender.Accepted, sender.Confirmed:
		c.Style = term.Good
	}
	return c
}

// outcome is how a request stands, as the rest of a sentence.
func (d deletion) outcome() string {
	switch d.State {
	case sender.Accepted:
		return d.To + " accepted the deletion request " + d.RequestID.String()
	case sender.Confirmed:
		return "the deletion request " + d.RequestID.String() + " is settled"
	case sender.ByMail:
		return "only you can send the deletion request, by mail to " + d.To
	case sender.Pending:
		why := ""
		if d.Answer != "" {
			why = " (" + d.Answer + ")"
		}
		return d.To + " has not acknowledged the deletion request " + d.RequestID.String() + " yet" + why + "; it is tried again by itself until it does"
	}
	if d.Method == manifest.ForgetNone {
		return d.Answer
	}
	return d.To + " refused the deletion request " + d.RequestID.String() + ": " + d.Answer
}

// showMail prints the message that a person has to send.
func (d deletion) showMail(u *ui) {
	showMessage(u, d.request.Mail(*d.SourceID))
	u.stdout.Printf("\nWhen they have answered:\n  usagectl forget --confirm %s\n", d.RequestID.String())
}

// showMessage prints a mail, and a link that opens it.
func showMessage(u *ui, m sender.Mail) {
	out := u.stdout
	out.Printf("\nTo: %s\nSubject: %s\n\n", m.To, m.Subject)
	for line := range lines(m.Body) {
		out.Printf("%s\n", line)
	}
	out.Printf("\nOr open it in your mail program:\n%s\n", m.Link())
}

// showOwnWay says whom a person can write to where nobody can be asked for them.
func (d deletion) showOwnWay(u *ui) {
	out := u.stdout
	if d.Contact == "" {
		out.Printf("It names nobody to write to. What it holds is under the source ID %s\n", *d.SourceID)
	} else {
		out.Printf("Write to them yourself, %s, and name the source ID %s\n", d.Contact, *d.SourceID)
	}
	out.Printf("When that is settled: usagectl forget --confirm %s\n", d.RequestID.String())
}

// waitingDeletion is an open request with what leaves, or what the person sends.
type waitingDeletion struct {
	deletion
	Payload *jsondoc.Object `json:"payload"` // null where this program sends nothing
	Mail    *sender.Mail    `json:"mail"`    // null where the person has no mail to send
}

func waitingDeletionOf(d deletion) waitingDeletion {
	w := waitingDeletion{deletion: d, Payload: d.request.Document(*d.SourceID)}
	if d.Method == manifest.ForgetMail {
		m := d.request.Mail(*d.SourceID)
		w.Mail = &m
	}
	return w
}

// show shows what leaves, or what the person has to send.
func (w waitingDeletion) show(u *ui) error {
	u.stdout.Printf("%s  %s  %s\n", utc(w.RequestedAt), u.stdout.Style(term.Strong, "deletion request, "+string(w.State)), w.RequestID.String())
	switch {
	case w.Mail != nil:
		w.showMail(u)
	case w.State == sender.Failed:
		u.stdout.Printf("%s\n", w.outcome())
		w.showOwnWay(u)
	default:
		return u.printDocument(w.Payload)
	}
	return nil
}
