package transport

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// segmentTransport posts batches to Segment's HTTP API. A document's "event",
// "userId", "anonymousId", "properties" and "context" make one track message.
type segmentTransport struct {
	Config
	send manifest.Send
}

// Limits of Segment's batches: 500 KB and, as its own clients have it, 100 messages.
func (t segmentTransport) Limits() (int, int) { return 100, 450_000 }

func (t segmentTransport) Wire(messages []Message) (Wire, error) {
	w, err := t.request(messages, secret.Mask)
	w.Text = string(w.Body)
	return w, err
}

var errNoWriteKey = errors.New("the write key is not set")

func (t segmentTransport) key() (string, error) {
	if t.send.WriteKey != "" {
		return t.send.WriteKey, nil
	}
	if key, ok := t.Env(t.send.WriteKeyEnv); ok && key != "" {
		return key, nil
	}
	return "", fmt.Errorf("%w: set %s", errNoWriteKey, t.send.WriteKeyEnv)
}

func (t segmentTransport) request(messages []Message, key string) (Wire, error) {
	batch := []any{}
	for _, m := range messages {
		batch = append(batch, segmentTrack(m))
	}
	body := &jsondoc.Object{}
	body.Set("batch", batch)
	body.Set("sentAt", t.Now().UTC().Format("2006-01-02T15:04:05.000000-07:00"))
	headers := []manifest.Header{{Name: "Content-Type", Value: "application/json"}, t.userAgent()}
	if t.send.Auth == "body" {
		body.Set("writeKey", key)
	} else {
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":"))
		headers = append(headers, manifest.Header{Name: "Authorization", Value: basic})
	}
	data, err := jsondoc.Append(nil, body)
	return Wire{Method: "POST", URL: t.send.Endpoint, Headers: headers, Body: data}, err
}

// segmentTrack has its members in the order in which Segment's Python client
// writes them. The message ID is the event's, so that a retry is the same message.
func segmentTrack(m Message) *jsondoc.Object {
	doc := m.Document
	o := &jsondoc.Object{}
	o.Set("integrations", &jsondoc.Object{})
	anonymous, _ := doc.Get("anonymousId")
	o.Set("anonymousId", anonymous)
	o.Set("properties", objectAt(doc, "properties"))
	o.Set("timestamp", m.TakenAt.UTC().Format("2006-01-02T15:04:05.000-07:00"))
	o.Set("context", objectAt(doc, "context"))
	if user, ok := doc.Get("userId"); ok {
		o.Set("userId", user)
	}
	o.Set("type", "track")
	name, ok := doc.Get("event")
	if !ok {
		name = m.Event
	}
	o.Set("event", name)
	o.Set("messageId", m.EventID.String())
	return o
}

func (t segmentTransport) Send(ctx context.Context, messages []Message) []Outcome {
	key, err := t.key()
	if err != nil {
		return all(messages, Outcome{Result: Retry, Note: err.Error()})
	}
	b := bisection{split: t.Split, stop: t.Stop, send: func(messages []Message) Outcome {
		w, err := t.request(messages, key)
		if err != nil {
			return Outcome{Result: Rejected, Note: err.Error()}
		}
		return t.recorded(messages, func(begun func()) Outcome {
			o, _ := t.post(ctx, w, maxAnswer, hiddenOf(w, append(privateOf(messages), key)), begun)
			return o
		})
	}}
	return b.run(messages)
}
