package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recordedTool is the manifest of a tool that sends to an address.
const recordedTool = `schema = 1
tool = {id = "mytool", purpose = "Shows what is recorded."}
send = {transport = "http", endpoint = "%s/v1"}
event = [{name = "run"}]
field = [{name = "id", from = "event.id", purpose = "To count an event once that arrives twice."}]
`

// TestKilledAttempt kills a delivery while the server has the document and does not
// answer. The journal then has the document, and says that its outcome is unknown.
func TestKilledAttempt(t *testing.T) {
	server := newRecorder(t, "hang")
	p := newPersonIn(t, t.TempDir())
	p.declare("mytool", fmt.Sprintf(recordedTool, server.url()))
	p.must("", "enable", "-q", "mytool")
	cmd := p.command("send", "mytool", "run", "--wait=60s")
	must(t, cmd.Start())
	eventually(t, "the server has it", func() bool { return server.waiting() == 1 })
	must(t, cmd.Process.Kill())
	if err := cmd.Wait(); err == nil {
		t.Fatal("it was not killed")
	}
	body := server.bodies()[0]
	out := p.must("", "inspect", "mytool", "--sent", "--json")
	if !strings.Contains(out, `"outcome":"unknown"`) || !strings.Contains(out, `"payload":`+body) {
		t.Errorf("%s", out)
	}
	if out := p.must("", "inspect", "mytool", "--sent"); !strings.Contains(out, "unknown: it is being sent, or was interrupted; it may have arrived") {
		t.Errorf("%s", out)
	}
	if out := p.must("", "status", "mytool", "--json"); !strings.Contains(out, `"last_attempt":{"at":"20`) || !strings.Contains(out, `"outcome":"unknown"}`) {
		t.Errorf("%s", out)
	}
	// The next one sends it again, and both are there.
	server.goOn()
	if out, msg, code := p.run("", "flush"); code != 0 {
		t.Fatalf("flush: %d, %q, %q", code, out, msg)
	}
	out = p.must("", "inspect", "mytool", "--sent", "--json")
	if strings.Count(out, `"payload":`+body) != 2 || strings.Count(out, `"outcome":"unknown"`) != 1 || strings.Count(out, `"outcome":"accepted"`) != 1 {
		t.Errorf("%s", out)
	}
}

// TestLargeJournalIsStreamed shows a journal that is much larger than the program makes
// one: all of it, as it is read.
func TestLargeJournalIsStreamed(t *testing.T) {
	t.Parallel()
	p := newPersonIn(t, t.TempDir())
	p.declare("mytool", fmt.Sprintf(recordedTool, "http://127.0.0.1:9"))
	must(t, os.MkdirAll(p.state("journal"), 0o700))
	const records = 50_000
	var journal strings.Builder
	for i := range records {
		fmt.Fprintf(&journal, `{"schema":2,"request":"%016x","at":"2026-11-21T12:00:00Z","endpoint":"https://t.example","events":[{"id":"01000000-0000-4000-8000-%012x","name":"run","payload":{"n":%d,"text":%q}}]}`+"\n", i, i, i, strings.Repeat("x", 1000))
		fmt.Fprintf(&journal, `{"schema":2,"request":"%016x","at":"2026-11-21T12:00:00Z","outcome":"accepted","status":200}`+"\n", i)
	}
	mustWrite(t, p.state("journal", "mytool.jsonl"), journal.String())
	out := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(out)
	must(t, err)
	cmd := p.command("inspect", "mytool", "--sent")
	cmd.Stdout = f
	must(t, cmd.Run())
	must(t, f.Close())
	if got := strings.Count(string(mustRead(t, out)), "\n  accepted\n"); got != records {
		t.Errorf("%d records are shown of %d", got, records)
	}
}
