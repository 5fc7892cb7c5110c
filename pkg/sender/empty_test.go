package sender

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// agreedTool installs a tool that sends to an address, and agrees to it.
func agreedTool(t testing.TB, s Sender, address string) (*manifest.Manifest, consent.Terms) {
	t.Helper()
	m := toolAt(t, "mytool", address, `method = "none"`)
	file := filepath.Join(s.Dirs.DataHome, "usagectl", "tools", "mytool.toml")
	write(t, file, strings.ReplaceAll(`schema = 1
tool = {id = "mytool", name = "Tool mytool", purpose = "A test.", contact = "privacy@mytool.example"}
send = {transport = "http", endpoint = "ADDRESS/v1"}
event = [{name = "run"}, {name = "forget"}]
field = [{name = "source", from = "identity.source", purpose = "p"}]
`, "ADDRESS", address))
	decisions := decisionsAt(s, noon)
	must(t, decisions.Grant(m, 1))
	facts, _ := decisions.Ask(m.Tool.ID, m, nil, "")
	terms := consent.Offer(m, 1)
	terms.Grant = facts.Tool.Decision.Grant
	return m, terms
}

// decisionsAt is where the person's decisions are kept, at a time.
func decisionsAt(s Sender, at time.Time) consent.Store {
	return consent.Store{Dirs: s.Dirs, Now: func() time.Time { return at }}
}

// queue puts an event under the terms into the outbox.
func queue(t testing.TB, s Sender, terms consent.Terms, taken time.Time) Entry {
	t.Helper()
	o := s.Outbox(toolID(t, "mytool"))
	e := Entry{
		Schema: entrySchema, Tool: o.tool, Event: "run", EventID: uuid.New(), RunID: uuid.New(), TakenAt: taken,
		Grant: terms.Grant, Endpoint: terms.Endpoint, Values: object("source", uuid.NewString()),
	}
	data, err := json.Marshal(e)
	must(t, err)
	must(t, o.create())
	write(t, o.path("new", e.name()), string(data))
	return e
}

// TestEmptyTellsWhatBecameOfEach empties an outbox while another process delivers one of
// its events, and that one's delivery ends in each way there is.
func TestEmptyTellsWhatBecameOfEach(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(s Sender, o Outbox, cl claim, e Entry) error
		want Emptied
	}{
		"delivered": {func(s Sender, o Outbox, cl claim, e Entry) error {
			if err := s.Journal(o.tool).add([]Record{{Schema: 1, At: noon, Event: "run", EventID: e.EventID, Payload: object()}}); err != nil {
				return err
			}
			return cl.done()
		}, Emptied{Discarded: 1, Sent: 1}},
		"rejected": {func(_ Sender, _ Outbox, cl claim, _ Entry) error {
			return cl.reject([]byte("{}"), "400", noon)
		}, Emptied{Discarded: 1, Sent: 1}},
		"put back": {func(_ Sender, _ Outbox, cl claim, _ Entry) error { return cl.release() }, Emptied{Discarded: 2}},
		"stopped before anything left": {func(_ Sender, _ Outbox, cl claim, _ Entry) error {
			return cl.discard(lostWithdrawn, noon)
		}, Emptied{Discarded: 2}},
		"stopped on its way": {func(_ Sender, _ Outbox, cl claim, _ Entry) error {
			return cl.discard(lostInterrupted, noon)
		}, Emptied{Discarded: 1, Interrupted: 1}},
		"gone without a trace": {func(_ Sender, _ Outbox, cl claim, _ Entry) error { return os.Remove(cl.path()) }, Emptied{Discarded: 1, Interrupted: 1}},
		"not ended":            {func(Sender, Outbox, claim, Entry) error { return nil }, Emptied{Discarded: 1, Underway: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSender(t)
			o := s.Outbox(toolID(t, "mytool"))
			e := queue(t, s, consent.Terms{}, noon)
			queue(t, s, consent.Terms{}, noon)
			cl, err := o.claim(e.name(), thisProcess(), noon)
			must(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			ended := make(chan error, 1)
			go func() { // once the other event is gone, Empty waits for this one
				for len(names(t, o.path("new"))) > 0 {
					time.Sleep(time.Millisecond)
				}
				if c.want.Underway > 0 {
					cancel()
				}
				ended <- c.end(s, o, cl, e)
			}()
			got, err := s.Empty(ctx, o.tool, nil)
			if endErr := <-ended; got != c.want || err != nil || endErr != nil {
				t.Errorf("%+v, want %+v, %v, %v", got, c.want, err, endErr)
			}
			if count, err := o.Count(); err != nil || count.Queued != c.want.Underway || count.Rejected != 0 {
				t.Errorf("left: %+v, %v", count, err)
			}
		})
	}
}

