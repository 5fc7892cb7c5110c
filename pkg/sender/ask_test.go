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
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/note"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// TestSettle holds what every outcome makes of a request: a clear no, and nothing else,
// ends the asking, and no outcome gives it another ID.
func TestSettle(t *testing.T) {
	try := func(name string, out transport.Outcome, want DeletionState) {
		t.Helper()
		r := requestIn(t, Pending)
		before := r
		r.settle(out, noon.Add(time.Millisecond))
		if r.State != want || r.State == Pending == !r.SettledAt.IsZero() || !r.SettledAt.IsZero() && !r.SettledAt.Equal(noon) {
			t.Errorf("%s: %s, settled at %v, want %s", name, r.State, r.SettledAt, want)
		}
		if (r.Answer != "") != (want == Failed) || want == Failed && r.Answer != out.Note {
			t.Errorf("%s: answer %q", name, r.Answer)
		}
		if b := r.Backoff; want == Pending && (b.Failures != 3 || !b.Running(noon) || b.Error != out.Note || b.ServerAsked(noon) != (out.RetryAfter > 0)) {
			t.Errorf("%s: back-off %+v", name, b)
		}
		if b := r.Backoff; want == Pending && out.RetryAfter > 0 && (!b.Asked.Equal(noon.Add(out.RetryAfter+time.Millisecond)) || b.NotBefore.Before(b.Asked)) {
			t.Errorf("%s: back-off %+v, asked for %v", name, b, out.RetryAfter)
		}
		r.State, r.SettledAt, r.Answer, r.Backoff = before.State, before.SettledAt, before.Answer, before.Backoff
		if !reflect.DeepEqual(r, before) {
			t.Errorf("%s: it became\n%+v of\n%+v", name, r, before)
		}
	}
	for _, wish := range []time.Duration{0, 2 * time.Hour} {
		try("accepted", transport.Outcome{Result: transport.Accepted, Status: 202, RetryAfter: wish}, Accepted)
		try("to be tried again", transport.Outcome{Result: transport.Retry, Status: 503, RetryAfter: wish, Note: "503 because"}, Pending)
		try("refused", transport.Outcome{Result: transport.Rejected, Status: 400, RetryAfter: wish, Note: "400 because"}, Failed)
	}
	try("no network", transport.Outcome{Result: transport.Retry, Note: "connection refused"}, Pending)
	try("cannot be built", transport.Outcome{Result: transport.Rejected, Note: "no address"}, Failed)
	try("accepted, with a warning", transport.Outcome{Result: transport.Accepted, Note: "old schema"}, Accepted)
}

