package sender

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/note"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// TestNoteAnswer holds what every outcome makes of a request: a clear no, and nothing else,
// ends the asking, and no outcome gives it another ID.
func TestNoteAnswer(t *testing.T) {
	try := func(name string, out transport.Outcome, want deletion.State) {
		t.Helper()
		r := requestIn(t, deletion.Pending)
		before := r
		s := newSender(t)
		s.now = func() time.Time { return noon.Add(time.Millisecond) }
		s.noteAnswer(&r, out)
		if r.State != want || r.State == deletion.Pending == !r.SettledAt.IsZero() || !r.SettledAt.IsZero() && !r.SettledAt.Equal(noon) {
			t.Errorf("%s: %s, settled at %v, want %s", name, r.State, r.SettledAt, want)
		}
		if (r.Answer != "") != (want == deletion.Failed) || want == deletion.Failed && r.Answer != out.Note {
			t.Errorf("%s: answer %q", name, r.Answer)
		}
		b := r.Waits.Backoff
		if out.Status == 0 { // nobody else has to wait, and who does no less than before
			b = r.Waits.Ways[s.way()]
			if r.Waits.Backoff != before.Waits.Backoff {
				t.Errorf("%s: everybody waits: %+v", name, r.Waits)
			}
		}
		if want == deletion.Pending && (b.Failures != 3 || !b.Running(noon) || b.Error != out.Note || b.ServerAsked(noon) != (out.RetryAfter > 0)) {
			t.Errorf("%s: back-off %+v", name, b)
		}
		if want == deletion.Pending && out.RetryAfter > 0 && (!b.Asked.Equal(noon.Add(out.RetryAfter+time.Millisecond)) || b.NotBefore.Before(b.Asked)) {
			t.Errorf("%s: back-off %+v, asked for %v", name, b, out.RetryAfter)
		}
		r.State, r.SettledAt, r.Answer, r.Waits = before.State, before.SettledAt, before.Answer, before.Waits
		if !reflect.DeepEqual(r, before) {
			t.Errorf("%s: it became\n%+v of\n%+v", name, r, before)
		}
	}
	for _, wish := range []time.Duration{0, 2 * time.Hour} {
		try("accepted", transport.Outcome{Result: transport.Accepted, Status: 202, RetryAfter: wish}, deletion.Accepted)
		try("to be tried again", transport.Outcome{Result: transport.Retry, Status: 503, RetryAfter: wish, Note: "503 because"}, deletion.Pending)
		try("refused", transport.Outcome{Result: transport.Rejected, Status: 400, RetryAfter: wish, Note: "400 because"}, deletion.Failed)
	}
	try("no network", transport.Outcome{Result: transport.Retry, Note: "connection refused"}, deletion.Pending)
	try("cannot be built", transport.Outcome{Result: transport.Rejected, Note: "no address"}, deletion.Failed)
	try("accepted, with a warning", transport.Outcome{Result: transport.Accepted, Note: "old schema"}, deletion.Accepted)
}

// TestDeletionKeepsItsKey holds that a request that was asked for with a write key of the
// environment goes out with no other, whoever works at it, and with any if there was none.
func TestDeletionKeepsItsKey(t *testing.T) {
	r := requestIn(t, deletion.Pending)
	r.Waits = backoff.Waits{}
	r.Method, r.Send = manifest.ForgetEvent, &manifest.Send{Transport: manifest.Segment, Endpoint: "https://127.0.0.1:1/", WriteKeyEnv: "T_KEY"}
	mine, theirs, none := newSender(t), newSender(t), newSender(t)
	mine.env = func(name string) (string, bool) { return "mine", name == "T_KEY" }
	theirs.env = func(name string) (string, bool) { return "theirs", name == "T_KEY" }
	d := deletion.Deletion{Requests: []deletion.Request{r}}
	none.nameKeys(&d)
	if key := d.Requests[0].Key; key != "" || !mine.canAsk(d.Requests[0]) || !theirs.canAsk(d.Requests[0]) || none.canAsk(d.Requests[0]) {
		t.Errorf("without a key: %q", key)
	}
	mine.nameKeys(&d)
	theirs.nameKeys(&deletion.Deletion{Requests: []deletion.Request{{Key: d.Requests[0].Key, State: deletion.Accepted, Send: r.Send}}})
	if key := d.Requests[0].Key; key == "" || !mine.canAsk(d.Requests[0]) || theirs.canAsk(d.Requests[0]) || none.canAsk(d.Requests[0]) {
		t.Errorf("with a key: %q", key)
	}
	for _, why := range []occasion{background, awaited, forgetAgain} {
		if err := theirs.ask(t.Context(), &d, why); err != nil || !d.Requests[0].Untried() {
			t.Errorf("%v: it was asked for with another key: %v, %+v", why, err, d.Requests[0].Waits)
		}
	}
}

