package sender

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// TestNewMessageNeedsAPermit holds that the zero permit covers no event. That it queues
// none is the outbox's to hold.
func TestNewMessageNeedsAPermit(t *testing.T) {
	m := sendertest.Tool(t, "mytool", sendertest.Nowhere, `method = "none"`)
	e := outbox.Entry{Schema: outbox.Schema, Tool: m.Tool.ID, Event: "run", EventID: uuid.New(), TakenAt: noon, Endpoint: m.Send.Endpoint, Values: &jsondoc.Object{}}
	if got, err := newMessage(consent.Permit{}, m, e, payload.Payload{}); !errors.Is(err, consent.ErrNoConsent) || !reflect.DeepEqual(got, transport.Message{}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestStrictDeletions holds that the short answer of a naive receiver is taken for an
// event's acceptance, and never for a deletion's, by either method.
func TestStrictDeletions(t *testing.T) {
	for body, want := range map[string]transport.Result{"OK": transport.Retry, "{}": transport.Accepted, "": transport.Accepted} {
		s := newSender(t)
		s.client = &http.Client{Transport: sendertest.RoundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/plain", "text/html"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})}
		m := sendertest.Tool(t, "mytool", sendertest.Nowhere, `method = "event", event = "forget"`)
		event := messageOf(m, outbox.Entry{Event: "run", EventID: uuid.New()}, payload.Payload{})
		if out := transportOf(s.transportConfig(), m).Send(t.Context(), []transport.Message{event})[0]; out.Result != transport.Accepted {
			t.Errorf("an event, %q: %+v", body, out)
		}
		d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)), m)
		for _, r := range d.Requests {
			if out := s.askOne(t.Context(), &d, r); out.Result != want {
				t.Errorf("a deletion by %s, %q: %+v", r.Method, body, out)
			}
		}
	}
}