// roundTrip answers requests where no server listens, so that time need not pass.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func says(status int, retryAfter string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {retryAfter}}, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// filed is a home in which everything is erased and these tools are to be asked.
func filed(t testing.TB, s Sender, tools ...*manifest.Manifest) Deletion {
	t.Helper()
	d := s.newDeletion(Forgetting{Tools: tools, SourcePath: filepath.Join(s.Dirs.Home, ".mytool", "source"), SourceID: sampleID})
	d.Erased = true
	if err := s.Deletions().create(d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestAsk holds what answers over a connection make of a request, by either method, and
// that it is the same request when it is asked again.
func TestAsk(t *testing.T) {
	elsewhere := newReceiver(t, nil)
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter)
		want   DeletionState
		note   string
		wish   time.Duration
	}{
		{"accepted", func(w http.ResponseWriter) { w.WriteHeader(202) }, Accepted, "", 0},
		{"no content", func(w http.ResponseWriter) { w.WriteHeader(204) }, Accepted, "", 0},
		{"refused", func(w http.ResponseWriter) { http.Error(w, "who?", 400) }, Failed, "400 Bad Request who?", 0},
		{"gone", func(w http.ResponseWriter) { w.WriteHeader(410) }, Failed, "410 Gone", 0},
		{"broken", func(w http.ResponseWriter) { w.WriteHeader(500) }, Pending, "500 Internal Server Error", 0},
		{"not implemented", func(w http.ResponseWriter) { w.WriteHeader(501) }, Failed, "501 Not Implemented", 0},
		{"overloaded", func(w http.ResponseWriter) { w.Header().Set("Retry-After", "7200"); w.WriteHeader(503) }, Pending, "503 Service Unavailable", 2 * time.Hour},
		{"too many", func(w http.ResponseWriter) { w.Header().Set("Retry-After", "5"); w.WriteHeader(429) }, Pending, "429 Too Many Requests", 5 * time.Second},
		{"sent on", func(w http.ResponseWriter) { w.Header().Set("Location", elsewhere.URL); w.WriteHeader(302) }, Failed, "302 Found", 0},
		{"sent on, with the ID", func(w http.ResponseWriter) { w.Header().Set("Location", elsewhere.URL); w.WriteHeader(307) }, Failed, "307 Temporary Redirect", 0},
		{"hung up", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, Pending, "EOF", 0},
	} {
		for _, method := range []manifest.ForgetMethod{manifest.ForgetHTTP, manifest.ForgetEvent} {
			t.Run(fmt.Sprintf("%s, by %s", c.name, method), func(t *testing.T) {
				s := newSender(t)
				r := newReceiver(t, nil)
				r.answer = c.answer
				how := byHTTP(r.URL)
				if method == manifest.ForgetEvent {
					how = `method = "event", event = "forget"`
				}
				d := filed(t, s, toolAt(t, "mytool", r.URL, how))
				id := d.Requests[0].ID
				if err := s.ask(t.Context(), &d, background); err != nil {
					t.Fatal(err)
				}
				q := d.Requests[0]
				said := q.Answer + q.Backoff.Error
				if q.State != c.want || q.ID != id || !strings.HasSuffix(said, c.note) || q.Backoff.ServerAsked(noon) != (c.wish > 0) || (said == "") != (c.note == "") {
					t.Errorf("%+v", q)
				}
				if c.wish > 0 && !q.Backoff.Asked.Equal(noon.Add(c.wish)) {
					t.Errorf("waits until %v", q.Backoff.Asked)
				}
				if on, err := s.Deletions().read(d.SHA256); err != nil || !reflect.DeepEqual(on, d) {
					t.Errorf("on disk: %+v, %v", on, err)
				}
				s.Now = func() time.Time { return noon.Add(7 * time.Hour) } // after any back-off
				if err := s.ask(t.Context(), &d, background); err != nil {
					t.Fatal(err)
				}
				requests := r.requests()
				if want := 1 + strings.Count(string(c.want), string(Pending)); len(requests) != want {
					t.Fatalf("asked %d times, want %d", len(requests), want)
				}
				if again := requests[len(requests)-1]; !reflect.DeepEqual(again.body, requests[0].body) || !reflect.DeepEqual(again.header, requests[0].header) {
					t.Errorf("first %+v\nthen  %+v", requests[0], again)
				}
			})
		}
	}
	if n := len(elsewhere.requests()); n != 0 {
		t.Errorf("%d requests went where nobody sends", n)
	}
}

