package sender

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// TestLongestWait holds that of several answers the one that asks for the longest wait
// counts, in whichever order they come.
func TestLongestWait(t *testing.T) {
	for _, waits := range [][]time.Duration{{time.Hour}, {time.Hour, 0}, {0, time.Hour}, {time.Hour, time.Minute, 0}, {time.Minute, time.Hour, time.Second}} {
		s := newSender(t)
		o := s.Outbox(toolID(t, "mytool"))
		r := round{Sender: s, outbox: o, self: thisProcess(), sum: &Summary{}}
		var sent []claimed
		var outcomes []transport.Outcome
		for _, wait := range waits {
			c, err := o.claim(place(t, o, "new", sampleID).name(), r.self, noon)
			if err != nil {
				t.Fatal(err)
			}
			sent, outcomes = append(sent, claimed{claim: c}), append(outcomes, transport.Outcome{Result: transport.Retry, Status: 503, RetryAfter: wait, Note: "503"})
		}
		if err := r.settle(t.Context(), nil, sent, outcomes); err != nil {
			t.Fatal(err)
		}
		if b := o.Backoff(); r.sum.RetryAfter != time.Hour || !b.Asked.Equal(noon.Add(time.Hour)) || r.failed.RetryAfter != time.Hour {
			t.Errorf("%v: %+v, %+v", waits, r.sum, b)
		}
	}
}

// TestStrictDeletions holds that the short answer of a naive receiver is taken for an
// event's acceptance, and never for a deletion's, by either method.
func TestStrictDeletions(t *testing.T) {
	for body, want := range map[string]transport.Result{"OK": transport.Retry, "{}": transport.Accepted, "": transport.Accepted} {
		s := newSender(t)
		s.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/plain", "text/html"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})}
		m := toolAt(t, "mytool", nowhere, `method = "event", event = "forget"`)
		event := messageOf(m, Entry{Event: "run", EventID: uuid.New()}, Payload{})
		if out := transport.New(s.surroundings(), targetOf(m)).Send(t.Context(), []transport.Message{event})[0]; out.Result != transport.Accepted {
			t.Errorf("an event, %q: %+v", body, out)
		}
		d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(nowhere)), m)
		for _, r := range d.Requests {
			if out := s.askOne(t.Context(), &d, r); out.Result != want {
				t.Errorf("a deletion by %s, %q: %+v", r.Method, body, out)
			}
		}
	}
}