// TestAsk holds what answers over a connection make of a request, by either method, and
// that it is the same request when it is asked again.
func TestAsk(t *testing.T) {
	elsewhere := sendertest.NewReceiver(t, nil)
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter)
		want   deletion.State
		note   string
		wish   time.Duration
	}{
		{"accepted", func(w http.ResponseWriter) { w.WriteHeader(202) }, deletion.Accepted, "", 0},
		{"no content", func(w http.ResponseWriter) { w.WriteHeader(204) }, deletion.Accepted, "", 0},
		{"refused", func(w http.ResponseWriter) { http.Error(w, "who?", 400) }, deletion.Failed, "400 Bad Request who?", 0},
		{"gone", func(w http.ResponseWriter) { w.WriteHeader(410) }, deletion.Failed, "410 Gone", 0},
		{"broken", func(w http.ResponseWriter) { w.WriteHeader(500) }, deletion.Pending, "500 Internal Server Error", 0},
		{"not implemented", func(w http.ResponseWriter) { w.WriteHeader(501) }, deletion.Failed, "501 Not Implemented", 0},
		{"overloaded", func(w http.ResponseWriter) { w.Header().Set("Retry-After", "7200"); w.WriteHeader(503) }, deletion.Pending, "503 Service Unavailable", 2 * time.Hour},
		{"too many", func(w http.ResponseWriter) { w.Header().Set("Retry-After", "5"); w.WriteHeader(429) }, deletion.Pending, "429 Too Many Requests", 5 * time.Second},
		{"sent on", func(w http.ResponseWriter) { w.Header().Set("Location", elsewhere.URL); w.WriteHeader(302) }, deletion.Failed, "302 Found", 0},
		{"sent on, with the ID", func(w http.ResponseWriter) { w.Header().Set("Location", elsewhere.URL); w.WriteHeader(307) }, deletion.Failed, "307 Temporary Redirect", 0},
		{"hung up", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, deletion.Pending, "closed the connection before it had answered", 0},
	} {
		for _, method := range []manifest.ForgetMethod{manifest.ForgetHTTP, manifest.ForgetEvent} {
			t.Run(fmt.Sprintf("%s, by %s", c.name, method), func(t *testing.T) {
				s := newSender(t)
				r := sendertest.NewReceiver(t, nil)
				r.Answer = c.answer
				how := sendertest.ByHTTP(r.URL)
				if method == manifest.ForgetEvent {
					how = `method = "event", event = "forget"`
				}
				d := filed(t, s, sendertest.Tool(t, "mytool", r.URL, how))
				id := d.Requests[0].ID
				if err := s.ask(t.Context(), &d, background); err != nil {
					t.Fatal(err)
				}
				q := d.Requests[0]
				wait := s.requestWait(q)
				said := q.Answer + q.Last().Error
				if q.State != c.want || q.ID != id || !strings.HasSuffix(said, c.note) || wait.ServerAsked(noon) != (c.wish > 0) || (said == "") != (c.note == "") {
					t.Errorf("%+v", q)
				}
				if c.wish > 0 && !wait.Asked.Equal(noon.Add(c.wish)) {
					t.Errorf("waits until %v", wait.Asked)
				}
				if on, err := s.deletions().Read(d.SHA256); err != nil || !reflect.DeepEqual(on, d) {
					t.Errorf("on disk: %+v, %v", on, err)
				}
				s.now = func() time.Time { return noon.Add(7 * time.Hour) } // after any back-off
				if err := s.ask(t.Context(), &d, background); err != nil {
					t.Fatal(err)
				}
				requests := r.Requests()
				if want := 1 + strings.Count(string(c.want), string(deletion.Pending)); len(requests) != want {
					t.Fatalf("asked %d times, want %d", len(requests), want)
				}
				if again := requests[len(requests)-1]; !reflect.DeepEqual(again.Body, requests[0].Body) || !reflect.DeepEqual(again.Header, requests[0].Header) {
					t.Errorf("first %+v\nthen  %+v", requests[0], again)
				}
			})
		}
	}
	if n := len(elsewhere.Requests()); n != 0 {
		t.Errorf("%d requests went where nobody sends", n)
	}
}