// TestAskWhen holds when a request is asked: never one that is settled or that the
// person has to make, never against the receiver's wish, and against our own only if
// somebody waits.
func TestAskWhen(t *testing.T) {
	none, ours := Backoff{}, Backoff{Failures: 1, NotBefore: noon.Add(time.Minute)}
	theirs := Backoff{Failures: 1, NotBefore: noon.Add(time.Minute), Asked: noon.Add(time.Minute)}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, state := range allStates {
		for _, wait := range []Backoff{none, ours, theirs} {
			for _, why := range []occasion{background, awaited, forgetAgain} {
				for _, ctx := range []context.Context{t.Context(), ended} {
					s := newSender(t)
					n := 0
					s.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { n++; return says(202, "") })}
					d := deletionIn(t, true, state, state)
					for i := range d.Requests {
						d.Requests[i].Backoff = wait
					}
					before := deletionIn(t, true)
					before.Requests = slices.Clone(d.Requests)
					if err := s.ask(ctx, &d, why); err != nil {
						t.Error(err)
					}
					want := 0
					due := state == Pending && (wait == none || wait == ours && why != background)
					if ctx == t.Context() && (due || state == Failed && why == forgetAgain) {
						want = 2
					}
					if n != want {
						t.Errorf("%s, back-off %+v, occasion %v, time %v: asked %d times", state, wait, why, ctx.Err(), n)
					}
					if want == 0 && !reflect.DeepEqual(d, before) {
						t.Errorf("%s: it became\n%+v of\n%+v", state, d, before)
					}
					if left := tree(t, s.Dirs.Home); (len(left) > 0) != (want > 0) {
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
			d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(nowhere)), toolAt(t, "other", nowhere, `method = "event", event = "forget"`))
			synctest.Test(t, func(t *testing.T) {
				s.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				})}
				ctx, cancel := context.WithTimeout(t.Context(), c.left)
				defer cancel()
				if err := s.ask(ctx, &d, awaited); err != nil {
					t.Fatal(err)
				}
			})
			on, err := s.Deletions().read(d.SHA256)
			if err != nil || !reflect.DeepEqual(on, d) {
				t.Errorf("on disk: %+v, %v", on, err)
			}
			for _, r := range d.Requests {
				if r.State != Pending || r.Backoff.Failures != c.failures {
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
	r := newReceiver(t, nil)
	braced := "{" + sampleID + "}"
	f := Forgetting{Tools: []*manifest.Manifest{parse(t, strings.ReplaceAll(byEvent, "ENDPOINT", r.URL+"/v1"))}, SourceID: braced, SourcePath: "/source"}
	d := s.newDeletion(f)
	q := d.Requests[0]
	shown, err := s.PreviewDeletion(braced, q)
	if err != nil || len(r.requests()) != 0 {
		t.Fatalf("%v, and asked %d times", err, len(r.requests()))
	}
	d.Erased = true
	if err := s.ask(t.Context(), &d, background); err != nil || d.Requests[0].State != Accepted {
		t.Fatalf("%+v, %v", d, err)
	}
	got := r.requests()[0]
	if doc, _ := jsondoc.Append(nil, q.Document(braced)); got.body != string(doc) || got.body != string(shown.Body) || got.method != shown.Method || r.URL+got.path != shown.URL {
		t.Errorf("\n got %+v\nshown %s %s %s\nfiled %s", got, shown.Method, shown.URL, shown.Body, doc)
	}
	for name, want := range map[string]string{
		"X-Source": "id=" + braced, "X-Braces": "{n}", "X-Plain": "plain", "X-Id": q.ID.String(), "Content-Type": "application/json", "User-Agent": "usagectl",
	} {
		seen := slices.ContainsFunc(shown.Headers, func(h manifest.Header) bool { return strings.EqualFold(h.Name, name) && h.Value == want })
		if got.header.Get(name) != want || !seen {
			t.Errorf("%s: sent %q, shown %v, want %q", name, got.header.Get(name), shown.Headers, want)
		}
	}
	for _, name := range []string{"X-Both", "X-Caller", "X-Host"} {
		if value, there := got.header[name]; there {
			t.Errorf("%s: sent %q", name, value)
		}
	}
}

// TestAskByEveryTransport holds that each can carry a request, with nothing left of the
// manifest but what was filed.
func TestAskByEveryTransport(t *testing.T) {
	s := newSender(t)
	r := newReceiver(t, nil)
	r.answer = func(w http.ResponseWriter) { w.WriteHeader(200) }
	for _, send := range []string{
		`transport = "otlp", endpoint = "` + r.URL + `"`,
		`transport = "otlp", signal = "logs", endpoint = "` + r.URL + `"`,
		`transport = "segment", write_key = "k", endpoint = "` + r.URL + `"`,
		`transport = "file", endpoint = "~/.t/x.log"`,
	} {
		askBy(t, s, send)
	}
	if n := len(r.requests()); n != 3 {
		t.Errorf("asked %d times", n)
	}
	if data, err := os.ReadFile(filepath.Join(s.Dirs.Home, ".t", "x.log")); err != nil || string(data) != askedDocument+"\n" {
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
	m := parse(t, `schema = 1
tool = {id = "mytool", purpose = "p"}
send = {`+send+`}
event = [{name = "forget"}]
field = [{name = "source", key = "/properties/source", from = "identity.source", purpose = "p"}, {name = "name", from = "event.name", purpose = "p"}]
forget = {method = "event", event = "forget"}
`)
	d := s.newDeletion(Forgetting{Tools: []*manifest.Manifest{m}, SourceID: sampleID})
	d, err := parseDeletion(marshalled(t, d)) // what is left is what was filed
	if err != nil {
		t.Fatal(err)
	}
	d.Erased = true
	if _, err := s.PreviewDeletion(sampleID, d.Requests[0]); err != nil {
		t.Errorf("%s: %v", send, err)
	}
	if err := s.ask(t.Context(), &d, background); err != nil || d.Requests[0].State != Accepted {
		t.Errorf("%s: %+v, %v", send, d, err)
	}
}

// TestDocument holds that only the methods by which something is sent have a document,
// and a preview that is what leaves.
func TestDocument(t *testing.T) {
	s := newSender(t)
	r := requestIn(t, Pending)
	http := `{"schema":1,"request_id":"` + r.ID.String() + `","tool":"mytool","source_id":"` + sampleID + `","requested_at":"2026-11-21T12:00:00Z","exercise":"deletion"}`
	for method, want := range map[manifest.ForgetMethod]string{manifest.ForgetHTTP: http, manifest.ForgetEvent: samplePayload, manifest.ForgetMail: "", manifest.ForgetNone: ""} {
		r.Method = method
		doc := r.Document(sampleID)
		got, err := jsondoc.Append(nil, doc)
		if err != nil || (doc == nil) != (want == "") || doc != nil && string(got) != want {
			t.Errorf("%s: %s, %v", method, got, err)
		}
		w, err := s.PreviewDeletion(sampleID, r)
		if err != nil || string(w.Body) != want || w.Text != want || (w.URL == "") != (want == "") {
			t.Errorf("%s: %+v, %v", method, w, err)
		}
	}
}

// TestPreviewHidesSecrets holds that what goes to a receiver is not all shown.
func TestPreviewHidesSecrets(t *testing.T) {
	r := requestIn(t, Pending)
	r.Send.Headers = []manifest.Header{{Name: "Authorization", Value: "Bearer 1"}}
	w, err := newSender(t).PreviewDeletion(sampleID, r)
	if err != nil || !slices.Contains(w.Headers, manifest.Header{Name: "Authorization", Value: secret.Mask}) {
		t.Errorf("%+v, %v", w.Headers, err)
	}
}

// TestDeletionClaims holds that of two processes one works at a deletion, and that one
// which was killed is in nobody's way.
func TestDeletionClaims(t *testing.T) {
	self := thisProcess()
	dead := deadProcess(t, "")
	for _, c := range []struct {
		name, by string
		age      time.Duration
		asks     bool
	}{
		{"nobody", "", -1, true},
		{"this process", self.String(), 0, false},
		{"another that may live", "1.elsewhere", 0, false},
		{"one that is just beginning", "", 0, false},
		{"one that died", dead.String(), 0, true},
		{"one that died while beginning", "", time.Minute, true},
		{"one that cannot be at it any more", "1.elsewhere", 2 * batonLease, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSender(t)
			now := time.Now() // by which the files are dated
			s.Now = func() time.Time { return now }
			r := newReceiver(t, nil)
			d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(r.URL)))
			claim := s.Deletions().claim(d.SHA256)
			litter := filepath.Join(s.Deletions().dir, "."+d.SHA256+".json.1.tmp")
			write(t, litter, sampleID)
			if c.age >= 0 {
				write(t, claim.path, c.by)
				if err := os.Chtimes(claim.path, now.Add(-c.age), now.Add(-c.age)); err != nil {
					t.Fatal(err)
				}
			}
			if due := len(s.dueDeletions()) == 1; due != c.asks {
				t.Errorf("due: %v", due)
			}
			got, err := s.carryDeletion(t.Context(), d.SHA256, awaited)
			if err != nil || len(r.requests()) == 1 != c.asks {
				t.Errorf("asked %d times, %v", len(r.requests()), err)
			}
			if !c.asks {
				if !reflect.DeepEqual(got, d) {
					t.Errorf("got %+v, want what is on disk, %+v", got, d)
				}
				if held, err := os.ReadFile(claim.path); err != nil || string(held) != c.by {
					t.Errorf("the claim became %q, %v", held, err)
				}
				return
			}
			if got.Requests[0].State != Accepted {
				t.Errorf("%+v", got)
			}
			gone(t, "the claim", claim.path)
			gone(t, "what the killed one left", litter)
		})
	}
}

