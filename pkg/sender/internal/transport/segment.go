package sender

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
	medium
	send manifest.Send
}

// Limits of Segment's batches: 500 KB and, as its own clients have it, 100 messages.
func (t segmentTransport) limits() (int, int) { return 100, 450_000 }

func (t segmentTransport) wire(parcels []parcel) (Wire, error) {
	w, err := t.request(parcels, secret.Mask)
	w.Text = string(w.Body)
	return w, err
}

var errNoWriteKey = errors.New("the write key is not set")

func (t segmentTransport) key() (string, error) {
	if t.send.WriteKey != "" {
		return t.send.WriteKey, nil
	}
	if key, ok := t.env(t.send.WriteKeyEnv); ok && key != "" {
		return key, nil
	}
	return "", fmt.Errorf("%w: set %s", errNoWriteKey, t.send.WriteKeyEnv)
}

func (t segmentTransport) request(parcels []parcel, key string) (Wire, error) {
	batch := []any{}
	for _, p := range parcels {
		batch = append(batch, segmentMessage(p))
	}
	body := &jsondoc.Object{}
	body.Set("batch", batch)
	body.Set("sentAt", t.now().UTC().Format("2006-01-02T15:04:05.000000-07:00"))
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

// segmentMessage has its members in the order in which Segment's Python client
// writes them. The message ID is the event's, so that a retry is the same message.
func segmentMessage(p parcel) *jsondoc.Object {
	doc := p.document()
	m := &jsondoc.Object{}
	m.Set("integrations", &jsondoc.Object{})
	anonymous, _ := doc.Get("anonymousId")
	m.Set("anonymousId", anonymous)
	m.Set("properties", objectAt(doc, "properties"))
	m.Set("timestamp", p.takenAt.UTC().Format("2006-01-02T15:04:05.000-07:00"))
	m.Set("context", objectAt(doc, "context"))
	if user, ok := doc.Get("userId"); ok {
		m.Set("userId", user)
	}
	m.Set("type", "track")
	name, ok := doc.Get("event")
	if !ok {
		name = p.event
	}
	m.Set("event", name)
	m.Set("messageId", p.eventID.String())
	return m
}

func objectAt(doc *jsondoc.Object, name string) *jsondoc.Object {
	v, _ := doc.Get(name)
	if o, ok := v.(*jsondoc.Object); ok {
		return o
	}
	return &jsondoc.Object{}
}

func (t segmentTransport) carry(ctx context.Context, parcels []parcel) []outcome {
	key, err := t.key()
	if err != nil {
		return all(parcels, outcome{result: retry, note: err.Error()})
	}
	b := bisection{split: t.split, send: func(parcels []parcel) outcome {
		w, err := t.request(parcels, key)
		if err != nil {
			return outcome{result: rejected, note: err.Error()}
		}
		return t.post(ctx, w, maxAnswer, append(private(parcels), key)...).outcome()
	}}
	return b.run(parcels)
}
