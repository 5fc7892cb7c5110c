package deletion

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestRequests holds whom a forgetting asks, and how.
func TestRequests(t *testing.T) {
	mail := `method = "mail", mail = "privacy@shared.example"`
	tools := []*manifest.Manifest{
		sendertest.Tool(t, "a", sendertest.Nowhere, mail), sendertest.Tool(t, "b", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)), sendertest.Tool(t, "c", sendertest.Nowhere, mail), sendertest.Tool(t, "d", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)),
		sendertest.Tool(t, "e", sendertest.Nowhere, `method = "mail", mail = "privacy@e.example"`), sendertest.Tool(t, "f", sendertest.Nowhere, `method = "none"`),
	}
	tools[5].Tool.Contact, tools[5].Tool.Privacy, tools[5].Tool.Homepage = "", "https://f.example/privacy", "https://f.example"
	var got []string
	seen := map[uuid.UUID]bool{}
	d := New(tools, nil, sampleID, "", false, noon)
	sendertest.Must(t, d.check())
	for _, r := range d.Requests {
		got = append(got, fmt.Sprintf("%s %v %q %s to %q, or %s", r.Method, r.Tools, r.Names, r.State, r.To, r.Contact))
		if seen[r.ID] || r.ID == uuid.Nil {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
		if (r.State == Failed) != (r.Answer != "") || (r.State == Failed) != r.SettledAt.Equal(noon) {
			t.Errorf("%+v", r)
		}
	}
	want := []string{
		`mail [a c] ["Tool a" "Tool c"] by-mail to "privacy@shared.example", or privacy@a.example`,
		`http [b] ["Tool b"] pending to "http://127.0.0.1:9/deletions", or privacy@b.example`,
		`http [d] ["Tool d"] pending to "http://127.0.0.1:9/deletions", or privacy@d.example`,
		`mail [e] ["Tool e"] by-mail to "privacy@e.example", or privacy@e.example`,
		`none [f] ["Tool f"] failed to "", or https://f.example/privacy`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if d := New(tools, nil, sampleID, "", true, noon); len(d.Requests) != 0 || len(d.Tools) != len(tools) {
		t.Errorf("nobody is to be asked: %+v", d)
	}
}

func TestContact(t *testing.T) {
	for want, tool := range map[string]manifest.Tool{
		"c": {Contact: "c", Privacy: "p", Homepage: "h"}, "p": {Privacy: "p", Homepage: "h"}, "h": {Homepage: "h"}, "": {},
	} {
		if got := contact(tool); got != want {
			t.Errorf("%+v: got %q", tool, got)
		}
	}
}

// TestDocument holds that only the methods by which something is sent have a document.
func TestDocument(t *testing.T) {
	r := requestIn(t, Pending)
	http := `{"schema":1,"request_id":"` + r.ID.String() + `","tool":"mytool","source_id":"` + sampleID + `","requested_at":"2026-11-21T12:00:00Z","exercise":"deletion"}`
	for method, want := range map[manifest.ForgetMethod]string{manifest.ForgetHTTP: http, manifest.ForgetEvent: samplePayload, manifest.ForgetMail: "", manifest.ForgetNone: ""} {
		r.Method = method
		doc := r.Document(sampleID)
		got, err := jsondoc.Append(nil, doc)
		if err != nil || (doc == nil) != (want == "") || doc != nil && string(got) != want {
			t.Errorf("%s: %s, %v", method, got, err)
		}
	}
}

// TestAsked holds how long the receivers want to be left alone, all of them.
func TestAsked(t *testing.T) {
	for _, c := range []struct {
		states []State
		asked  []time.Duration
		want   time.Duration
	}{
		{nil, nil, 0},
		{[]State{Pending}, []time.Duration{0}, 0},
		{[]State{Pending}, []time.Duration{time.Minute}, time.Minute},
		{[]State{Pending, Pending}, []time.Duration{time.Hour, time.Minute}, time.Minute},
		{[]State{Pending, Pending}, []time.Duration{time.Hour, 0}, 0},
		{[]State{Pending, Failed}, []time.Duration{time.Hour, time.Minute}, time.Hour},
		{[]State{ByMail, Accepted}, []time.Duration{time.Hour, time.Hour}, 0},
		{[]State{Pending}, []time.Duration{-time.Minute}, 0},
		{[]State{Pending}, []time.Duration{2 * backoff.MaxRetryAfter}, 0}, // under another clock
	} {
		d := deletionIn(t, true, c.states...)
		for i, wish := range c.asked {
			d.Requests[i].Waits.Asked = noon.Add(wish)
		}
		if got := d.Asked(noon, onWay); got != c.want {
			t.Errorf("%v, %v: got %v", c.states, c.asked, got)
		}
	}
}

// TestDeletionPayload holds that a deletion request by event says the source ID, what
// the request is and what the manifest says itself, whatever else the tool declares: it
// leaves without any agreement.
func TestDeletionPayload(t *testing.T) {
	m := sendertest.Parse(t, strings.ReplaceAll(sendertest.ByEvent, "ENDPOINT", sendertest.Nowhere))
	requests := New([]*manifest.Manifest{m}, nil, "{"+sampleID+"}", "", false, noon.Add(975*time.Millisecond)).Requests
	if len(requests) != 1 {
		t.Fatalf("%+v", requests)
	}
	r := requests[0]
	want := `{"at":{"where":"here","id":"{` + sampleID + `}"},"id":"` + r.ID.String() +
		`","what":"forget","when":"2026-11-21T12:00:00.000000+00:00","unix":1795262400,"braces":"{n}","null":null}`
	if got, err := jsondoc.Append(nil, r.Payload); err != nil || string(got) != want {
		t.Errorf("\n got %s, %v\nwant %s", got, err, want)
	}
	headers := []manifest.Header{{Name: "X-Braces", Value: "{n}"}, {Name: "X-ID", Value: r.ID.String()}, {Name: "X-Plain", Value: "plain"}, {Name: "X-Source", Value: "id={" + sampleID + "}"}}
	if !slices.Equal(r.Send.Headers, headers) {
		t.Errorf("headers: %+v", r.Send.Headers)
	}
	if r.To != sendertest.Nowhere || r.Event != "forget" || r.State != Pending || r.Send.Transport != manifest.HTTP {
		t.Errorf("%+v", r)
	}
	if len(m.Send.Headers) != 7 {
		t.Errorf("the manifest was changed: %+v", m.Send.Headers)
	}
}
