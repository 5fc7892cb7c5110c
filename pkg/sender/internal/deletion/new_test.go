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
	s := newSender(t)
	mail := `method = "mail", mail = "privacy@shared.example"`
	f := Forgetting{SourceID: sampleID, Tools: []*manifest.Manifest{
		toolAt(t, "a", nowhere, mail), toolAt(t, "b", nowhere, byHTTP(nowhere)), toolAt(t, "c", nowhere, mail), toolAt(t, "d", nowhere, byHTTP(nowhere)),
		toolAt(t, "e", nowhere, `method = "mail", mail = "privacy@e.example"`), toolAt(t, "f", nowhere, `method = "none"`),
	}}
	f.Tools[5].Tool.Contact, f.Tools[5].Tool.Privacy, f.Tools[5].Tool.Homepage = "", "https://f.example/privacy", "https://f.example"
	var got []string
	seen := map[uuid.UUID]bool{}
	d := s.newDeletion(f)
	sendertest.Must(t, d.check())
	for _, r := range s.Requests(f) {
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
	f.LocalOnly = true
	if list := s.Requests(f); len(list) != 0 {
		t.Errorf("nobody is to be asked: %+v", list)
	}
	if left := tree(t, s.Dirs.Home); len(left) != 0 {
		t.Errorf("something was written: %q", left)
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

// TestDocument holds that only the methods by which something is sent have a document,
// and a preview that is what leaves.
func TestDocument(t *testing.T) {
	s := newSender(t)
	r := requestIn(t, Pending)
	http := `{"schema":1,"request_id":"` + r.ID.String() + `","tool":"mytool","source_id":"` + sampleID + `","requested_at":"2026-11-21T12:00:00Z","exercise":"deletion"}`
	for method, want := range map[manifest.ForgetMethod]string{manifest.ForgetHTTP: http, manifest.ForgetEvent: payload, manifest.ForgetMail: "", manifest.ForgetNone: ""} {
		r.Method = method
		doc := r.Document(sampleID)
		got, err := jsondoc.Append(nil, doc)
		if err != nil || (doc == nil) != (want == "") || doc != nil && string(got) != want {
			t.Errorf("%s: %s, %v", method, got, err)
		}
		w, err := s.PreviewDeletion(sampleID, r)
		if err != nil || string(w.Body) != want || w.Text != want || (w.URL == "") != (want == "") {
			t.Errorf("%s: %+v, %v", method, w, err)
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
			d.Requests[i].Backoff.Asked = noon.Add(wish)
		}
		if got := d.asked(noon); got != c.want {
			t.Errorf("%v, %v: got %v", c.states, c.asked, got)
		}
	}
}