// TestCarryDeletionAtOnce holds that many who want to ask, ask once.
func TestCarryDeletionAtOnce(t *testing.T) {
	s := newSender(t)
	s.Now = time.Now
	r := newReceiver(t, nil)
	d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(r.URL)))
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			<-start
			s.carryDeletions(t.Context(), []string{d.SHA256})
		})
	}
	close(start)
	wg.Wait()
	on, err := s.Deletions().read(d.SHA256)
	if err != nil || len(r.requests()) != 1 || on.Requests[0].State != Accepted {
		t.Errorf("asked %d times; %+v, %v", len(r.requests()), on, err)
	}
}

// TestAwaitDeletion holds that a person waits for a deliverer that is at work, but not
// for ever.
func TestAwaitDeletion(t *testing.T) {
	for _, free := range []time.Duration{0, 3 * time.Second, 2 * claimWait} {
		t.Run(fmt.Sprint("free after ", free), func(t *testing.T) {
			s := newSender(t)
			now := time.Now()
			s.Now = func() time.Time { return now }
			sha := HashID(sampleID)
			synctest.Test(t, func(t *testing.T) {
				held, err := s.claimDeletion(sha)
				if err != nil {
					t.Fatal(err)
				}
				release := time.AfterFunc(free, held.release)
				defer release.Stop()
				start := time.Now()
				c, err := s.awaitDeletion(t.Context(), sha)
				if waited := time.Since(start); waited > min(free, claimWait)+pollInterval {
					t.Errorf("waited %v", waited)
				}
				if (err == nil) != (free < claimWait) {
					t.Errorf("got %v", err)
				}
				if err == nil {
					c.release()
				}
			})
		})
	}
}