// TestAskWhen holds when a request is asked: never one that is settled or that the
// person has to make, never against the receiver's wish, and against our own only if
// somebody waits.
func TestAskWhen(t *testing.T) {
	none, ours := backoff.Backoff{}, backoff.Backoff{Failures: 1, NotBefore: noon.Add(time.Minute)}
	theirs := backoff.Backoff{Failures: 1, NotBefore: noon.Add(time.Minute), Asked: noon.Add(time.Minute)}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, state := range allStates {
		for _, wait := range []backoff.Backoff{none, ours, theirs} {
			for _, why := range []occasion{background, awaited, forgetAgain} {
				for _, ctx := range []context.Context{t.Context(), ended} {
					s := newSender(t)
					n := 0
					s.client = &http.Client{Transport: sendertest.RoundTrip(func(*http.Request) (*http.Response, error) { n++; return sendertest.Says(202, "") })}
					d := deletionIn(t, true, state, state)
					for i := range d.Requests {
						d.Requests[i].Waits.Backoff = wait
					}
					before := deletionIn(t, true)
					before.Requests = slices.Clone(d.Requests)
					if err := s.ask(ctx, &d, why); err != nil {
						t.Error(err)
					}
					want := 0
					due := state == deletion.Pending && (wait == none || wait == ours && why != background)
					if ctx == t.Context() && (due || state == deletion.Failed && why == forgetAgain) {
						want = 2
					}
					if n != want {
						t.Errorf("%s, back-off %+v, occasion %v, time %v: asked %d times", state, wait, why, ctx.Err(), n)
					}
					if want == 0 && !reflect.DeepEqual(d, before) {
						t.Errorf("%s: it became\n%+v of\n%+v", state, d, before)
					}
					if left := sendertest.Tree(t, s.dirs().Home); (len(left) > 0) != (want > 0) {
						t.Errorf("%s: written: %q", state, left)
					}
				}
			}
		}
	}
}