// TestFate holds that an event that is not there any more does not count as delivered
// unless something says so.
func TestFate(t *testing.T) {
	s := newSender(t)
	o := s.Outbox(toolID(t, "mytool"))
	take := func() (Entry, claim) {
		e := queue(t, s, consent.Terms{}, noon)
		cl, err := o.claim(e.name(), thisProcess(), noon)
		must(t, err)
		return e, cl
	}
	e, cl := take()
	if got := s.fate(e); got != (Fate{Kept: true}) {
		t.Errorf("claimed: %+v", got)
	}
	must(t, cl.discard(lostWithdrawn, noon))
	if got := s.fate(e); got != (Fate{Note: "consent was withdrawn"}) {
		t.Errorf("dropped: %+v", got)
	}
	e, cl = take()
	must(t, cl.reject([]byte("{}"), "400 no", noon))
	if got := s.fate(e); got != (Fate{Rejected: true, Note: "400 no"}) {
		t.Errorf("rejected: %+v", got)
	}
	e, cl = take()
	must(t, cl.done())
	if got := s.fate(e); !got.Unknown || got.Sent || got.Note == "" {
		t.Errorf("gone: %+v", got)
	}
	must(t, s.Journal(o.tool).add([]Record{{Schema: 1, At: noon, Event: "run", EventID: e.EventID, Payload: object()}}))
	if got := s.fate(e); got != (Fate{Sent: true}) {
		t.Errorf("delivered: %+v", got)
	}
}

// TestDeliverOneThrownAway waits for an event that another process has, which throws it
// away because consent was withdrawn.
func TestDeliverOneThrownAway(t *testing.T) {
	s := newSender(t)
	o := s.Outbox(toolID(t, "mytool"))
	e := queue(t, s, consent.Terms{}, noon)
	cl, err := o.claim(e.name(), thisProcess(), noon)
	must(t, err)
	go func() { must(t, cl.discard(lostRefused, noon)) }()
	if got := s.DeliverOne(t.Context(), e); got != (Fate{Note: "consent was withdrawn"}) {
		t.Errorf("%+v", got)
	}
}

// TestDeliverOneWithoutParts holds that a first send that was killed between two
// directories leaves nothing that later ones wait for.
func TestDeliverOneWithoutParts(t *testing.T) {
	for _, missing := range []string{"claimed", "rejected", discarded, "tmp"} {
		r := newReceiver(t, nil)
		s := newSender(t)
		_, terms := agreedTool(t, s, r.URL)
		e := queue(t, s, terms, noon)
		must(t, os.Remove(s.Outbox(e.Tool).path(missing)))
		if got := s.DeliverOne(t.Context(), e); got != (Fate{Sent: true}) {
			t.Errorf("without %s: %+v", missing, got)
		}
	}
}

