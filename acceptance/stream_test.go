package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

const streamManifest = `schema = 1
tool = {id = "mytool", purpose = "Has many events."}
identity = {kind = "none"}
send = {transport = "http", endpoint = "%s/v1"}
event = [{name = "step"}]
[[field]]
name = "n"
type = "int"
purpose = "To see the order."
[[field]]
name = "run"
from = "run.id"
purpose = "To tell runs apart."
`

// TestStreamArrives holds that all events of a stream arrive, and those of a run in order. Few
// arrive again: those that a deliverer was sending when its time was over.
func TestStreamArrives(t *testing.T) {
	t.Parallel()
	streamArrives(t, 2500)
}

// streamReceiver counts what arrives.
type streamReceiver struct {
	t    testing.TB
	url  string
	mu   sync.Mutex
	next map[uuid.UUID]int // by run: the number of the next event
	all  int               // that arrived, each counted once
	more int               // that arrived again
}

func newStreamReceiver(t testing.TB) *streamReceiver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r := &streamReceiver{t: t, url: "http://" + l.Addr().String(), next: map[uuid.UUID]int{}}
	server := &http.Server{Handler: r}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return r
}

func (r *streamReceiver) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	var document struct {
		N   int
		Run uuid.UUID
	}
	err := json.NewDecoder(request.Body).Decode(&document)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch want := r.next[document.Run]; {
	case err != nil || document.N > want:
		r.t.Errorf("event %d of the run %s arrived, want %d; %v", document.N, document.Run, want, err)
	case document.N == want:
		r.next[document.Run]++
		r.all++
	default: // once more, because the deliverer did not wait for the answer
		r.more++
	}
}

func (r *streamReceiver) arrived() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

// streamArrives has many events of eight runs go through one process.
func streamArrives(t *testing.T, many int) {
	receiver := newStreamReceiver(t)
	p := newPersonIn(t, t.TempDir())
	p.toolID = "mytool"
	p.declare("mytool", fmt.Sprintf(streamManifest, receiver.url))
	p.enable()
	const runs = 8
	var names [runs]string
	for i := range names {
		names[i] = uuid.NewString()
	}
	var lines bytes.Buffer
	for i := range many {
		fmt.Fprintf(&lines, `{"event":"step","set":{"n":%d},"run":%q}`+"\n", i/runs, names[i%runs])
	}
	begin := time.Now()
	out := p.must(lines.String(), "send", "mytool", "--stream", "--fail", "--json")
	t.Logf("%d events were taken at %.0f a second", many, float64(many)/time.Since(begin).Seconds())
	if want := fmt.Sprintf(`{"schema":1,"tool":"mytool","taken":%d,"flawed":0,"skipped":0,"off":0,"dropped":0}`, many); strings.TrimSpace(out) != want {
		t.Fatalf("got %s, want %s", out, want)
	}
	for before := -1; receiver.arrived() < many && receiver.arrived() > before; { // as long as some arrive
		before = receiver.arrived()
		p.run("", "flush", "--timeout=20s")
	}
	if n := receiver.arrived(); n != many {
		t.Errorf("%d of %d events arrived", n, many)
	}
	if receiver.more > many/100 {
		t.Errorf("%d events arrived again", receiver.more)
	}
	status := p.must("", "status", "mytool", "--json")
	if !strings.Contains(status, `"queued":0,"rejected":0,"dropped":0,`) {
		t.Errorf("%s", status)
	}
}

// TestStreamOfTheDead holds that what was written before the writer died is taken, and that half a
// line is not.
func TestStreamOfTheDead(t *testing.T) {
	t.Parallel()
	receiver := newStreamReceiver(t)
	p := newPersonIn(t, t.TempDir())
	p.toolID = "mytool"
	p.declare("mytool", fmt.Sprintf(streamManifest, receiver.url))
	p.enable()
	out, msg, code := p.run(`{"event":"step","set":{"n":0}}`+"\n"+`{"event":"st`, "send", "mytool", "--stream", "--json")
	if code != 0 || !strings.Contains(out, `"taken":1,"flawed":0,"skipped":1,`) || !strings.Contains(msg, "line 2 is skipped: it is no JSON object") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out, msg)
	}
	p.run("", "flush")
	eventually(t, "the event arrives", func() bool { return receiver.arrived() == 1 })
}
