package sender

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestPreview holds what is shown of an event, whether it would be sent, and that nothing
// is made for it.
func TestPreview(t *testing.T) {
	const made = `{"n":1,"source":"` + NotMade + `"}`
	for _, c := range []struct {
		name     string
		change   func(s *Sender, e *Event)
		level    int
		would    bool
		rule     consent.Rule
		document string
	}{
		{"agreed to", func(*Sender, *Event) {}, 0, true, consent.ByGrant, made},
		{"the first event", func(_ *Sender, e *Event) { e.Name = "" }, 0, true, consent.ByGrant, made},
		{"with the ID that there is", func(s *Sender, _ *Event) { sourceWith(t, *s, otherID) }, 0, true, consent.ByGrant, `{"n":1,"source":"` + otherID + `"}`},
		{"a value that does not fit", func(_ *Sender, e *Event) { e.Values["n"] = "x" }, 0, true, consent.ByGrant, `{"source":"` + NotMade + `"}`},
		{"refused", func(s *Sender, _ *Event) {
			sendertest.Must(t, decisionsAt(*s, noon).Refuse(sendertest.ToolID(t, "mytool")))
		}, 0, false, consent.User, made},
		{"refused, at a level", func(s *Sender, e *Event) {
			sendertest.Must(t, decisionsAt(*s, noon).Refuse(sendertest.ToolID(t, "mytool")))
			e.Name = "crash"
		}, 2, false, consent.User, made},
		{"an event that was not agreed to", func(_ *Sender, e *Event) { e.Name = "crash" }, 0, false, RuleEvent, made},
		{"the same at its level", func(_ *Sender, e *Event) { e.Name = "crash" }, 2, true, consent.ByGrant, made},
		{"without a required value", func(_ *Sender, e *Event) { e.Name = "strict" }, 0, false, RuleData, made},
		{"too large", func(_ *Sender, e *Event) {
			e.Values = map[string]any{"list": slices.Repeat([]string{"0123456789"}, payload.MaxSize/10)}
		}, 0, false, RuleData, ""},
		{"in CI, where no ID is made", func(s *Sender, _ *Event) {
			s.env = func(name string) (string, bool) { return map[bool]string{true: "true"}[name == "CI"], name == "CI" }
		}, 0, true, consent.ByGrant, `{"n":1,"source":"` + identity.Unavailable + `"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, started := takingAt(t, sendertest.Nowhere)
			e := Event{Tool: "mytool", Name: "run", Values: map[string]any{"n": 1}}
			c.change(&s, &e)
			before := sendertest.Tree(t, s.dirs().Home)
			p, err := s.Preview(e, c.level)
			sendertest.Must(t, err)
			if p.Would != c.would || p.Reason.Rule != c.rule || p.Reason.Detail == "" || p.Event.Name == "" {
				t.Errorf("%+v, want %v by %s", p, c.would, c.rule)
			}
			if c.document != "" && string(p.Document) != c.document || string(p.Wire.Body) != string(p.Document) {
				t.Errorf("\n got %s\nwant %s\nwire %s", p.Document, c.document, p.Wire.Body)
			}
			for _, f := range p.Fields {
				if (string(f.Value) == "null") != (f.Withheld != "") || f.Purpose == "" || f.Key == "" {
					t.Errorf("%+v", f)
				}
			}
			if after := sendertest.Tree(t, s.dirs().Home); !maps.Equal(before, after) || *started != 0 {
				t.Errorf("something was made:\nbefore %q\nafter  %q", before, after)
			}
		})
	}
}

// TestPreviewErrors holds what there is no preview of.
func TestPreviewErrors(t *testing.T) {
	s, _, _ := takingAt(t, sendertest.Nowhere)
	for _, level := range []int{-1, 3} {
		if _, err := s.Preview(Event{Tool: "mytool"}, level); !errors.As(err, new(*consent.LevelError)) {
			t.Errorf("level %d: %v", level, err)
		}
	}
	for name, deletion := range map[string]bool{"nosuch": false, "forget": true} {
		if _, err := s.Preview(Event{Tool: "mytool", Name: name}, 0); !isEventError(deletion)(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Preview(Event{Tool: "nosuchtool"}, 0); !errors.Is(err, manifest.ErrUnknownTool) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Preview(Event{Tool: "mytool", Data: []byte("[")}, 0); err == nil {
		t.Error("there is a preview of data that are none")
	}
}

// TestPreviewIsWhatIsSent holds that the preview, the dry run, the queue, the wire and the
// journal all have the same payload, and that what is shown of the wire has no secrets.
func TestPreviewIsWhatIsSent(t *testing.T) {
	r := sendertest.NewReceiver(t, nil)
	s, m, _ := takingAt(t, r.URL+"/v1?token=hidden")
	sourceWith(t, s, otherID)
	e := Event{Tool: "mytool", Name: "run", Values: map[string]any{"n": 1, "list": []string{"a"}}}
	p, err := s.Preview(e, 0)
	sendertest.Must(t, err)
	want := string(p.Document)
	dry := e
	dry.DryRun = true
	if got := s.Take(t.Context(), dry); string(got.Document) != want {
		t.Errorf("dry run: %s, want %s", got.Document, want)
	}
	taken := s.Take(t.Context(), e)
	queue, err := s.QueuedEvents(m)
	if err != nil || len(queue) != 1 || queue[0].EventID != taken.EventID || string(queue[0].Payload) != want || !queue[0].TakenAt.Equal(noon) {
		t.Errorf("queue: %+v, %v", queue, err)
	}
	if sums := s.Flush(t.Context(), []manifest.ID{m.Tool.ID}, nil); len(sums) != 1 || sums[0].Sent != 1 {
		t.Errorf("%+v", sums)
	}
	if got := r.Requests(); len(got) != 1 || got[0].Body != want || got[0].Method != p.Wire.Method {
		t.Errorf("wire: %+v, want %+v", got, p.Wire)
	} else {
		for _, h := range p.Wire.Headers {
			if got[0].Header.Get(h.Name) != h.Value {
				t.Errorf("header %s: sent %q, shown %q", h.Name, got[0].Header.Get(h.Name), h.Value)
			}
		}
	}
	records := sentBy(t, s, m.Tool.ID)
	if len(records) != 1 || string(records[0].Payload) != want || records[0].EventID != taken.EventID || records[0].Schema != 1 || !records[0].At.Equal(noon) {
		t.Errorf("journal: %+v", records)
	}
	for name, shown := range map[string]string{"preview": p.Wire.URL, "journal": records[0].Endpoint} {
		if strings.Contains(shown, "hidden") || !strings.HasPrefix(shown, r.URL+"/v1") || !strings.Contains(shown, secret.Mask) {
			t.Errorf("%s: %s", name, shown)
		}
	}
}

// TestStatus holds what is told of a tool's delivery, and how it is found out that
// anything is kept.
func TestStatus(t *testing.T) {
	s, m, _ := takingAt(t, sendertest.Nowhere)
	tool := m.Tool.ID
	if st, err := s.Status(tool); st != (Status{}) || err != nil || s.Keeps(tool) {
		t.Errorf("nothing: %+v, %v", st, err)
	}
	s.Take(t.Context(), Event{Tool: "mytool", Name: "run"})
	if tools, err := s.Tools(); err != nil || !slices.Equal(tools, []manifest.ID{tool}) || !s.Keeps(tool) {
		t.Errorf("%v, %v", tools, err)
	}
	if sums := s.Flush(expired(t), []manifest.ID{tool}, nil); sums[0].Sent != 0 || sums[0].Failed == nil {
		t.Errorf("%+v", sums)
	}
	o := s.outbox(tool)
	sendertest.Must(t, o.SetBackoffs(o.Backoffs().Fail(backoff.Backoff{}.Next(noon, time.Hour, "503"), "")))
	recordAccepted(t, s, tool, uuid.New(), "{}")
	sendertest.Write(t, o.Path("rejected", place(t, o, "tmp", sampleID).Name()), "{}")
	want := Status{Queued: 1, Rejected: 1, Last: Attempt{At: noon, Outcome: AttemptAccepted, Status: 200}, NotBefore: noon.Add(time.Hour), Failures: 1, Failure: "503"}
	if st, err := s.Status(tool); st != want || err != nil {
		t.Errorf("%+v, want %+v, %v", st, want, err)
	}
	s.now = func() time.Time { return noon.Add(2 * time.Hour) }
	want.NotBefore, want.Failures, want.Failure = time.Time{}, 0, ""
	if st, err := s.Status(tool); st != want || err != nil {
		t.Errorf("when the back-off is over: %+v, want %+v, %v", st, want, err)
	}
}
