package sender

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

const head = `schema = 1
[tool]
id = "mytool"
purpose = "A test."
[consent]
levels = ["one", "two"]
[send]
transport = "http"
endpoint = "http://127.0.0.1:9/v1"
[[event]]
name = "run"
`

func parse(t testing.TB, text string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOutboxRefusesWithoutPermit(t *testing.T) {
	m := parse(t, head)
	o := OpenOutbox(t.TempDir(), m.Tool.ID)
	e := Entry{Schema: 1, Tool: m.Tool.ID, Event: "run", EventID: uuid.New(), TakenAt: time.Now(), Endpoint: m.Send.Endpoint, Values: &jsondoc.Object{}}
	if err := o.Put(consent.Permit{}, e); err == nil {
		t.Error("an event was queued with the zero permit")
	}
	if _, err := newMessage(consent.Permit{}, m, e, Payload{}); err == nil {
		t.Error("a message was made with the zero permit")
	}
	if c, err := o.Count(); err != nil || c.Queued != 0 {
		t.Errorf("%d events are queued", c.Queued)
	}
}

func TestEntryRoundTrip(t *testing.T) {
	values, err := jsondoc.ParseObject([]byte(`{"b": 1, "a": 12345678901234567890, "c": 1.0}`))
	if err != nil {
		t.Fatal(err)
	}
	id, err := manifest.ParseID("mytool")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(Entry{Schema: 1, Tool: id, Event: "run", EventID: uuid.New(), Values: values})
	if err != nil {
		t.Fatal(err)
	}
	e, err := parseEntry(data)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := jsondoc.Append(nil, e.Values); string(got) != `{"b":1,"a":12345678901234567890,"c":1.0}` {
		t.Errorf("got %s", got)
	}
}

// FuzzParseEntry holds that whatever lies in an outbox is read or refused.
func FuzzParseEntry(f *testing.F) {
	f.Add([]byte(`{"schema":1,"tool":"t","event":"e","event_id":"6282ac78-ba9e-4c6f-a849-732aae44989d","values":{"a":1}}`))
	f.Add([]byte(`{"schema":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := parseEntry(data)
		if err == nil && (e.Tool.IsZero() || e.Event == "" || e.EventID == uuid.Nil) {
			t.Errorf("incomplete: %+v", e)
		}
	})
}
