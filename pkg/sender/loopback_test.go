package sender

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestParseLoopback holds that nothing but a numeric address of this machine, with a port, is
// taken for one.
func TestParseLoopback(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.0.1:8765":         "127.0.0.1:8765",
		"127.8.9.10:1":           "127.8.9.10:1",
		"[::1]:65535":            "[::1]:65535",
		"http://127.0.0.1:8765":  "127.0.0.1:8765",
		"http://127.0.0.1:8765/": "127.0.0.1:8765",
		"udp://127.0.0.1:8765":   "127.0.0.1:8765",
	} {
		if l, err := ParseLoopback(text); err != nil || l.String() != want {
			t.Errorf("%s: %v, %v", text, l, err)
		}
	}
	for _, text := range []string{
		"", " ", ":8765", "http://", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "http://127.0.0.1", "[::1]", "::1:8765",
		"localhost:8765", "LOCALHOST:8765", "localhost.:8765", "127.0.0.1.:8765", "127.0.0.1.example.com:8765", "localhost.example.com:8765",
		"http://127.0.0.1@example.com:8765", "http://127.0.0.1:8765@example.com", "http://example.com#127.0.0.1:8765", "http://127.0.0.1:8765\\@example.com",
		"0x7f.0.0.1:8765", "0x7f.1:8765", "127.1:8765", "2130706433:8765", "0177.0.0.1:8765", "127.0.0.01:8765", "127.0.0.1:8765:8765",
		"[::ffff:127.0.0.1]:8765", "[::ffff:10.0.0.1]:8765", "[::1%eth0]:8765", "[::]:8765", "0.0.0.0:8765", "0:8765", "[::127.0.0.1]:8765",
		"10.0.0.1:8765", "169.254.1.1:8765", "128.0.0.1:8765", "126.255.255.255:8765", "192.0.2.1:8765", "[fe80::1]:8765", "[2001:db8::1]:8765",
		"https://127.0.0.1:8765", "HTTP://127.0.0.1:8765", "ftp://127.0.0.1:8765", "//127.0.0.1:8765", "http:127.0.0.1:8765", "://127.0.0.1:8765",
		"http://127.0.0.1:8765/v1", "http://127.0.0.1:8765?x", "127.0.0.1:8765//", "127.0.0.1:8765 ", " 127.0.0.1:8765", "127.0.0.1:8765\n",
		"127.0.0.1:8765\x00", "１２７.0.0.1:8765", "127。0。0。1:8765", "http://http://127.0.0.1:8765",
	} {
		if l, err := ParseLoopback(text); !errors.Is(err, ErrNoLoopback) || l != (Loopback{}) {
			t.Errorf("%q is taken for %v: %v", text, l, err)
		}
	}
}

// FuzzParseLoopback holds that what is taken is an address of this machine by another parser too.
func FuzzParseLoopback(f *testing.F) {
	for _, text := range []string{"127.0.0.1:1", "[::1]:2", "http://127.0.0.1:3/", "[::ffff:127.0.0.1]:4", "127.0.0.1.example.com:5"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLoopback(text)
		if err != nil {
			return
		}
		host, port, err := net.SplitHostPort(l.String())
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() || port == "0" {
			t.Errorf("%q is taken for %v", text, l)
		}
	})
}

// forTest is a person who has refused everything, a tool, and a sender that tests it.
func forTest(t *testing.T, r *sendertest.Receiver, transport string) (Sender, *manifest.Manifest, Sender) {
	t.Helper()
	s := newSender(t)
	at := map[bool]string{strings.Contains(transport, "segment"): "/properties", strings.Contains(transport, "otlp"): "/attributes"}[true]
	m := sendertest.Parse(t, strings.ReplaceAll(`schema = 1
tool = {id = "mytool", purpose = "p"}
consent = {levels = ["one", "two"], refuse = [{env = "MYTOOL_NO", when = "present"}]}
event = [{name = "run"}, {name = "crash", level = 2}]
field = [
  {name = "n", key = "AT/n", type = "int", purpose = "p", required = true},
  {name = "level", key = "AT/level", from = "consent.level", purpose = "p"},
  {name = "source", key = "AT/source", from = "identity.source", purpose = "p", level = 2},
  {name = "again", key = "AT/again", from = "identity.source", purpose = "p"},
  {name = "user", key = "AT/user", from = "host.user_hash", purpose = "p"},
]
`, "AT", at)+transport)
	to, err := ParseLoopback(r.URL)
	sendertest.Must(t, err)
	s.env = func(name string) (string, bool) {
		value, ok := map[string]string{"DO_NOT_TRACK": "1", "USAGECTL_TELEMETRY": "0", "MYTOOL_NO": "1", "CI": "true", "MYTOOL_WRITE_KEY": "k"}[name]
		return value, ok
	}
	return s, m, s.ForTest(to)
}

