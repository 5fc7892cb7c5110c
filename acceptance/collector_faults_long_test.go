//go:build long

package acceptance

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
)

// queue sends the first message, which has to fail because the receiver does, and
// then, while the back-off keeps deliverers away, the others.
func (i *installed) queue(list []message) []uuid.UUID {
	i.t.Helper()
	const tempFail = 75
	first := i.send(list[0], "--wait=1s")
	if first.code != tempFail || first.Outcome != "queued" {
		i.t.Fatalf("%+v", first)
	}
	ids := []uuid.UUID{first.EventID}
	for _, m := range list[1:] {
		ids = append(ids, i.send(m).EventID)
	}
	if got, want := i.status(), (counts{Queued: len(list)}); got != want {
		i.t.Fatalf("%+v, not %+v", got, want)
	}
	return ids
}

// spanIDs are what the transport makes of the IDs of events, sorted.
func (i *installed) spanIDs(events []uuid.UUID) []string {
	var list []string
	for _, id := range events {
		list = append(list, i.vars(id)["SPAN"])
	}
	slices.Sort(list)
	return list
}

// receivedSpans are the span IDs that the collector took, sorted, as often as it
// took them.
func (c *collector) receivedSpans(t testing.TB) []string {
	t.Helper()
	var list []string
	for _, item := range c.items(t, "traces.jsonl") {
		id, _ := part(item, "/item/spanId").(string)
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// TestSystemsOTLPUnavailable holds that what a collector cannot take now is kept
// and delivered later, each event as one span.
func TestSystemsOTLPUnavailable(t *testing.T) {
	t.Parallel()
	c := startCollector(t, "-reject", "2")
	f := startFront(t, c)
	f.down.Store(true)
	i := install(t, stripepy, f.URL)
	ids := i.queue(stripepy.messages(t))
	f.down.Store(false)
	i.must("", "flush")

	// After several failures the deliverer divides the batch.
	if got := f.answered(); len(got) < 3 || !slices.Equal(got[:2], []int{503, 503}) || !slices.Equal(slices.Compact(got[2:]), []int{200}) {
		t.Errorf("the collector answered %v", got)
	}
	if got := i.status(); got != (counts{}) {
		t.Errorf("%+v after all was delivered", got)
	}
	got := c.receivedSpans(t)
	if want := i.spanIDs(ids); !slices.Equal(slices.Compact(got), want) {
		t.Errorf("spans %v arrived, not %v", got, want)
	}
}

// TestSystemsOTLPRefused holds that a batch that a collector refuses for good is
// divided until only what it does not like is moved aside.
func TestSystemsOTLPRefused(t *testing.T) {
	t.Parallel()
	c := startCollector(t, "-reject", "3", "-permanent")
	f := startFront(t, c)
	f.down.Store(true)
	i := install(t, stripepy, f.URL)
	ids := i.queue(stripepy.messages(t)[:4])
	f.down.Store(false)

	const rejected = 76
	if stdout, stderr, code := i.run("", "flush"); code != rejected {
		t.Errorf("flush: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	// All four, the first two, the first, and then the second and the others.
	if got := f.answered(); !slices.Equal(got, []int{400, 400, 400, 200, 200}) {
		t.Errorf("the collector answered %v", got)
	}
	if got, want := i.status(), (counts{Rejected: 1}); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
	if got, want := c.receivedSpans(t), i.spanIDs(ids[1:]); !slices.Equal(got, want) {
		t.Errorf("spans %v arrived, not %v", got, want)
	}
	i.checkRejection(ids[0], "refused, as asked by -reject")
}

// checkRejection looks for the one event that was moved aside, and the answer.
func (i *installed) checkRejection(event uuid.UUID, answer string) {
	i.t.Helper()
	files, err := filepath.Glob(filepath.Join(i.home, ".local", "state", "usagectl", "outbox", i.tool, "rejected", "*"))
	if err != nil || len(files) != 1 {
		i.t.Fatalf("rejected are %q: %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		i.t.Fatal(err)
	}
	r := decodeJSON(i.t, data)
	got, _ := part(r, "/answer").(string)
	if part(r, "/entry/event_id") != event.String() || !strings.HasPrefix(got, "400 Bad Request ") || !strings.Contains(got, answer) {
		i.t.Errorf("rejected is %s, not %s because of a 400 with %q", data, event, answer)
	}
}

// TestSystemsOTLPPartialSuccess holds that a span that a collector drops in a
// successful answer is told and never sent again (OTLP specification, "Partial
// Success"). The real receiver never answers so.
func TestSystemsOTLPPartialSuccess(t *testing.T) {
	t.Parallel()
	const message = "too old"
	partial := append([]byte{0x08, 1, 0x12, byte(len(message))}, message...) // rejected_spans, error_message
	answer := append([]byte{0x0a, byte(len(partial))}, partial...)           // partial_success
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.Write(answer)
	}))
	defer server.Close()
	i := install(t, stripepy, server.URL)

	const rejected = 76
	out := i.send(stripepy.messages(t)[0], "--wait=30s")
	if out.code != rejected || out.Outcome != "rejected" || !strings.Contains(out.Reason.Detail, message) {
		t.Errorf("%+v", out)
	}
	i.must("", "flush")
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
	if got, want := i.status(), (counts{Rejected: 1}); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
}

// logsManifest declares a tool that sends log records.
const logsManifest = `schema = 1

[tool]
id       = "logger"
name     = "Logger"
homepage = "https://logger.example"
privacy  = "https://logger.example/telemetry"
purpose  = "Tests log records."

[consent]
default = "opt-in"

[identity]
kind = "none"

[send]
transport = "otlp"
endpoint  = "ENDPOINT"
signal    = "logs"

[forget]
method = "none"

[[event]]
name = "run.end"

[[field]]
name    = "service"
key     = "/resource/service.name"
from    = "const"
value   = "logger"
purpose = "To tell programs apart."

[[field]]
name    = "when"
key     = "/end"
type    = "string"
purpose = "To see when."

[[field]]
name    = "count"
key     = "/attributes/count"
type    = "int"
purpose = "To count."

[[field]]
name    = "detail"
key     = "/attributes/detail"
type    = "json"
purpose = "To see what else the wire can carry."
`

// logRecord is what has to arrive for it.
const logRecord = `{"resource": {"service.name": {"stringValue": "logger"}}, "scope": {"name": "logger"}, "item": {
	"timeUnixNano": "1795305747250000000", "observedTimeUnixNano": "", "severityNumber": 9, "severityText": "INFO",
	"body": {"stringValue": "run.end"}, "eventName": "run.end", "traceId": "", "spanId": "", "attributes": {
		"count": {"intValue": "-7"},
		"detail": {"kvlistValue": {"values": [
			{"key": "big", "value": {"intValue": "9007199254740993"}},
			{"key": "half", "value": {"doubleValue": 0.5}},
			{"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"boolValue": true}, {}]}}}]}}}}}`

// TestSystemsOTLPLogs sends a log record, which no built-in manifest does.
func TestSystemsOTLPLogs(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	i := &installed{system: system{tool: "logger", eventAt: "/item/eventName"}, person: newPersonIn(t, t.TempDir())}
	i.addManifest(strings.Replace(logsManifest, "ENDPOINT", c.OTLP+"/v1/logs", 1))
	i.must("", "enable", "-q", i.tool)
	i.documents = func() []any { return c.items(t, "logs.jsonl") }

	ids, documents := i.deliver([]message{{
		event: "run.end",
		set:   []string{"when=2026-11-22T00:02:27.25Z", "count=-7"},
		data:  `{"detail": {"big": 9007199254740993, "half": 0.5, "list": ["a", true, null]}}`,
	}})
	compare := comparison{vars: i.vars(ids["run.end"]), allow: []difference{
		{"/item/observedTimeUnixNano", nanos, "the time"},
		{"/item/traceId", `$TRACE`, "new for each run"},
		{"/item/spanId", `$SPAN`, "new for each event"},
	}}
	for _, d := range compare.differences(normal(t, decodeJSON(t, []byte(logRecord))), documents["run.end"]) {
		t.Error(d)
	}
	if lines := c.lines(t, "traces.jsonl"); len(lines) > 0 {
		t.Errorf("spans arrived too: %s", lines)
	}
}