// TestAskOutOfTime holds that a receiver that hangs is tried again later, and that a
// process which has to end says nothing against the receiver.
func TestAskOutOfTime(t *testing.T) {
	for name, c := range map[string]struct {
		left     time.Duration
		failures int
	}{
		"the attempt's": {time.Minute, 1},
		"the process's": {transport.AttemptTimeout / 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)), sendertest.Tool(t, "other", sendertest.Nowhere, `method = "event", event = "forget"`))
			synctest.Test(t, func(t *testing.T) {
				s.client = &http.Client{Transport: sendertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				})}
				ctx, cancel := context.WithTimeout(t.Context(), c.left)
				defer cancel()
				if err := s.ask(ctx, &d, awaited); err != nil {
					t.Fatal(err)
				}
			})
			on, err := s.deletions().Read(d.SHA256)
			if err != nil || !reflect.DeepEqual(on, d) {
				t.Errorf("on disk: %+v, %v", on, err)
			}
			for _, r := range d.Requests {
				if r.State != deletion.Pending || r.Last().Failures != c.failures {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}

// TestAskByEvent holds that a tool's own transport carries the request as it would carry
// an event, and that the person is shown what leaves. Headers were filled in when the
// person asked: a value that itself has braces, as a source ID may, is no template.
func TestAskByEvent(t *testing.T) {
	s := newSender(t)
	r := sendertest.NewReceiver(t, nil)
	braced := "{" + sampleID + "}"
	f := Forgetting{Tools: []*manifest.Manifest{sendertest.Parse(t, strings.ReplaceAll(sendertest.ByEvent, "ENDPOINT", r.URL+"/v1"))}, SourceID: braced, SourcePath: "/source"}
	d := f.deletion(s.Now())
	q := d.Requests[0]
	shown, err := wire(s, d, q)
	if previews, previewErr := s.PreviewDeletions(f); err != nil || previewErr != nil || len(previews) != 1 || len(r.Requests()) != 0 ||
		strings.ReplaceAll(fmt.Sprintf("%q", previews[0].Wire), previews[0].RequestID.String(), q.ID.String()) != fmt.Sprintf("%q", shown) {
		t.Fatalf("%+v, want %+v, %v, %v, and asked %d times", previews, shown, err, previewErr, len(r.Requests()))
	}
	d.Erased = true
	if err := s.ask(t.Context(), &d, background); err != nil || d.Requests[0].State != deletion.Accepted {
		t.Fatalf("%+v, %v", d, err)
	}
	got := r.Requests()[0]
	if doc, _ := jsondoc.Append(nil, q.Document(braced)); got.Body != string(doc) || got.Body != string(shown.Body) || got.Method != shown.Method || r.URL+got.Path != shown.URL {
		t.Errorf("\n got %+v\nshown %s %s %s\nfiled %s", got, shown.Method, shown.URL, shown.Body, doc)
	}
	for name, want := range map[string]string{
		"X-Source": "id=" + braced, "X-Braces": "{n}", "X-Plain": "plain", "X-Id": q.ID.String(), "Content-Type": "application/json", "User-Agent": "usagectl",
	} {
		seen := slices.ContainsFunc(shown.Headers, func(h manifest.Header) bool { return strings.EqualFold(h.Name, name) && h.Value == want })
		if got.Header.Get(name) != want || !seen {
			t.Errorf("%s: sent %q, shown %v, want %q", name, got.Header.Get(name), shown.Headers, want)
		}
	}
	for _, name := range []string{"X-Both", "X-Caller", "X-Host"} {
		if value, there := got.Header[name]; there {
			t.Errorf("%s: sent %q", name, value)
		}
	}
}

// TestAskByEveryTransport holds that each can carry a request, with nothing left of the
// manifest but what was filed. The trace that OTLP wants is the request.
func TestAskByEveryTransport(t *testing.T) {
	s := newSender(t)
	r := sendertest.NewReceiver(t, nil)
	r.Answer = func(w http.ResponseWriter) { w.WriteHeader(200) }
	for _, send := range []string{
		`transport = "otlp", endpoint = "` + r.URL + `"`,
		`transport = "otlp", signal = "logs", endpoint = "` + r.URL + `"`,
		`transport = "segment", write_key = "k", endpoint = "` + r.URL + `"`,
		`transport = "file", endpoint = "~/.t/x.log"`,
	} {
		askBy(t, s, send)
	}
	if n := len(r.Requests()); n != 3 {
		t.Errorf("asked %d times", n)
	}
	if data, err := os.ReadFile(filepath.Join(s.dirs().Home, ".t", "x.log")); err != nil || string(data) != askedDocument+"\n" {
		t.Errorf("file: %s, %v", data, err)
	}
}

// TestAskByUDP is the same for datagrams.
func TestAskByUDP(t *testing.T) {
	datagrams, err := net.ListenPacket("udp", "127.0.0.1:0")
	if unsupported := syscall.Errno(10045); errors.Is(err, unsupported) { // WSAEOPNOTSUPP
		t.Skipf("no UDP here, as under wine: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	askBy(t, newSender(t), `transport = "udp", prefix = "p:", endpoint = "`+datagrams.LocalAddr().String()+`"`)
	if err := datagrams.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	datagram := make([]byte, 1<<10)
	n, _, err := datagrams.ReadFrom(datagram)
	if err != nil || string(datagram[:n]) != "p:"+askedDocument {
		t.Errorf("UDP: %s, %v", datagram[:n], err)
	}
}

const askedDocument = `{"properties":{"source":"` + sampleID + `"},"name":"forget"}`

// askBy files a request to a tool that sends that way, and asks.
func askBy(t *testing.T, s Sender, send string) {
	t.Helper()
	source, name := "/properties/source", "name"
	switch {
	case strings.Contains(send, `"otlp"`):
		source = "/attributes/source"
	case strings.Contains(send, `"segment"`):
		name = "event"
	}
	m := sendertest.Parse(t, `schema = 1
tool = {id = "mytool", purpose = "p"}
send = {`+send+`}
event = [{name = "forget"}]
field = [{name = "source", key = "`+source+`", from = "identity.source", purpose = "p"}, {name = "`+name+`", from = "event.name", purpose = "p"}]
forget = {method = "event", event = "forget"}
`)
	d := Forgetting{Tools: []*manifest.Manifest{m}, SourceID: sampleID}.deletion(s.Now())
	d, err := deletion.Parse(marshalled(t, d)) // what is left is what was filed
	if err != nil {
		t.Fatal(err)
	}
	d.Erased = true
	w, err := wire(s, d, d.Requests[0])
	id := d.Requests[0].ID
	if err != nil || strings.Contains(send, `"otlp"`) && !strings.Contains(w.Text, fmt.Sprintf(`"traceId":"%x"`, id[:])) {
		t.Errorf("%s: the request %s is %s, %v", send, id, w.Text, err)
	}
	if err := s.ask(t.Context(), &d, background); err != nil || d.Requests[0].State != deletion.Accepted {
		t.Errorf("%s: %+v, %v", send, d, err)
	}
}

// TestAnswerThatNeverEnds holds that a receiver cannot fill the disk.
func TestAnswerThatNeverEnds(t *testing.T) {
	s := newSender(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(400)
		for range 1 << 10 {
			if _, err := w.Write(bytes.Repeat([]byte("no "), 1<<10)); err != nil {
				return // it was enough
			}
		}
	}))
	defer server.Close()
	d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(server.URL)))
	if err := s.ask(t.Context(), &d, background); err != nil || d.Requests[0].State != deletion.Failed || len([]rune(d.Requests[0].Answer)) > note.Max {
		t.Errorf("%d bytes, %+v, %v", len(d.Requests[0].Answer), d, err)
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
