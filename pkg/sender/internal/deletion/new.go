package deletion

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// Undeclared is a tool whose manifest is not here, so that nobody knows whom to ask.
type Undeclared struct {
	Tool   manifest.ID
	SentTo []string // where its events went, as far as that is known
}

// New is the deletion of the source ID that the tools share, in the file at sourcePath,
// asked for at a time. If localOnly is set nobody is to be asked. Nothing is written.
func New(tools []*manifest.Manifest, undeclared []Undeclared, sourceID, sourcePath string, localOnly bool, at time.Time) Deletion {
	d := Deletion{
		Schema: Schema, SHA256: HashID(sourceID), SourceID: sourceID, SourcePath: sourcePath,
		RequestedAt: at.UTC().Truncate(time.Second), Requests: []Request{},
	}
	for _, m := range tools {
		d.Tools = append(d.Tools, m.Tool.ID)
	}
	for _, u := range undeclared {
		d.Tools = append(d.Tools, u.Tool)
	}
	if localOnly {
		return d
	}
	d.Requests = requestsOf(tools, sourceID, d.RequestedAt)
	for _, u := range undeclared {
		d.Requests = append(d.Requests, u.request(d.RequestedAt))
	}
	return d
}

// request stands for the one that cannot be made, keeps the ID for it, and says where the
// person can turn to.
func (u Undeclared) request(at time.Time) Request {
	return Request{
		ID: uuid.New(), Tools: []manifest.ID{u.Tool}, Names: []string{u.Tool.String()}, RequestedAt: at, State: Failed, SettledAt: at,
		Method: manifest.ForgetNone, Answer: "no manifest says whom to ask for deletion", Undeclared: true, SentTo: addresses(u.SentTo...),
	}
}

// addresses are those on the network, without what is secret in them.
func addresses(endpoints ...string) []string {
	var list []string
	for _, e := range endpoints {
		if strings.Contains(e, "://") {
			list = append(list, printable(secret.URL(e)))
		}
	}
	return list
}

// Declare has the requests to a tool made by its manifest that could not be made without it, and
// reports whether there are such.
func (d *Deletion) Declare(m *manifest.Manifest) bool {
	found := false
	for i, r := range d.Requests {
		if r.isOpenUndeclared() && slices.Contains(r.Tools, m.Tool.ID) {
			d.Requests[i], found = newRequest(m, d.SourceID, r.ID, r.RequestedAt), true
		}
	}
	return found
}

func (r Request) isOpenUndeclared() bool { return r.Undeclared && r.State.Open() }

// requestsOf makes a request for each tool; tools that take mail at the same
// address share one.
func requestsOf(tools []*manifest.Manifest, sourceID string, at time.Time) []Request {
	list := []Request{}
	for _, m := range tools {
		r := newRequest(m, sourceID, uuid.New(), at)
		i := slices.IndexFunc(list, func(o Request) bool { return r.Method == manifest.ForgetMail && o.To == r.To })
		if i < 0 {
			list = append(list, r)
			continue
		}
		list[i].Tools = append(list[i].Tools, r.Tools...)
		list[i].Names = append(list[i].Names, r.Names...)
	}
	return list
}

func newRequest(m *manifest.Manifest, sourceID string, id uuid.UUID, at time.Time) Request {
	r := Request{
		ID: id, Tools: []manifest.ID{m.Tool.ID}, Names: []string{printable(m.Tool.Name)}, RequestedAt: at,
		State: Pending, Method: m.Forget.Method, Contact: printable(contact(m.Tool)),
	}
	switch m.Forget.Method {
	case manifest.ForgetHTTP:
		r.To = m.Forget.Endpoint
	case manifest.ForgetMail:
		r.State, r.To = ByMail, m.Forget.Mail
	case manifest.ForgetEvent:
		p := payload.ForDeletion(m, sourceID, r.ID, r.RequestedAt)
		send := m.Send
		send.Headers = p.FillHeaders(m.Send.Headers)
		r.To, r.Event, r.Send, r.Payload = m.Send.Endpoint, m.Forget.Event, &send, p.Document()
	default:
		r.State, r.SettledAt, r.Answer = Failed, at, m.Tool.Name+" offers no way to ask for deletion"
		r.SentTo = addresses(m.Send.Endpoint)
	}
	return r
}

// printable leaves out what is no text, as what is read back must not hold it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// contact is whom a person can write to, or where they can read whom.
func contact(t manifest.Tool) string {
	for _, c := range []string{t.Contact, t.Privacy, t.Homepage} {
		if c != "" {
			return c
		}
	}
	return ""
}
