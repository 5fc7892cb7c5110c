package acceptance

import (
	"fmt"
	"strings"
	"testing"
)

// spanTool is the manifest of a tool that sends spans.
const spanTool = `schema = 1
tool = {id = "mytool", purpose = "Shows a span."}
send = {transport = "otlp", endpoint = "https://telemetry.example/"}
event = [{name = "run"}]
field = [
  {name = "start", key = "/start", type = "float", purpose = "p"},
  {name = "end", key = "/end", type = "string", purpose = "p"},
  {name = "status", key = "/status", type = "string", purpose = "p"},
  {name = "id", key = "/attributes/id", from = "event.id", purpose = "p"},
]
`

// TestOTLPDocument holds how a document becomes a span: its times, its status and its IDs,
// as docs/manifest.md says.
func TestOTLPDocument(t *testing.T) {
	const run = "0af76519-16cd-43dd-8448-eb211c80319c"
	p := newPersonIn(t, t.TempDir())
	p.declare("mytool", spanTool)
	for status, code := range map[string]string{"unset": "", "ok": "1", "error": "2"} {
		wire := decodeJSON(t, []byte(p.must("", "inspect", "mytool", "run", "--run", run, "--wire", "--json",
			"--set", "start=1795304789.5", "--set", "end=2026-11-21T23:46:30.25Z", "--set", "status="+status)))
		span := part(wire, "/body/resourceSpans/0/scopeSpans/0/spans/0")
		if start, end := part(span, "/startTimeUnixNano"), part(span, "/endTimeUnixNano"); start != "1795304789500000000" || end != "1795304790250000000" {
			t.Errorf("from %v to %v", start, end)
		}
		if got := part(span, "/status/code"); got != nil && fmt.Sprint(got) != code || (got == nil) != (code == "") {
			t.Errorf("the status %s is %v", status, got)
		}
		if trace := part(span, "/traceId"); trace != strings.ReplaceAll(run, "-", "") {
			t.Errorf("the trace ID is %v", trace)
		}
		id, _ := part(span, "/attributes/0/value/stringValue").(string)
		if spanID, _ := part(span, "/spanId").(string); len(spanID) != 16 || !strings.HasPrefix(strings.ReplaceAll(id, "-", ""), spanID) {
			t.Errorf("the span ID of the event %s is %s", id, spanID)
		}
	}
}