// TestRefusedSince is about events taken under the agreement of now, before and after a
// refusal was lifted.
func TestRefusedSince(t *testing.T) {
	lifted := noon.Add(-time.Minute)
	for _, grant := range []string{"", consent.GrantEnv} {
		for name, c := range map[string]struct {
			taken  time.Time
			lift   bool
			leaves bool
		}{
			"never refused":          {noon.Add(-time.Hour), false, true},
			"before":                 {lifted.Add(-time.Nanosecond), true, false},
			"in that moment":         {lifted, true, false},
			"after":                  {lifted.Add(time.Nanosecond), true, true},
			"in the future":          {noon.Add(time.Hour), true, false},
			"in the future, no lift": {noon.Add(time.Hour), false, true},
		} {
			t.Run(grant+" "+name, func(t *testing.T) {
				s := newSender(t)
				m, terms := agreedTool(t, s, "https://mytool.example")
				if grant != "" {
					s.Env = func(name string) (string, bool) {
						if name == "MYTOOL_TELEMETRY" {
							return "1", true
						}
						return "", false
					}
					m.Consent.Grant = []manifest.EnvRule{{Env: "MYTOOL_TELEMETRY", When: "1"}}
					must(t, os.Remove(decisionsAt(s, noon).File(m.Tool.ID)))
					terms.Grant = grant
				}
				if c.lift {
					refuseAndLift(t, s, lifted)
				}
				_, _, err := s.admission(m).admit(queue(t, s, terms, c.taken))
				if leaves := err == nil; leaves != c.leaves || !leaves && err != (dropError{lostWithdrawn}) {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// refuseAndLift refuses all tools, and lifts that, at a time.
func refuseAndLift(t *testing.T, s Sender, at time.Time) {
	t.Helper()
	decisions := decisionsAt(s, at)
	must(t, decisions.Refuse(manifest.ID{}))
	if lifted, err := decisions.Lift(manifest.ID{}); !lifted || err != nil {
		t.Fatalf("lifted is %v, %v", lifted, err)
	}
}

// TestGate asks again after each thing that can happen while an event is being sent.
func TestGate(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(t *testing.T, s Sender, m *manifest.Manifest, terms consent.Terms)
		stops   bool
	}{
		"nothing": {func(*testing.T, Sender, *manifest.Manifest, consent.Terms) {}, false},
		"the same agreement again": {func(t *testing.T, s Sender, m *manifest.Manifest, _ consent.Terms) {
			must(t, decisionsAt(s, noon.Add(time.Hour)).Grant(m, 1))
		}, false},
		"a refusal": {func(t *testing.T, s Sender, m *manifest.Manifest, _ consent.Terms) {
			write(t, decisionsAt(s, noon).File(m.Tool.ID), `state = "refused"`) // without a mark
		}, true},
		"a refusal and a new agreement": {func(t *testing.T, s Sender, m *manifest.Manifest, _ consent.Terms) {
			decisions := decisionsAt(s, noon)
			must(t, os.Remove(decisions.File(m.Tool.ID))) // without a mark
			must(t, decisions.Grant(m, 1))
		}, true},
		"a refusal, and the old agreement written back": {func(t *testing.T, s Sender, m *manifest.Manifest, _ consent.Terms) {
			decisions := decisionsAt(s, noon.Add(time.Nanosecond))
			agreement, err := os.ReadFile(decisions.File(m.Tool.ID))
			must(t, err)
			must(t, decisions.Refuse(m.Tool.ID))
			write(t, decisions.File(m.Tool.ID), string(agreement))
		}, true},
		"fewer fields": {func(t *testing.T, s Sender, m *manifest.Manifest, _ consent.Terms) {
			fewer := *m
			fewer.Fields = nil
			must(t, decisionsAt(s, noon).Grant(&fewer, 1))
		}, true},
		"a refusal of all, and lifted": {func(t *testing.T, s Sender, _ *manifest.Manifest, _ consent.Terms) {
			refuseAndLift(t, s, noon.Add(time.Nanosecond))
		}, true},
		"a refusal of the machine": {func(t *testing.T, s Sender, _ *manifest.Manifest, _ consent.Terms) {
			m, err := consent.OpenSystemStore(s.Dirs.System, "")
			must(t, err)
			defer m.Close()
			_, err = m.Refuse(manifest.ID{}, false)
			must(t, err)
		}, true},
		"the ID forgotten": {func(t *testing.T, s Sender, _ *manifest.Manifest, _ consent.Terms) {
			must(t, s.Deletions().create(deletionIn(t, true, ByMail)))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			s.Dirs.System = filepath.Join(s.Dirs.Home, "system")
			m, terms := agreedTool(t, s, "https://mytool.example")
			e := queue(t, s, terms, noon)
			e.Values = object("source", sampleID)
			permit, _, err := s.admission(m).admit(e)
			must(t, err)
			may := s.gate(m, []claimed{{entry: e, permit: permit}})
			must(t, may(t.Context()))
			c.happens(t, s, m, terms)
			if err := may(t.Context()); (err != nil) != c.stops {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestTheQueueGoesRound has a server that never takes the oldest events. The others are
// delivered all the same, after an attempt or two, whether or not they go in batches.
func TestTheQueueGoesRound(t *testing.T) {
	const bad, good = parallelPosts, 20
	const http1, segment = `"http"`, `"segment", write_key = "k", auth = "body"`
	fails := func(status int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(status) }
	}
	asks := func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	page := func(w http.ResponseWriter) { io.WriteString(w, "<!doctype html><title>Log in</title>") }
	for name, c := range map[string]struct {
		transport string
		answer    func(http.ResponseWriter)
		failing   int // attempts at which nothing is delivered
	}{
		"http, 503":                {http1, fails(503), 1},
		"http, 403":                {http1, fails(403), 1},
		"http, a page":             {http1, page, 1},
		"http, closed":             {http1, nil, 1},
		"http, Retry-After":        {http1, asks, 2},
		"segment, 503":             {segment, fails(503), 2},
		"segment, 403":             {segment, fails(403), 2},
		"segment, a page":          {segment, page, 2},
		"segment, closed":          {segment, nil, 2},
		"segment, and Retry-After": {segment, asks, 2 + bad},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			var mu sync.Mutex
			refuse, got := map[string]bool{}, map[string]bool{}
			id := regexp.MustCompile(`"source": *"([^"]*)"`)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				body, _ := io.ReadAll(req.Body)
				mu.Lock()
				defer mu.Unlock()
				list := id.FindAllStringSubmatch(string(body), -1)
				if slices.ContainsFunc(list, func(m []string) bool { return refuse[m[1]] }) {
					if c.answer == nil {
						panic(http.ErrAbortHandler)
					}
					c.answer(w)
					return
				}
				for _, m := range list {
					got[m[1]] = true
				}
			}))
			defer server.Close()
			_, terms := agreedTool(t, s, server.URL)
			file := filepath.Join(s.Dirs.DataHome, "usagectl", "tools", "mytool.toml")
			data, err := os.ReadFile(file)
			must(t, err)
			text := strings.Replace(string(data), `"http"`, c.transport, 1)
			write(t, file, strings.Replace(text, `name = "source",`, `name = "source", key = "/properties/source",`, 1))
			for i := range bad + good {
				e := queue(t, s, terms, noon.Add(time.Duration(i)*time.Second))
				if source, _ := e.Values.Get("source"); i < bad {
					refuse[fmt.Sprint(source)] = true
				}
			}
			tool := toolID(t, "mytool")
			for range c.failing {
				if sum := s.drain(t.Context(), tool, func(int) {}); sum.Sent != 0 || sum.Failed == "" {
					t.Errorf("failing: %+v", sum)
				}
			}
			sum := s.drain(t.Context(), tool, func(int) {})
			if sum.Sent != good || sum.Failed == "" || len(got) != good || len(waiting(t, s.Outbox(tool))) != bad {
				t.Errorf("then: %+v, got %d", sum, len(got))
			}
		})
	}
}

func TestStartAfter(t *testing.T) {
	for _, c := range []struct{ last, want string }{
		{"", "a c e"}, {"a", "c e a"}, {"b", "c e a"}, {"c", "e a c"}, {"e", "a c e"}, {"f", "a c e"},
	} {
		if got := startAfter(c.last, []string{"a", "c", "e"}); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("after %q: %q, want %q", c.last, got, c.want)
		}
	}
	if got := startAfter("x", nil); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