// TestForTest holds that a test sends the whole event to the loopback address alone, whatever
// was decided, keeps the manifest's path, and leaves nothing behind.
func TestForTest(t *testing.T) {
	for name, send := range map[string]string{
		"http":    `send = {transport = "http", endpoint = "https://telemetry.invalid/v1/event?a=b"}`,
		"segment": `send = {transport = "segment", endpoint = "https://telemetry.invalid/v1/event", write_key_env = "MYTOOL_WRITE_KEY"}`,
		"otlp":    `send = {transport = "otlp", endpoint = "https://telemetry.invalid/v1/event", signal = "logs"}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := sendertest.NewReceiver(t, nil)
			if name == "otlp" {
				r.Answer = func(w http.ResponseWriter) { w.Header().Set("Content-Type", "application/x-protobuf") }
			}
			s, m, test := forTest(t, r, send)
			sendertest.Write(t, filepath.Join(s.dirs().Home, ".mytool", "source"), sendertest.SampleID)
			before := sendertest.Tree(t, s.dirs().Home)
			out := test.Take(context.Background(), Event{Name: "crash", Values: map[string]any{"n": 3}, Manifest: m, Wait: time.Minute})
			if out.Outcome != Tested || out.Reason.Rule != RuleTest || out.Err != nil {
				t.Fatalf("%+v", out)
			}
			if after := sendertest.Tree(t, s.dirs().Home); !maps.Equal(before, after) {
				t.Errorf("in the home there is %q, and there was %q", after, before)
			}
			asked := r.Requests()
			if len(asked) != 1 || asked[0].Path != "/v1/event" || strings.Contains(asked[0].Body, sendertest.SampleID) {
				t.Fatalf("%+v", asked)
			}
			document := string(out.Document)
			for _, part := range []string{`"n":3`, `"level":2`, `"source":"`, `"again":"`, `"user":"`} {
				if !strings.Contains(document, part) || strings.Contains(document, sendertest.SampleID) {
					t.Errorf("%s is not in %s", part, document)
				}
			}
		})
	}
}

// TestForTestLevel checks that a level lowers what a test sends, and never raises it.
func TestForTestLevel(t *testing.T) {
	r := sendertest.NewReceiver(t, nil)
	_, m, test := forTest(t, r, `send = {transport = "http", endpoint = "https://telemetry.invalid/v1/event"}`)
	take := func(event string, level int) Result {
		return test.Take(context.Background(), Event{Name: event, Level: level, Values: map[string]any{"n": 3}, Manifest: m, Wait: time.Minute})
	}
	for level, want := range map[int]string{1: `"level":1`, 2: `"level":2`, 9: `"level":2`} {
		out := take("run", level)
		if document := string(out.Document); out.Outcome != Tested || !strings.Contains(document, want) || strings.Contains(document, `"source"`) != (level > 1) {
			t.Errorf("at level %d it is %v: %s", level, out.Outcome, document)
		}
	}
	if out := take("crash", 1); out.Outcome != Off || out.Reason.Rule != RuleEvent || len(r.Requests()) != 3 {
		t.Errorf("an event above the level: %+v, %d requests", out, len(r.Requests()))
	}
}