// flushed runs FlushDeletions against a receiver that says one thing after another, the
// last for ever. It returns what was asked, and after which time each was.
func flushed(t *testing.T, s Sender, patience time.Duration, sayings ...func() (*http.Response, error)) (bodies []string, after []time.Duration, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s.Now = time.Now
		s.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			bodies, after = append(bodies, string(body)), append(after, time.Since(start))
			return sayings[min(len(bodies), len(sayings))-1]()
		})}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := s.FlushDeletions(ctx, []manifest.ID{toolID(t, "mytool")}); err != nil {
			t.Error(err)
		}
		took = time.Since(start)
	})
	return bodies, after, took
}

func refused() (*http.Response, error)     { return nil, errors.New("connection refused") }
func unavailable() (*http.Response, error) { return says(503, "") }
func ok() (*http.Response, error)          { return says(202, "") }

// TestFlushDeletions holds that whoever waits has it tried again, whatever our own
// back-off says, until it is accepted or time runs out.
func TestFlushDeletions(t *testing.T) {
	later := func() (*http.Response, error) { return says(429, "20") }
	tomorrow := func() (*http.Response, error) { return says(503, "86400") }
	no := func() (*http.Response, error) { return says(410, "") }
	for _, c := range []struct {
		name     string
		patience time.Duration
		sayings  []func() (*http.Response, error)
		after    []time.Duration
		want     DeletionState
	}{
		{"at once", time.Minute, []func() (*http.Response, error){ok}, []time.Duration{0}, Accepted},
		{"in the end", time.Minute, []func() (*http.Response, error){refused, unavailable, unavailable, ok}, []time.Duration{0, minPatience, 3 * minPatience, 7 * minPatience}, Accepted},
		{"never", 10 * time.Second, []func() (*http.Response, error){unavailable}, []time.Duration{0, minPatience, 3 * minPatience, 7 * minPatience, 15 * minPatience}, Pending},
		{"when it is asked to", time.Minute, []func() (*http.Response, error){later, ok}, []time.Duration{0, 20 * time.Second}, Accepted},
		{"it asks for more than there is", time.Minute, []func() (*http.Response, error){tomorrow, ok}, []time.Duration{0}, Pending},
		{"a clear no", time.Minute, []func() (*http.Response, error){no, ok}, []time.Duration{0}, Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSender(t)
			d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(nowhere)))
			bodies, after, took := flushed(t, s, c.patience, c.sayings...)
			if !slices.Equal(after, c.after) || took != after[len(after)-1] { // it knows that waiting is in vain
				t.Errorf("asked after %v, and took %v; want %v", after, took, c.after)
			}
			if len(slices.Compact(bodies)) != 1 || !strings.Contains(bodies[0], d.Requests[0].ID.String()) {
				t.Errorf("asked %q", bodies)
			}
			if on, err := s.Deletions().read(d.SHA256); err != nil || on.Requests[0].State != c.want {
				t.Errorf("on disk: %+v, %v", on, err)
			}
		})
	}
}

// TestFlushLeavesAlone holds that a receiver which asked for more time than is left is
// not asked at all, and that its wish keeps nobody else waiting.
func TestFlushLeavesAlone(t *testing.T) {
	s := newSender(t)
	d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(nowhere)), toolAt(t, "other", nowhere, byHTTP(nowhere)))
	synctest.Test(t, func(t *testing.T) { // for its clock
		d.Requests[0].Backoff = Backoff{}.next(time.Now(), time.Hour, "busy")
	})
	if err := s.Deletions().write(&d); err != nil {
		t.Fatal(err)
	}
	bodies, after, took := flushed(t, s, time.Minute, unavailable, ok)
	if len(bodies) != 2 || !strings.Contains(bodies[0]+bodies[1], `"tool":"other"`) || strings.Contains(bodies[0]+bodies[1], `"tool":"mytool"`) {
		t.Errorf("asked %q", bodies)
	}
	if want := []time.Duration{0, minPatience}; !slices.Equal(after, want) || took != minPatience {
		t.Errorf("asked after %v, and took %v", after, took)
	}
	if bodies, _, took := flushed(t, s, time.Minute, ok); len(bodies) != 0 || took != 0 {
		t.Errorf("asked %q after %v", bodies, took)
	}
}

// TestFlushErases holds that what is left to erase is tried, once: the disk does not
// change while somebody waits.
func TestFlushErases(t *testing.T) {
	for _, blocked := range []bool{false, true} {
		s := newSender(t)
		d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(nowhere)))
		d.Erased, d.Backoff = false, Backoff{}.next(noon, 0, "the disk")
		if err := s.Deletions().write(&d); err != nil {
			t.Fatal(err)
		}
		journal := s.Journal(d.Tools[0]).path
		write(t, journal, sampleID)
		if blocked {
			block(t, journal)
		}
		bodies, _, took := flushed(t, s, time.Minute, ok)
		on, err := s.Deletions().read(d.SHA256)
		if err != nil || len(bodies) != 1 || took != 0 || on.Erased == blocked || (on.SourceID == "") == blocked {
			t.Errorf("blocked %v: asked %q, took %v; %+v, %v", blocked, bodies, took, on, err)
		}
	}
}

