package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/identity"
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

// warnOfState says that the state directory is not used, if so. What is kept there
// stays.
func (a *app) warnOfState() {
	if flaw := a.Dirs.StateFlaw; flaw != "" {
		a.warn("%s is not used: %s", a.Dirs.UncheckedStateDir(), flaw)
	}
}

// warnOfDamage says what is kept and not used because it cannot be read or relied on,
// once for a command, and lists it.
func (a *app) warnOfDamage() []sender.Refused {
	list := a.sender().Refused()
	for _, r := range list {
		a.warn("%s is not used: %s", r.Path, r.Reason)
	}
	return list
}

// deletions reads what was asked for about a tool, as far as it can be read.
func (a *app) deletions(tool manifest.ID) (list []deletion, unerased []sender.Deletion) {
	all, _ := a.sender().Deletions().Of(tool) // see warnOfDamage
	list = []deletion{}
	for _, d := range all {
		for _, v := range deletionsOf(d) {
			if slices.Contains(v.Tools, tool) {
				list = append(list, v)
			}
		}
		if !d.Erased {
			unerased = append(unerased, d)
		}
	}
	return list, unerased
}

// deletionsOfTools reads what was asked for about several tools, each request once.
func (a *app) deletionsOfTools(tools []tool) []deletion {
	var list []deletion
	for _, t := range tools {
		of, _ := a.deletions(t.id)
		for _, d := range of {
			if !slices.ContainsFunc(list, func(o deletion) bool { return o.RequestID == d.RequestID }) {
				list = append(list, d)
			}
		}
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
func (a *app) showMail(d deletion) {
	a.showMessage(d.request.Mail(*d.SourceID))
	a.Stdout.Printf("\nWhen they have answered:\n  usagectl forget --confirm %s\n", d.RequestID.String())
}

func (a *app) showMessage(m sender.Mail) {
	out := a.Stdout
	out.Printf("\nTo: %s\nSubject: %s\n\n", m.To, m.Subject)
	for line := range lines(m.Body) {
		out.Printf("%s\n", line)
	}
	out.Printf("\nOr open it in your mail program:\n%s\n", m.Link())
}

// showOwnWay says whom a person can write to where nobody can be asked for them.
func (a *app) showOwnWay(d deletion) {
	out := a.Stdout
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

// openDeletions are the requests of a tool about which something is left to do.
func (a *app) openDeletions(tool manifest.ID) []waitingDeletion {
	list := []waitingDeletion{}
	requests, _ := a.deletions(tool)
	for _, d := range requests {
		if d.State.Open() {
			list = append(list, waitingDeletionOf(d))
		}
	}
	return list
}

func (a *app) showWaitingDeletion(w waitingDeletion) error {
	a.Stdout.Printf("%s  %s  %s\n", utc(w.RequestedAt), a.Stdout.Style(term.Strong, "deletion request, "+string(w.State)), w.RequestID.String())
	switch {
	case w.Mail != nil:
		a.showMail(w.deletion)
	case w.State == sender.Failed:
		a.Stdout.Printf("%s\n", w.outcome())
		a.showOwnWay(w.deletion)
	default:
		return a.printDocument(w.Payload)
	}
	return nil
}

// previewForget shows the requests that "forget" would make, and makes none.
func (a *app) previewForget(t tool, o inspectOptions) error {
	if !t.manifest.Identity.Random {
		return fail(exitData, fmt.Errorf("%s has no source ID, so there is nothing to ask for: \"usagectl forget %s\" erases what is kept here", t.id, t.id))
	}
	p := plan{tools: []tool{t}, id: a.shownID(t)}
	if path, err := identity.Path(t.manifest.Identity, a.Env, a.Dirs.Home); err == nil {
		p.tools = append(p.tools, a.sharers(t.id, path)...)
	}
	f := p.forgetting(forgetOptions{})
	var list []deletion
	for _, r := range a.sender().Requests(f) {
		if !slices.Contains(r.Tools, t.id) {
			continue
		}
		list = append(list, deletionsOf(sender.Deletion{SourceID: p.id, SHA256: sender.HashID(p.id), Requests: []sender.DeletionRequest{r}})...)
	}
	for _, d := range list {
		w := waitingDeletionOf(d)
		wire, err := a.sender().PreviewDeletion(p.id, d.request)
		if err != nil {
			return fail(exitData, err)
		}
		if err := a.showForgetPreview(t, w, wire, o); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) showForgetPreview(t tool, w waitingDeletion, wire sender.Wire, o inspectOptions) error {
	sends := w.Payload != nil
	switch {
	case o.payload && sends:
		return a.printDocument(w.Payload)
	case o.wire && sends:
		return a.showWire(wire)
	case a.json:
		return a.printJSON(struct {
			Schema  int                   `json:"schema"`
			Tool    manifest.ID           `json:"tool"`
			Method  manifest.ForgetMethod `json:"method"`
			To      string                `json:"to"`
			Contact string                `json:"contact"`
			Payload *jsondoc.Object       `json:"payload"`
			Mail    *sender.Mail          `json:"mail"`
		}{1, t.id, w.Method, w.To, w.Contact, w.Payload, w.Mail})
	}
	out := a.Stdout
	out.Printf("%s, what \"usagectl forget %s\" asks for\n", out.Style(term.Strong, t.name()), t.id.String())
	if id := a.shownID(t); id == notMade || id == identity.Unavailable || id == identity.Invalid {
		out.Printf("  There is no source ID here now, so nobody would be asked. With one it would be:\n")
	}
	switch {
	case sends:
		out.Printf("  Where it goes: %s (%s)\n\n", w.To, string(w.Method))
		return a.printDocument(w.Payload)
	case w.Mail != nil:
		out.Printf("  Nothing is sent by itself; this is the mail that you would be given:\n")
		a.showMessage(*w.Mail)
	default:
		out.Printf("  Nothing: %s.\n", w.Answer)
		if w.Contact != "" {
			out.Printf("  You can write to them yourself: %s\n", w.Contact)
		}
	}
	return nil
}