// TestForTestFails holds that a test in which nothing was accepted says so.
func TestForTestFails(t *testing.T) {
	const send = `send = {transport = "http", endpoint = "https://telemetry.invalid/v1/event"}`
	ctx := context.Background()
	for _, c := range []struct {
		name    string
		status  int
		values  map[string]any
		outcome Outcome
		asked   int // at least
	}{
		{"refused", 400, map[string]any{"n": 3}, Rejected, 1},
		{"server error", 500, map[string]any{"n": 3}, Dropped, 2},
		{"a redirect", 302, map[string]any{"n": 3}, Rejected, 1},
		{"not found", 404, map[string]any{"n": 3}, Dropped, 1},
		{"a value that does not fit", 200, map[string]any{"n": "three"}, Dropped, 0},
		{"a value that is missing", 200, nil, Dropped, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sendertest.NewReceiver(t, nil)
			r.Answer = func(w http.ResponseWriter) {
				w.Header().Set("Location", "https://telemetry.invalid/v1/event")
				w.WriteHeader(c.status)
			}
			_, m, test := forTest(t, r, send)
			out := test.Take(ctx, Event{Name: "run", Values: c.values, Manifest: m, Wait: time.Second, Strict: true})
			if out.Outcome != c.outcome || len(r.Requests()) < c.asked || c.asked == 0 && len(r.Requests()) > 0 {
				t.Errorf("%+v, %d requests", out, len(r.Requests()))
			}
		})
	}
	r := sendertest.NewReceiver(t, nil)
	for _, send := range []string{
		`send = {transport = "file", endpoint = "~/.mytool/events.jsonl"}`,
		`send = {transport = "udp", endpoint = "telemetry.invalid:50077"}`, // the address says http
	} {
		s, m, test := forTest(t, r, send)
		out := test.Take(ctx, Event{Name: "run", Values: map[string]any{"n": 3}, Manifest: m})
		if out.Outcome != Dropped || out.Reason.Rule != RuleData || len(r.Requests()) > 0 || len(sendertest.Tree(t, s.dirs().Home)) > 0 {
			t.Errorf("%s: %+v", send, out)
		}
	}
	_, m, test := forTest(t, r, `send = {transport = "segment", endpoint = "https://telemetry.invalid/v1", write_key_env = "OTHER_WRITE_KEY"}`)
	if out := test.Take(ctx, Event{Name: "run", Values: map[string]any{"n": 3}, Manifest: m, Wait: time.Millisecond}); out.Outcome != Dropped || !strings.Contains(out.Reason.Detail, "set OTHER_WRITE_KEY") {
		t.Errorf("no write key: %+v", out)
	}
	_, m, _ = forTest(t, r, send)
	if out := newSender(t).ForTest(Loopback{}).Take(ctx, Event{Name: "run", Values: map[string]any{"n": 3}, Manifest: m}); out.Outcome != Dropped || !errors.Is(out.Err, ErrNoLoopback) {
		t.Errorf("no address: %+v", out)
	}
}

// TestForTestDoesNothingElse holds that a sender for tests delivers nothing that is queued, and
// decides and forgets nothing.
func TestForTestDoesNothingElse(t *testing.T) {
	r := sendertest.NewReceiver(t, nil)
	s, m, _ := takingAt(t, r.URL)
	if out := s.Take(context.Background(), Event{Name: "run", Manifest: m}); out.Outcome != Queued {
		t.Fatalf("%+v", out)
	}
	to, err := ParseLoopback(r.URL)
	sendertest.Must(t, err)
	test := s.ForTest(to)
	if sums := test.Flush(context.Background(), []manifest.ID{m.Tool.ID}, nil); !errors.Is(sums[0].Held, ErrNoState) || len(r.Requests()) > 0 {
		t.Errorf("%+v, %d requests", sums, len(r.Requests()))
	}
	if queuedIn(t, s) != 1 {
		t.Error("the queue has changed")
	}
	// The manifest is found by the tool's ID, in the person's directories.
	if out := test.Take(context.Background(), Event{Tool: "mytool", Name: "run", Wait: time.Minute}); out.Outcome != Tested {
		t.Errorf("%+v", out)
	}
}

// TestForTestByUDP holds that a datagram arrives at the loopback address.
func TestForTestByUDP(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if unsupported := syscall.Errno(10045); errors.Is(err, unsupported) { // WSAEOPNOTSUPP
		t.Skipf("no UDP here, as under wine: %v", err)
	}
	sendertest.Must(t, err)
	defer conn.Close()
	r := sendertest.NewReceiver(t, nil)
	s, m, _ := forTest(t, r, `send = {transport = "udp", endpoint = "telemetry.invalid:50077", prefix = "1"}`)
	to, err := ParseLoopback("udp://" + conn.LocalAddr().String())
	sendertest.Must(t, err)
	out := s.ForTest(to).Take(context.Background(), Event{Name: "run", Values: map[string]any{"n": 3}, Manifest: m})
	if out.Outcome != Tested || !strings.Contains(out.Reason.Detail, "ask the receiver") {
		t.Fatalf("%+v", out)
	}
	got := make([]byte, 1<<16)
	sendertest.Must(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	n, _, err := conn.ReadFrom(got)
	if err != nil || string(got[:n]) != "1"+string(out.Document) {
		t.Errorf("%q: %v", got[:n], err)
	}
}