// TestFlushChooses holds that only what the person waits for is done, and that what
// cannot be read, which may be of any tool, spoils nothing.
func TestFlushChooses(t *testing.T) {
	s := newSender(t)
	ds := s.Deletions()
	for id, tool := range map[string]string{sampleID: "mytool", otherID: "other"} {
		d := s.newDeletion(Forgetting{Tools: []*manifest.Manifest{toolAt(t, tool, nowhere, byHTTP(nowhere))}, SourceID: id})
		d.Erased = true
		if err := ds.create(d); err != nil {
			t.Fatal(err)
		}
	}
	if bodies, _, _ := flushed(t, s, time.Minute, ok); len(bodies) != 1 || !strings.Contains(bodies[0], `"tool":"mytool"`) {
		t.Errorf("asked %q", bodies)
	}
	write(t, ds.path(HashID("damaged")), "")
	asked := 0
	s.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { asked++; return unavailable() })}
	for _, do := range []func() error{
		func() error { return s.ResumeDeletions(t.Context(), toolID(t, "other"), map[string]bool{}) },  // once
		func() error { return s.ResumeDeletions(t.Context(), toolID(t, "mytool"), map[string]bool{}) }, // done before
		func() error {
			return s.FlushDeletions(t.Context(), []manifest.ID{toolID(t, "mytool"), toolID(t, "third")})
		},
	} {
		if err := do(); err != nil || asked != 1 {
			t.Errorf("asked %d times, %v", asked, err)
		}
	}
}

// TestAsked holds how long the receivers want to be left alone, all of them.
func TestAsked(t *testing.T) {
	for _, c := range []struct {
		states []DeletionState
		asked  []time.Duration
		want   time.Duration
	}{
		{nil, nil, 0},
		{[]DeletionState{Pending}, []time.Duration{0}, 0},
		{[]DeletionState{Pending}, []time.Duration{time.Minute}, time.Minute},
		{[]DeletionState{Pending, Pending}, []time.Duration{time.Hour, time.Minute}, time.Minute},
		{[]DeletionState{Pending, Pending}, []time.Duration{time.Hour, 0}, 0},
		{[]DeletionState{Pending, Failed}, []time.Duration{time.Hour, time.Minute}, time.Hour},
		{[]DeletionState{ByMail, Accepted}, []time.Duration{time.Hour, time.Hour}, 0},
		{[]DeletionState{Pending}, []time.Duration{-time.Minute}, 0},
		{[]DeletionState{Pending}, []time.Duration{2 * maxRetryAfter}, 0}, // under another clock
	} {
		d := deletionIn(t, true, c.states...)
		for i, wish := range c.asked {
			d.Requests[i].Backoff.Asked = noon.Add(wish)
		}
		if got := d.asked(noon); got != c.want {
			t.Errorf("%v, %v: got %v", c.states, c.asked, got)
		}
	}
}

// TestRunCarriesDeletions holds that the background deliverer asks, and ends when there
// is nothing left that it could do, whatever lies among the deletions.
func TestRunCarriesDeletions(t *testing.T) {
	s := newSender(t)
	d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(nowhere)), toolAt(t, "other", nowhere, byHTTP(nowhere)))
	dir := s.Deletions().dir
	write(t, filepath.Join(dir, "."+HashID("crashed")+".json.1.tmp"), "an ID")
	foreign := []string{d.SHA256 + ".json~", "." + d.SHA256 + ".json.swp", "README"}
	for _, name := range foreign {
		write(t, filepath.Join(dir, name), "")
	}
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s.Now = time.Now
		s.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return unavailable()
			}
			return ok()
		})}
		start := time.Now()
		s.Run(t.Context())
		if took := time.Since(start); n != 2 || took > 2*linger {
			t.Errorf("asked %d times, took %v", n, took)
		}
		if due := s.dueDeletions(); len(due) != 0 {
			t.Errorf("still due: %q", due)
		}
	})
	on, err := s.Deletions().read(d.SHA256)
	if err != nil || on.Requests[0].State != Pending || on.Requests[1].State != Accepted || on.SourceID == "" {
		t.Errorf("%+v, %v", on, err)
	}
	if left, want := names(t, dir), append(foreign, d.SHA256+".json"); !slices.Equal(left, slices.Sorted(slices.Values(want))) {
		t.Errorf("left: %q", left)
	}
}

