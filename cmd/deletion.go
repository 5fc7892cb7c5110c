package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// deletion is one deletion request.
type deletion struct{ sender.DeletionRequest }

// requests are the deletion requests of tools, as far as they can be read.
type requests struct {
	list    []deletion
	unknown error // why there may be others; nil if these are all
}

// MarshalJSON is the list, or null if it may not be all of it.
func (r requests) MarshalJSON() ([]byte, error) {
	if r.unknown != nil {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(append([]deletion{}, r.list...))
	return b.Bytes(), err
}

// failure is an error with which a command ends if it is not known which requests there are.
func (r requests) failure() error {
	if r.unknown == nil {
		return nil
	}
	return fail(exitIO, errors.New(r.reason()))
}

// reason says that it is not known which requests there are, and why.
func (r requests) reason() string {
	return "it is not known which deletion requests there are: " + oneLine(r.unknown)
}

// deletionsOf are the requests of a deletion.
func deletionsOf(d sender.Deletion) []deletion {
	list := []deletion{}
	for _, r := range d.Requests {
		list = append(list, deletion{r})
	}
	return list
}

// cell shows the state of a request in a table.
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

// toDo is what the person has to do about a request, for people; "" if nothing.
func (d deletion) toDo() string {
	switch {
	case d.State == sender.ByMail:
		return "send the message to " + d.To + d.thenConfirm()
	case d.State == sender.Failed && d.Undeclared:
		return "run \"usagectl forget " + d.Tools[0].String() + " --manifest FILE\" if you have its manifest, or " + d.ownWay() + d.thenConfirm()
	case d.State == sender.Failed:
		return d.ownWay() + d.thenConfirm()
	}
	return ""
}

func (d deletion) thenConfirm() string {
	return ", then \"usagectl forget --confirm " + d.RequestID.String() + "\""
}

// ownWay is what the person can do where nobody can be asked for them.
func (d deletion) ownWay() string {
	endpoints := d.SentTo
	if len(endpoints) == 0 && strings.Contains(d.To, "://") {
		endpoints = []string{d.To}
	}
	switch {
	case d.Contact != "":
		return "write to " + d.Contact + " and name the source ID " + *d.SourceID
	case len(endpoints) > 0:
		return "ask whoever runs " + strings.Join(endpoints, ", ") + " to delete what is held under the source ID " + *d.SourceID
	}
	return "ask its makers, whom it does not name, to delete what is held under the source ID " + *d.SourceID
}

// showMail prints the message that a person has to send.
func (d deletion) showMail(u *ui) {
	showMessage(u, *d.Mail)
	u.stdout.Printf("\nWhen they have answered:\n  usagectl forget --confirm %s\n", d.RequestID.String())
}

// showMessage prints a mail, and a link that opens it.
func showMessage(u *ui, m sender.Mail) {
	out := u.stdout
	out.Printf("\nTo: %s\nSubject: %s\n\n", m.To, m.Subject)
	for line := range lines(m.Body) {
		out.Printf("%s\n", line)
	}
	out.Printf("\nOr open it in your mail program:\n%s\n", m.Link)
}

// showOwnWay says whom a person can write to where nobody can be asked for them.
func (d deletion) showOwnWay(u *ui) {
	out := u.stdout
	if d.Undeclared {
		out.Printf("If you have its manifest: usagectl forget %s --manifest FILE\n", d.Tools[0])
	}
	if d.Contact != "" {
		out.Printf("Write to them yourself, %s, and name the source ID %s\n", d.Contact, *d.SourceID)
	} else {
		out.Printf("Nobody is named to write to: %s\n", d.ownWay())
	}
	out.Printf("When that is settled: usagectl forget --confirm %s\n", d.RequestID.String())
}

// waitingDeletion is an open request with what leaves, or what the person sends.
type waitingDeletion struct {
	deletion
	Payload json.RawMessage `json:"payload"` // null where this program sends nothing
	Mail    *sender.Mail    `json:"mail"`    // null where the person has no mail to send
}

func waitingDeletionOf(d deletion) waitingDeletion {
	return waitingDeletion{d, d.Document, d.Mail}
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
