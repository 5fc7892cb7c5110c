package sender

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// wire is what goes to the receiver of a request.
func wire(s Sender, d deletion.Deletion, r deletion.Request) (Wire, error) {
	w, err := s.deletionTransport(r).Wire([]transport.Message{deletionMessage(r, d.SourceID)})
	return wireOf(w), err
}

// TestPreviewHidesSecrets holds that what goes to a receiver is not all shown.
func TestPreviewHidesSecrets(t *testing.T) {
	d := deletionIn(t, true, deletion.Pending)
	d.Requests[0].Send.Headers = []manifest.Header{{Name: "Authorization", Value: "Bearer 1"}}
	w, err := wire(newSender(t), d, d.Requests[0])
	if err != nil || !slices.Contains(w.Headers, manifest.Header{Name: "Authorization", Value: secret.Mask}) {
		t.Errorf("%+v, %v", w.Headers, err)
	}
}

// TestPreviewDeletions holds that a preview has what leaves, by each method, and that
// nothing is written or sent for it.
func TestPreviewDeletions(t *testing.T) {
	s := newSender(t)
	r := sendertest.NewReceiver(t, nil)
	for how, want := range map[string]string{
		sendertest.ByHTTP(r.URL):                      `{"schema":1,"request_id":"ID","tool":"mytool","source_id":"` + sampleID + `","requested_at":"2026-11-21T12:00:00Z","exercise":"deletion"}`,
		`method = "event", event = "forget"`:          `{"source":"` + sampleID + `"}`,
		`method = "mail", mail = "privacy@a.example"`: "",
		`method = "none"`:                             "",
	} {
		f := Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", r.URL, how)}, SourceID: sampleID}
		list, err := s.PreviewDeletions(f)
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: %+v, %v", how, list, err)
		}
		p := list[0]
		want = strings.ReplaceAll(want, "ID\",\"tool", p.RequestID.String()+"\",\"tool")
		if string(p.Wire.Body) != want || p.Wire.Text != want || (p.Wire.URL == "") != (want == "") || string(p.Document) != want || (p.Mail != nil) != strings.Contains(how, "mail =") {
			t.Errorf("%s: %+v", how, p)
		}
		f.LocalOnly = true
		if list, err := s.PreviewDeletions(f); len(list) != 0 || err != nil {
			t.Errorf("%s: nobody is to be asked: %+v, %v", how, list, err)
		}
	}
	if left := sendertest.Tree(t, s.dirs().Home); len(left) != 0 || len(r.Requests()) != 0 {
		t.Errorf("written: %q; asked %d times", left, len(r.Requests()))
	}
}

// FuzzDeletionWire holds that whatever lies among the deletions, what is sent of it can
// be built, or is refused, and that what callers get of it is whole.
func FuzzDeletionWire(f *testing.F) {
	f.Add(marshalled(f, deletionIn(f, false, allStates...)))
	f.Add(marshalled(f, deletionIn(f, true, deletion.ByMail)))
	f.Add(marshalled(f, deletionIn(f, false)))
	s := Sender{now: sendertest.Noon, version: func() string { return "0" }, env: func(string) (string, bool) { return "", false }}
	f.Fuzz(func(t *testing.T, data []byte) {
		var fits deletion.Deletion // with the hash of its ID, which no fuzzer guesses
		if json.Unmarshal(data, &fits) == nil {
			fits.SHA256 = deletion.HashID(fits.SourceID)
			data = marshalled(t, fits)
		}
		d, err := deletion.Parse(data)
		if err != nil {
			return
		}
		for _, r := range d.Requests {
			if r.State.Open() {
				_, _ = wire(s, d, r)
			}
		}
		if out := s.deletionOf(d); len(out.Requests) != len(d.Requests) {
			t.Errorf("%+v", out)
		}
	})
}