// TestRunAsksOnlyOnce holds that a deliverer which cannot note what it was told, as on a
// disk that is full, does not ask again and again, and neither works nor waits in vain.
func TestRunAsksOnlyOnce(t *testing.T) {
	for name, noted := range map[string]bool{"the answer cannot be noted": false, "what a crash left cannot be removed": true} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(nowhere)))
			file := s.Deletions().path(d.SHA256)
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			litter := "." + HashID("crashed") + ".json.1.tmp"
			if noted {
				block(t, filepath.Join(s.Deletions().dir, litter))
			}
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var mu sync.Mutex
				n, looks := 0, 0
				s.Now = func() time.Time {
					mu.Lock()
					defer mu.Unlock()
					if looks++; looks == 1000 {
						t.Error("it looks without end, and no time passes")
						cancel()
					}
					_, err := os.Lstat(s.Deletions().claim(d.SHA256).path)
					if info, fileErr := os.Lstat(file); err != nil && fileErr == nil && info.IsDir() { // given up: as it was
						if err := os.RemoveAll(file); err != nil {
							t.Error(err)
						}
						write(t, file, string(whole))
					}
					return time.Now()
				}
				s.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					if n++; !noted {
						block(t, file)
					}
					return ok()
				})}
				start := time.Now()
				s.Run(ctx)
				if took := time.Since(start); n != 1 || took > 2*linger {
					t.Errorf("asked %d times, took %v", n, took)
				}
			})
			if due := len(s.dueDeletions()); due != 1 { // the next deliverer tries again
				t.Errorf("%d are due", due)
			}
		})
	}
}

// TestCarryDeletion holds what it does not get over.
func TestCarryDeletion(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		spoil func(s *Sender, d Deletion)
		want  error
		same  bool // it is left as it was
	}{
		{"one by a newer program", t.Context(), func(s *Sender, d Deletion) { write(t, s.Deletions().path(d.SHA256), `{"schema":2}`) }, errNewer, false},
		{"a damaged one", t.Context(), func(s *Sender, d Deletion) { write(t, s.Deletions().path(d.SHA256), `{`) }, errNoDeletion, false},
		{"no time", ended, func(*Sender, Deletion) {}, nil, true},
		{"erased, and the disk is full", t.Context(), func(s *Sender, d Deletion) {
			s.Now = func() time.Time { // which is asked once before it is read, and once after it is erased
				if _, err := os.Lstat(d.SourcePath); errors.Is(err, os.ErrNotExist) {
					if info, err := os.Lstat(s.Deletions().path(d.SHA256)); err == nil && info.Mode().IsRegular() {
						block(t, s.Deletions().path(d.SHA256))
					}
				}
				return noon
			}
			block(t, s.Journal(d.Tools[0]).path) // so that there is a back-off to note
		}, ErrNotKept, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSender(t)
			n := 0
			s.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { n++; return ok() })}
			d := s.newDeletion(Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", nowhere, byHTTP(nowhere))}, SourcePath: sourceWith(t, s, sampleID), SourceID: sampleID})
			if err := s.Deletions().create(d); err != nil {
				t.Fatal(err)
			}
			c.spoil(&s, d)
			_, err := s.carryDeletion(c.ctx, d.SHA256, awaited)
			if n != 0 || !errors.Is(err, c.want) {
				t.Errorf("asked %d times, %v", n, err)
			}
			if c.same {
				if on, err := s.Deletions().read(d.SHA256); err != nil || !reflect.DeepEqual(on, d) {
					t.Errorf("on disk: %+v, %v", on, err)
				}
			}
			gone(t, "the claim", s.Deletions().claim(d.SHA256).path)
		})
	}
}

// TestForgottenEvents holds that an event under an ID that was to be forgotten is dropped
// wherever it comes from, though nothing else of it is looked at: there is no consent
// here, for which other events wait. What was on its way is not journaled.
func TestForgottenEvents(t *testing.T) {
	s := newSender(t)
	r := newReceiver(t, nil)
	file := filepath.Join(s.Dirs.Home, "mytool.toml")
	write(t, file, strings.ReplaceAll(byEvent, "ENDPOINT", r.URL))
	if err := s.Deletions().create(deletionIn(t, true, ByMail)); err != nil {
		t.Fatal(err)
	}
	o := s.Outbox(toolID(t, "mytool"))
	put := func(id string) Entry {
		e := place(t, o, "new", id)
		e.Manifest = file
		data, err := e.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		write(t, o.path("new", e.name()), string(data))
		return e
	}
	old, other := put(sampleID), put(otherID)
	sum := s.drain(t.Context(), o.tool, func(int) {})
	if left := names(t, o.path("new")); sum.Dropped != 1 || sum.Held == "" || !slices.Equal(left, []string{other.name()}) {
		t.Errorf("%+v, left %q", sum, left)
	}
	if fate := s.DeliverUnkept(t.Context(), old); fate.Sent || fate.Note != lostForgotten.String() {
		t.Errorf("%+v", fate)
	}
	if fate := s.DeliverUnkept(t.Context(), other); fate.Sent || fate.Note == lostForgotten.String() {
		t.Errorf("%+v", fate)
	}
	var messages []transport.Message
	for _, id := range []string{sampleID, otherID} {
		messages = append(messages, transport.Message{Event: id, EventID: uuid.New(), Document: object("x", []any{id})})
	}
	if err := s.record(o.tool, r.URL, messages, make([]transport.Outcome, 2)); err != nil {
		t.Fatal(err)
	}
	records, err := s.Journal(o.tool).Records()
	if err != nil || len(records) != 1 || records[0].Event != otherID || len(r.requests()) != 0 {
		t.Errorf("journal: %+v, %v", records, err)
	}
}

// TestWakeForDeletions holds that a deliverer is started only for something that it
// could do, and only one.
func TestWakeForDeletions(t *testing.T) {
	s := newSender(t)
	now := time.Now()
	s.Now = func() time.Time { return now }
	started := 0
	wake := func() error {
		return s.WakeForDeletions(func() (int, error) { started++; return os.Getpid(), nil })
	}
	if err := wake(); err != nil || started != 0 {
		t.Errorf("for nothing: %d, %v", started, err)
	}
	d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(nowhere)))
	if err := errors.Join(wake(), wake()); err != nil || started != 1 {
		t.Errorf("%d, %v", started, err)
	}
	batonOf(s.State()).drop(thisProcess())
	d.Requests[0].Backoff = Backoff{}.next(now, 0, "down")
	if err := errors.Join(s.Deletions().write(&d), wake()); err != nil || started != 1 {
		t.Errorf("during the back-off: %d, %v", started, err)
	}
	now = now.Add(time.Hour)
	failed := errors.New("no process")
	if err := s.WakeForDeletions(func() (int, error) { return 0, failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if err := wake(); err != nil || started != 2 {
		t.Errorf("after one that did not start: %d, %v", started, err)
	}
	s.Dirs.StateHome = ""
	if err := wake(); err != nil || started != 2 {
		t.Errorf("without a state directory: %d, %v", started, err)
	}
}

// TestConfirm holds that a person's word settles what is open, once, and that the ID
// goes with the last.
func TestConfirm(t *testing.T) {
	for _, state := range allStates {
		s := newSender(t)
		d := deletionIn(t, true, state, ByMail)
		before := marshalled(t, d)
		if err := s.Deletions().create(d); err != nil {
			t.Fatal(err)
		}
		write(t, s.Deletions().path(HashID("damaged")), "")
		s.Now = func() time.Time { return noon.Add(time.Hour + time.Millisecond) }
		if _, err := s.Confirm(t.Context(), uuid.New()); !errors.Is(err, ErrNoRequest) || !errors.Is(err, errNoDeletion) {
			t.Errorf("no such request: %v", err)
		}
		got, err := s.Confirm(t.Context(), d.Requests[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		first := got.Requests[0]
		switch state {
		case Accepted, Confirmed:
			if !bytes.Equal(marshalled(t, got), before) {
				t.Errorf("%s: %+v", state, got)
			}
		default:
			if first.State != Confirmed || !first.SettledAt.Equal(noon.Add(time.Hour)) || first.Payload != nil || got.SourceID != sampleID {
				t.Errorf("%s: %+v", state, got)
			}
		}
		got, err = s.Confirm(t.Context(), d.Requests[1].ID)
		if err != nil || got.SourceID != "" || got.Requests[1].State != Confirmed {
			t.Errorf("%s: %+v, %v", state, got, err)
		}
		data, err := os.ReadFile(s.Deletions().path(d.SHA256))
		if err != nil || bytes.Contains(data, []byte(sampleID)) {
			t.Errorf("%s: on disk: %s, %v", state, data, err)
		}
	}
}

// TestConfirmBesideAnother holds that a confirmation does not write over what another
// process is doing.
func TestConfirmBesideAnother(t *testing.T) {
	s := newSender(t)
	d := deletionIn(t, true, ByMail)
	if err := s.Deletions().create(d); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Confirm(occupied(t, &s), d.Requests[0].ID); err == nil {
		t.Errorf("%+v", got)
	}
	if on, err := s.Deletions().read(d.SHA256); err != nil || on.Requests[0].State != ByMail {
		t.Errorf("%+v, %v", on, err)
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
	d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(server.URL)))
	if err := s.ask(t.Context(), &d, background); err != nil || d.Requests[0].State != Failed || len([]rune(d.Requests[0].Answer)) > note.Max {
		t.Errorf("%d bytes, %+v, %v", len(d.Requests[0].Answer), d, err)
	}
}
