package sender

import (
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// in is the sender in an environment with one variable.
func in(s Sender, name, value string) Sender {
	s.env = func(n string) (string, bool) {
		if n == name {
			return value, true
		}
		return "", false
	}
	return s
}

// TestWaysWaitApart holds that a failure to reach a server has those wait that would go the
// same way, and an answer all.
func TestWaysWaitApart(t *testing.T) {
	r := sendertest.NewReceiver(t, nil)
	for name, c := range map[string]struct {
		fail    func(s *Sender)
		others  bool // wait too
		answers int
	}{
		"no connection":      {func(s *Sender) { s.client = &http.Client{Transport: sendertest.RoundTrip(unreachable)} }, false, 0},
		"the proxy wants":    {func(*Sender) {}, false, http.StatusProxyAuthRequired},
		"the server answers": {func(*Sender) {}, true, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			r.Answer = func(w http.ResponseWriter) { w.WriteHeader(c.answers) }
			s := newSender(t)
			m, terms := agreedTool(t, s, r.URL)
			queue(t, s, terms, noon)
			c.fail(&s)
			if sum := s.drain(t.Context(), m.Tool.ID, func(int) {}); sum.Failed == nil {
				t.Fatalf("%+v", sum)
			}
			o := s.outbox(m.Tool.ID)
			if !s.waits(o) {
				t.Errorf("whoever failed does not wait: %+v", o.Backoffs())
			}
			for _, variable := range []string{"HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE"} {
				if got := in(s, variable, "x").waits(o); got != c.others {
					t.Errorf("with %s waits: %v", variable, got)
				}
			}
			if got := in(s, "PWD", "/").waits(o); !got {
				t.Error("another directory is another way")
			}
		})
	}
}

func unreachable(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }

// takesWriteKey turns the manifest of [agreedTool] into one with the write key MY_WRITE_KEY.
func takesWriteKey(t *testing.T, s Sender) *manifest.Manifest {
	t.Helper()
	file := filepath.Join(s.dirs().DataHome, "usagectl", "tools", "mytool.toml")
	data, err := os.ReadFile(file)
	sendertest.Must(t, err)
	text := strings.Replace(string(data), `"http"`, `"segment", write_key_env = "MY_WRITE_KEY", auth = "body"`, 1)
	text = strings.Replace(text, `name = "source",`, `name = "source", key = "/properties/source",`, 1)
	sendertest.Write(t, file, text)
	return sendertest.Parse(t, text)
}

// TestNoWriteKey holds that a process without the write key leaves the events alone, and
// has nobody wait.
func TestNoWriteKey(t *testing.T) {
	r := sendertest.NewReceiver(t, nil)
	s := newSender(t)
	m, terms := agreedTool(t, s, r.URL)
	segment := takesWriteKey(t, s)
	queue(t, s, terms, noon)
	o := s.outbox(m.Tool.ID)
	if sum := s.drain(t.Context(), m.Tool.ID, func(int) {}); sum.Held == nil || sum.Failed != nil || !strings.Contains(sum.Held.Error(), "MY_WRITE_KEY") {
		t.Errorf("%+v", sum)
	}
	if b := s.backoff(o); b.Failures != 0 || s.held(segment) == nil {
		t.Errorf("%+v", b)
	}
	has := in(s, "MY_WRITE_KEY", "k")
	if sum := has.drain(t.Context(), m.Tool.ID, func(int) {}); sum.Sent != 1 || has.held(segment) != nil {
		t.Errorf("with the key: %+v", sum)
	}
}

// TestKeysWaitApart holds that what refuses a process's write key holds back those that have
// the same one and nobody else, that the key is not kept, and that a deliverer vouches for
// the tool only by its own.
func TestKeysWaitApart(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable} {
		r := sendertest.NewReceiver(t, nil)
		answer := status
		r.Answer = func(w http.ResponseWriter) { w.WriteHeader(answer) }
		s := newSender(t)
		m, terms := agreedTool(t, s, r.URL)
		segment := takesWriteKey(t, s)
		bad, good := in(s, "MY_WRITE_KEY", "bad-write-key"), in(s, "MY_WRITE_KEY", "good")
		e := queue(t, s, terms, noon)
		if sum := bad.drain(t.Context(), m.Tool.ID, func(int) {}); sum.Failed == nil {
			t.Fatalf("%d: %+v", status, sum)
		}
		o := s.outbox(m.Tool.ID)
		everybody := status == http.StatusServiceUnavailable
		if !bad.waits(o) || good.waits(o) != everybody {
			t.Errorf("%d: with the bad key waits: %v, with another: %v", status, bad.waits(o), good.waits(o))
		}
		kept, err := os.ReadFile(o.Path(outbox.BackoffFile))
		if named := regexp.MustCompile(`"MY_WRITE_KEY=[0-9a-f]{4}"`).Match(kept); err != nil || named == everybody || strings.Contains(string(kept), "bad-write-key") {
			t.Errorf("%d: %s, %v", status, kept, err)
		}
		started := 0
		good.deliver = func(*os.File) (int, error) { started++; return os.Getpid(), nil }
		d := &deliverer{Sender: bad, self: lease.This(), holds: map[manifest.ID]bool{}, own: map[manifest.ID]string{}, by: s.sharedWay(), leases: []lease.Lease{s.sharedLease()}}
		vouched := d.wordFor(m.Tool.ID)
		sendertest.Write(t, s.sharedLease().Path(), lease.This().String()+" "+vouched)
		sendertest.Must(t, os.Chtimes(s.sharedLease().Path(), noon, noon))
		if err := good.wake(e, segment); err != nil || (started == 1) != !everybody || strings.Contains(vouched, "bad-write-key") {
			t.Errorf("%d: beside one that says %s %d were started, %v", status, vouched, started, err)
		}
		if everybody {
			continue
		}
		answer = http.StatusOK
		if sum := good.drain(t.Context(), m.Tool.ID, func(int) {}); sum.Sent != 1 || !bad.waits(o) {
			t.Errorf("%d: with the good key: %+v; the bad one waits: %v", status, sum, bad.waits(o))
		}
	}
}

// accounts is a server with an account for each write key, which answers 400 to a batch with an
// event that was not taken with the batch's key. It counts the batches in which each event came.
type accounts struct {
	sync.Mutex
	url   string
	keys  map[string]string // by event
	came  map[string]int
	wrong []string
}

func newAccounts(t *testing.T) *accounts {
	a := &accounts{keys: map[string]string{}, came: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.Lock()
		defer a.Unlock()
		var body struct {
			Key   string `json:"writeKey"`
			Batch []struct {
				ID string `json:"messageId"`
			} `json:"batch"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Batch) == 0 {
			t.Errorf("got %+v, %v", body, err)
		}
		for _, e := range body.Batch {
			a.came[e.ID]++
			if key := a.keys[e.ID]; key != "" && key != body.Key {
				a.wrong = append(a.wrong, e.ID+" with "+body.Key)
				w.WriteHeader(http.StatusBadRequest)
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// take has a sender take an event, in a run, which is to come with a key.
func (a *accounts) take(t *testing.T, s Sender, key string, run uuid.UUID) outbox.Entry {
	t.Helper()
	out := s.Take(t.Context(), Event{Tool: "mytool", Name: "run", RunID: run})
	if out.Outcome != Queued || out.Err != nil {
		t.Fatalf("%+v", out)
	}
	a.Lock()
	defer a.Unlock()
	a.keys[out.EventID.String()] = key
	o := s.outbox(sendertest.ToolID(t, "mytool"))
	for _, name := range waiting(t, o) {
		if strings.Contains(name, out.EventID.String()) {
			data, err := os.ReadFile(o.Path("new", name))
			sendertest.Must(t, err)
			e, err := outbox.ParseEntry(data)
			if err != nil || key != "" && strings.Contains(string(data), key) {
				t.Fatalf("%s, %v", data, err)
			}
			return e
		}
	}
	t.Fatalf("%s is not queued", out.EventID)
	return outbox.Entry{}
}

// TestEventsKeepTheirKey holds that an event goes out with the write key of whoever took it and
// with no other, in whatever order deliverers with several keys come, and that one that was taken
// without a key goes with any.
func TestEventsKeepTheirKey(t *testing.T) {
	for name, c := range map[string]struct {
		taken     string   // by whose keys, in turn; "-" is no key
		delivered []string // by whose, and how many that sends, leaves to others, and has left
		oneRun    bool
	}{
		"the first comes first":     {"ab", []string{"a 1 1 1", "b 1 0 0"}, false},
		"the second comes first":    {"ab", []string{"b 1 1 1", "a 1 0 0"}, false},
		"each comes again":          {"ab", []string{"a 1 1 1", "a 0 1 1", "b 1 0 0", "b 0 0 0"}, false},
		"in one batch":              {"abaab", []string{"b 2 3 3", "a 3 0 0"}, false},
		"in one run":                {"abaab", []string{"b 2 3 3", "a 3 0 0"}, true},
		"without a key":             {"-a-", []string{"b 2 1 1", "a 1 0 0"}, false},
		"nobody who has it":         {"aa", []string{"b 0 2 2", "c 0 2 2"}, false},
		"whoever has none holds it": {"a", []string{"- 0 0 1", "a 1 0 0"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccounts(t)
			s := newSender(t)
			m, _ := agreedTool(t, s, a.url)
			takesWriteKey(t, s)
			with := func(key rune) Sender {
				if key == '-' {
					return s
				}
				return in(s, "MY_WRITE_KEY", "key-"+string(key))
			}
			run := uuid.New()
			now := noon
			s.now = func() time.Time { now = now.Add(time.Millisecond); return now }
			for _, key := range c.taken {
				if !c.oneRun {
					run = uuid.New()
				}
				value, _ := with(key).lookup("MY_WRITE_KEY")
				a.take(t, with(key), value, run)
			}
			for _, want := range c.delivered {
				sum := with(rune(want[0])).drain(t.Context(), m.Tool.ID, func(int) {})
				left := len(waiting(t, s.outbox(m.Tool.ID)))
				if got := fmt.Sprintf("%c %d %d %d", want[0], sum.Sent, len(sum.others), left); got != want || sum.Failed != nil || sum.Rejected+sum.Dropped != 0 {
					t.Errorf("got %s, want %s: %+v", got, want, sum)
				}
				if (sum.OtherKey != nil) != (len(sum.others) > 0) || (sum.Held != nil) != (want[0] == '-') {
					t.Errorf("%s: left because of %v, held because of %v", want, sum.OtherKey, sum.Held)
				}
				if sum.OtherKey != nil && (!strings.Contains(sum.OtherKey.Error(), "MY_WRITE_KEY") || strings.Contains(sum.OtherKey.Error(), "key-")) {
					t.Error(sum.OtherKey)
				}
			}
			for event, n := range a.came {
				if n != 1 {
					t.Errorf("%s came %d times", event, n)
				}
			}
			if len(a.wrong) > 0 {
				t.Errorf("with another key: %q", a.wrong)
			}
		})
	}
}

// TestOtherKeysAtOnce has deliverers with two keys work side by side: each event arrives once,
// with its own key, and no deliverer gives up an event that another one has only looked at.
func TestOtherKeysAtOnce(t *testing.T) {
	a := newAccounts(t)
	s := newSender(t)
	s.now = time.Now
	m, _ := agreedTool(t, s, a.url)
	takesWriteKey(t, s)
	senders := []Sender{in(s, "MY_WRITE_KEY", "key-a"), in(s, "MY_WRITE_KEY", "key-b")}
	for i := range 60 {
		key, _ := senders[i%2].lookup("MY_WRITE_KEY")
		a.take(t, senders[i%2], key, uuid.New())
	}
	var wg sync.WaitGroup
	for _, s := range senders {
		wg.Go(func() { s.Run(t.Context()) })
	}
	wg.Wait()
	if left := waiting(t, s.outbox(m.Tool.ID)); len(left) > 0 || len(a.came) != 60 || len(a.wrong) > 0 {
		t.Errorf("%d are left, %d came, with another key %q", len(left), len(a.came), a.wrong)
	}
	for event, n := range a.came {
		if n != 1 {
			t.Errorf("%s came %d times", event, n)
		}
	}
}

// TestOtherKeyIsNobodysBusiness holds that events of another write key take nothing from what a
// deliverer vouches for, give it no work, and hide no other reason.
func TestOtherKeyIsNobodysBusiness(t *testing.T) {
	a := newAccounts(t)
	s := newSender(t)
	m, _ := agreedTool(t, s, a.url)
	segment := takesWriteKey(t, s)
	theirs, ours := in(s, "MY_WRITE_KEY", "theirs"), in(s, "MY_WRITE_KEY", "ours")
	e := a.take(t, theirs, "theirs", uuid.New())
	tool := m.Tool.ID
	d := &deliverer{
		Sender: ours, self: lease.This(), busy: map[manifest.ID]bool{}, seen: map[manifest.ID][]string{}, holds: map[manifest.ID]bool{},
		own: map[manifest.ID]string{}, by: s.sharedWay(), leases: []lease.Lease{s.sharedLease()}, files: map[string]bool{"mytool@file/1": true},
	}
	before := strings.Join(d.words(nil), " ")
	d.settle(ours.drain(t.Context(), tool, func(int) {}))
	if after := strings.Join(d.words(nil), " "); after != before || !strings.Contains(after, "mytool@"+s.sharedWay()+"+") {
		t.Errorf("it vouches for %s, before for %s", after, before)
	}
	if ready := d.ready(); len(ready) != 0 {
		t.Errorf("ready: %v", ready)
	}
	own := a.take(t, ours, "ours", uuid.New())
	if ready := d.ready(); len(ready) != 1 {
		t.Errorf("with an event of its own: %v", ready)
	}
	started := 0
	sendertest.Write(t, s.sharedLease().Path(), lease.This().String()+" "+before)
	sendertest.Must(t, os.Chtimes(s.sharedLease().Path(), noon, noon))
	ours.deliver = func(*os.File) (int, error) { started++; return os.Getpid(), nil }
	theirs.deliver = ours.deliver
	if err := ours.wake(own, segment); err != nil || started != 0 {
		t.Errorf("for an event of its own %d are started, %v", started, err)
	}
	if err := theirs.wake(e, segment); err != nil || started != 1 {
		t.Errorf("for the other's %d are started, %v", started, err)
	}
	o := s.outbox(tool)
	held := own
	held.EventID, held.RunID, held.Manifest = uuid.New(), uuid.New(), filepath.Join(t.TempDir(), "gone.toml")
	data, err := json.Marshal(held)
	sendertest.Must(t, err)
	sendertest.Write(t, o.Path("new", held.Name()), string(data))
	if sum := ours.drain(t.Context(), tool, func(int) {}); sum.Sent != 1 || sum.OtherKey == nil || sum.Held == nil || strings.Contains(sum.Held.Error(), "MY_WRITE_KEY") {
		t.Errorf("beside an event that is held: %+v", sum)
	}
}

// TestLookedAtByOthers holds that a deliverer which has to put something back does not give up an
// event that another one held that moment, only to put it back.
func TestLookedAtByOthers(t *testing.T) {
	s := newSender(t)
	m, terms := agreedTool(t, s, sendertest.NewReceiver(t, nil).URL)
	o := s.outbox(m.Tool.ID)
	held := queue(t, s, terms, noon)
	held.Manifest = filepath.Join(t.TempDir(), "gone.toml")
	data, err := json.Marshal(held)
	sendertest.Must(t, err)
	sendertest.Write(t, o.Path("new", held.Name()), string(data))
	own := queue(t, s, terms, noon.Add(time.Second))
	p := s.newPass(m.Tool.ID, func(int) {})
	q, err := o.Prepare(p.self, noon, 0)
	sendertest.Must(t, err)
	p.sum.seen = q.Names
	c, err := o.Claim(own.Name(), sendertest.DeadProcess(t, "elsewhere"), noon)
	sendertest.Must(t, err)
	p.run(t.Context(), slices.Clone(q.Names))
	sendertest.Must(t, c.Release())
	d := &deliverer{Sender: s, self: lease.This(), busy: map[manifest.ID]bool{}, seen: map[manifest.ID][]string{}, holds: map[manifest.ID]bool{}}
	d.settle(p.sum)
	if p.sum.Held == nil || len(d.ready()) != 1 {
		t.Errorf("given up is %q, %+v", d.seen, p.sum)
	}
}

// TestFlushLeavesOtherKeys holds that who waits does not wait for events of another key, that an
// event of its own is delivered all the same, and that without a place to keep it none goes out
// with another key.
func TestFlushLeavesOtherKeys(t *testing.T) {
	a := newAccounts(t)
	s := newSender(t)
	m, _ := agreedTool(t, s, a.url)
	takesWriteKey(t, s)
	theirs, ours := in(s, "MY_WRITE_KEY", "theirs"), in(s, "MY_WRITE_KEY", "ours")
	run := uuid.New()
	e := a.take(t, theirs, "theirs", run)
	if sums := ours.Flush(t.Context(), []manifest.ID{m.Tool.ID}, nil); sums[0].OtherKey == nil || sums[0].Failed != nil || sums[0].Held != nil {
		t.Errorf("flush: %+v", sums)
	}
	if out := ours.Take(t.Context(), Event{Tool: "mytool", Name: "run", RunID: run, Wait: time.Minute}); out.Outcome != Sent {
		t.Errorf("who waits for its own: %+v", out)
	}
	line, err := json.Marshal(e)
	sendertest.Must(t, err)
	if err := ours.RunPipe(t.Context(), strings.NewReader(string(line)+"\n")); err == nil || !strings.Contains(err.Error(), "MY_WRITE_KEY") || a.came[e.EventID.String()] != 0 {
		t.Errorf("through a pipe: %v, %v", err, a.came)
	}
	if err := theirs.RunPipe(t.Context(), strings.NewReader(string(line)+"\n")); err != nil || a.came[e.EventID.String()] != 1 || len(a.wrong) > 0 {
		t.Errorf("with its key: %v, %v, %q", err, a.came, a.wrong)
	}
	fixed := *m
	fixed.Send.Transport, fixed.Send.WriteKey, fixed.Send.WriteKeyEnv = manifest.Segment, "in the manifest", ""
	if ours.hasKey(e.Key, e.Tool, fixed.Send) || theirs.hasKey(e.Key, e.Tool, fixed.Send) {
		t.Error("it goes out with another key that the manifest says now")
	}
	value, _ := theirs.lookup("MY_WRITE_KEY")
	fixed.Send.WriteKey = value
	if !theirs.hasKey(e.Key, e.Tool, fixed.Send) {
		t.Error("it does not go out with its key, which the manifest says now")
	}
	moved := *m
	moved.Send.Transport, moved.Send.WriteKeyEnv = manifest.Segment, "NEW_NAME"
	if ours.hasKey(e.Key, e.Tool, moved.Send) {
		t.Error("it goes out with the key of a variable that is not set")
	}
	ours.env = func(string) (string, bool) { return value, true }
	if !ours.hasKey(e.Key, e.Tool, moved.Send) {
		t.Error("it does not go out with its key, which has another variable now")
	}
}

// TestOldKeyEnds holds that events of a key that nobody has any more are dropped when they are
// too old, and counted.
func TestOldKeyEnds(t *testing.T) {
	a := newAccounts(t)
	s := newSender(t)
	m, _ := agreedTool(t, s, a.url)
	takesWriteKey(t, s)
	a.take(t, in(s, "MY_WRITE_KEY", "old"), "old", uuid.New())
	fresh := in(s, "MY_WRITE_KEY", "new")
	now := noon.Add(outbox.MaxAge)
	fresh.now = func() time.Time { return now }
	if sum := fresh.drain(t.Context(), m.Tool.ID, func(int) {}); sum.OverBounds != 0 || len(sum.others) != 1 {
		t.Errorf("in time: %+v", sum)
	}
	now = now.Add(time.Second)
	if sum := fresh.drain(t.Context(), m.Tool.ID, func(int) {}); sum.OverBounds != 1 || sum.OtherKey != nil || len(a.came) != 0 {
		t.Errorf("too late: %+v", sum)
	}
	if n, err := fresh.Untold(m.Tool.ID); n != 1 || err != nil {
		t.Errorf("%d are to be reported, %v", n, err)
	}
}

// TestWhomToRelyOn holds when a sender starts a deliverer beside one that has the lease.
func TestWhomToRelyOn(t *testing.T) {
	kernel, _, _ := strings.Cut(lease.This().Domain(), "-")
	container := sendertest.DeadProcess(t, kernel+"-7-1")
	elsewhere := sendertest.DeadProcess(t, "elsewhere")
	here := lease.This()
	for name, c := range map[string]struct {
		holder lease.Owner
		note   string        // WAY stands for the sender's
		env    string        // a variable of the sender's
		file   string        // the event's manifest
		age    time.Duration // of the lease
		other  time.Duration // the age of another event; 0 if there is none
		starts bool
	}{
		"it delivers the tool's events":            {here, "mytool@WAY", "", "", 0, 0, false},
		"among others":                             {here, "a@WAY mytool@WAY z@WAY", "", "", 0, 0, false},
		"it is busy":                               {here, "mytool@WAY", "", "", time.Minute, time.Minute, false},
		"it does not":                              {here, "other@WAY", "", "", 0, 0, true},
		"it does, by another way":                  {here, "mytool@WAY", "HTTPS_PROXY", "", 0, 0, true},
		"it does, by a manifest of another place":  {here, "mytool@WAY", "", "/m.toml", 0, 0, true},
		"it does, by that manifest":                {here, word(sendertest.ToolID(t, "mytool"), "WAY", "/m.toml"), "", "/m.toml", 0, 0, false},
		"it does by a file, which this needs not":  {here, word(sendertest.ToolID(t, "mytool"), "WAY", "/m.toml"), "", "", 0, 0, true},
		"it says nothing, as older versions do":    {here, "", "", "", 0, 0, true},
		"it is elsewhere":                          {elsewhere, "mytool@WAY", "", "", time.Minute, 0, false},
		"it is elsewhere, and has just come":       {elsewhere, "mytool@WAY", "", "", time.Second, time.Minute, false},
		"it is elsewhere, and does nothing":        {elsewhere, "mytool@WAY", "", "", 3 * time.Second, 3 * time.Second, true},
		"it is elsewhere, and the other event new": {elsewhere, "mytool@WAY", "", "", time.Minute, time.Second, false},
		"it is in another container":               {container, "mytool@WAY", "", "", 0, 0, true},
		"it was in another container":              {container, "mytool@WAY", "", "", time.Minute, time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			note := strings.ReplaceAll(c.note, "WAY", s.sharedWay())
			if c.env != "" {
				s = in(s, c.env, "x")
			}
			started := 0
			s.deliver = func(*os.File) (int, error) { started++; return os.Getpid(), nil }
			e := queue(t, s, consent.Terms{}, noon)
			e.Manifest = c.file
			if c.other > 0 {
				queue(t, s, consent.Terms{}, noon.Add(-c.other))
			}
			l := outbox.DelivererLease(s.state())
			sendertest.Write(t, l.Path(), strings.TrimSpace(c.holder.String()+" "+note))
			sendertest.Must(t, os.Chtimes(l.Path(), noon, noon.Add(-c.age)))
			if err := s.wake(e, &manifest.Manifest{}); err != nil || (started == 1) != c.starts {
				t.Errorf("started %d, %v", started, err)
			}
			for _, l := range outbox.DelivererLeases(s.state()) {
				sendertest.Must(t, os.Chtimes(l.Path(), noon, noon))
			}
			if err := s.wake(e, &manifest.Manifest{}); err != nil || started > 1 {
				t.Errorf("and again: started %d, %v", started, err)
			}
		})
	}
}

// TestBesideOneInSight holds that a deliverer that is started beside others keeps what they
// say in the lease that it takes over, and its own word first.
func TestBesideOneInSight(t *testing.T) {
	s := newSender(t)
	s.deliver = func(*os.File) (int, error) { return os.Getpid(), nil }
	s.now = time.Now
	sendertest.Must(t, s.outbox(sendertest.ToolID(t, "a")).Create())
	for _, tool := range []string{"a", "b", "c"} {
		sendertest.Must(t, s.startDeliverer(func() bool { return true }, word(sendertest.ToolID(t, tool), "w", "")))
	}
	var said []string
	for _, l := range []lease.Lease{s.sharedLease(), s.ownLease()} {
		at, _ := l.Holder(s.Now(), lease.This)
		said = append(said, strings.Join(at.Note, " "))
	}
	if got := strings.Join(said, ", "); got != "a@w, c@w b@w" {
		t.Errorf("they say %s", got)
	}
}

// TestWhatADelivererVouchesFor holds that a deliverer vouches for what it can deliver, and for
// nothing else.
func TestWhatADelivererVouchesFor(t *testing.T) {
	s := newSender(t)
	file := filepath.Join(t.TempDir(), "m.toml")
	way := s.sharedWay()
	known, _ := agreedTool(t, s, sendertest.Nowhere)
	for _, tool := range []manifest.ID{known.Tool.ID, sendertest.ToolID(t, "unknown"), sendertest.ToolID(t, "undecided"), sendertest.ToolID(t, "waiting")} {
		sendertest.Must(t, s.outbox(tool).Create())
	}
	own := word(sendertest.ToolID(t, "unknown"), way, file)
	d := &deliverer{Sender: s, self: lease.This(), holds: map[manifest.ID]bool{}, busy: map[manifest.ID]bool{}, seen: map[manifest.ID][]string{}, leases: []lease.Lease{s.sharedLease()}, by: way, own: map[manifest.ID]string{}, files: map[string]bool{}}
	said := func(before ...string) string {
		return strings.ReplaceAll(strings.Join(d.words(before), " "), way, "WAY")
	}
	hash := own[strings.Index(own, "/"):]
	if got := said(own, "other@WAY/1"); got != "@WAY bundles mytool@WAY unknown@WAY"+hash {
		t.Errorf("at first: %s", got)
	}
	if got := said("other@WAY/1"); got != "@WAY bundles mytool@WAY unknown@WAY"+hash {
		t.Errorf("what others say: %s", got)
	}
	d.settle(Summary{Tool: sendertest.ToolID(t, "unknown"), Held: errors.New("it is not there")})
	sendertest.Must(t, s.outbox(known.Tool.ID).SetBackoffs(backoff.Waits{}.Fail(backoff.Backoff{}.Next(noon, 0, "down"), s.way())))
	if got := said(); got != "@WAY bundles" {
		t.Errorf("when it could not: %s", got)
	}
	sendertest.Must(t, s.outbox(known.Tool.ID).ClearBackoffs())
	d.settle(Summary{Tool: known.Tool.ID, files: []manifestFile{{file, way}}})
	if got := said(); got != "@WAY bundles mytool@WAY mytool@WAY"+hash {
		t.Errorf("when it could: %s", got)
	}
}

// TestStartForOldEvents holds that a deliverer is started for an event that is too old to
// be kept, though its tool has to wait.
func TestStartForOldEvents(t *testing.T) {
	s := newSender(t)
	started := 0
	s.deliver = func(*os.File) (int, error) { started++; return os.Getpid(), nil }
	e := queue(t, s, consent.Terms{}, noon.Add(-outbox.MaxAge))
	sendertest.Must(t, s.outbox(e.Tool).SetBackoffs(backoff.Waits{Backoff: backoff.Backoff{}.Next(noon, 0, "down")}))
	if err := s.StartForDue(); err != nil || started != 0 {
		t.Errorf("%d, %v", started, err)
	}
	queue(t, s, consent.Terms{}, noon.Add(-outbox.MaxAge-time.Second))
	if err := s.StartForDue(); err != nil || started != 1 {
		t.Errorf("%d, %v", started, err)
	}
}

// TestPageHoldsBackItsWay holds that what answers on the way to a receiver, with a web page,
// holds back only those that go the same way.
func TestPageHoldsBackItsWay(t *testing.T) {
	s := newSender(t)
	m := &manifest.Manifest{}
	if way := s.wayOf(transport.Outcome{Status: 403, Page: true}, m.Tool.ID, m.Send); way == "" || way != s.way() {
		t.Errorf("a page: %q", way)
	}
	if way := s.wayOf(transport.Outcome{Status: 403}, m.Tool.ID, m.Send); way != "" {
		t.Errorf("the receiver itself: %q", way)
	}
}

// byKey is a tool whose deletion request is an event with the write key MY_WRITE_KEY.
func byKey(t *testing.T, address string) *manifest.Manifest {
	t.Helper()
	return sendertest.Parse(t, `schema = 1
tool = {id = "mytool", purpose = "p"}
send = {transport = "segment", write_key_env = "MY_WRITE_KEY", endpoint = "`+address+`"}
event = [{name = "forget"}]
field = [{name = "source", key = "/properties/source", from = "identity.source", purpose = "p"}]
forget = {method = "event", event = "forget"}
`)
}

// TestDeletionsWaitApart holds that a deletion request which one process cannot make waits for
// that process and those like it, and that others make it at once.
func TestDeletionsWaitApart(t *testing.T) {
	for name, c := range map[string]struct {
		variable string // of which the two have other values
		status   int    // 0 is no connection
		others   bool   // wait too
	}{
		"no connection":       {"HTTPS_PROXY", 0, false},
		"the proxy wants":     {"HTTPS_PROXY", http.StatusProxyAuthRequired, false},
		"the key is refused":  {"MY_WRITE_KEY", http.StatusUnauthorized, false},
		"or forbidden":        {"MY_WRITE_KEY", http.StatusForbidden, false},
		"the server answers":  {"MY_WRITE_KEY", http.StatusServiceUnavailable, true},
		"so it does to a way": {"HTTPS_PROXY", http.StatusServiceUnavailable, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			m := sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere))
			if c.variable == "MY_WRITE_KEY" {
				m = byKey(t, sendertest.Nowhere)
			}
			sha := filed(t, s, m).SHA256
			fails, works := in(s, c.variable, "bad-value"), in(s, c.variable, "good")
			fails.client = &http.Client{Transport: sendertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
				if c.status == 0 {
					return unreachable(r)
				}
				return sendertest.Says(c.status, "3600")
			})}
			works.client = &http.Client{Transport: sendertest.RoundTrip(func(*http.Request) (*http.Response, error) { return sendertest.Says(202, "") })}
			d, err := fails.doDeletion(t.Context(), sha, background)
			if err != nil || d.Requests[0].State != deletion.Pending || len(fails.dueDeletions()) != 0 {
				t.Errorf("whoever failed: %+v, %v", d, err)
			}
			if text := string(marshalled(t, d)); strings.Contains(text, "bad-value") {
				t.Errorf("filed: %s", text)
			}
			asked := time.Duration(0)
			if c.status != 0 {
				asked = time.Hour
			}
			if got := d.Asked(noon, fails.requestWait); got != asked {
				t.Errorf("whoever failed is asked to wait for %v", got)
			}
			if got := d.Asked(noon, works.requestWait); got > 0 != c.others {
				t.Errorf("others are asked to wait for %v", got)
			}
			if shown := fails.deletionOf(d).Requests[0]; shown.NotBefore == nil || shown.Attempts != 1 || shown.Answer == "" {
				t.Errorf("whoever failed is shown %+v", shown)
			}
			if shown := works.deletionOf(d).Requests[0]; (shown.NotBefore != nil) != c.others || shown.Attempts != 1 || shown.Answer == "" {
				t.Errorf("others are shown %+v", shown)
			}
			if due := works.dueDeletions(); len(due) != 1 == !c.others {
				t.Errorf("for others %q are due", due)
			}
			again, err := fails.doDeletion(t.Context(), sha, awaited)
			if shown := works.deletionOf(again).Requests[0]; err != nil || shown.Attempts != 1 && c.status != 0 || shown.Attempts != 2 && c.status == 0 {
				t.Errorf("after another try, if the receiver allows one: %+v, %v", shown, err)
			}
			d, err = works.doDeletion(t.Context(), sha, background)
			if err != nil || (d.Requests[0].State == deletion.Accepted) == c.others {
				t.Errorf("others: %+v, %v", d, err)
			}
		})
	}
}

// TestWhoStartsForADeletion holds that a sender with the write key of a deletion request relies on
// no deliverer without it.
func TestWhoStartsForADeletion(t *testing.T) {
	s := newSender(t)
	filed(t, s, byKey(t, sendertest.Nowhere))
	has := in(s, "MY_WRITE_KEY", "secret-key")
	for name, c := range map[string]struct {
		holder Sender
		starts int
	}{
		"it has none":    {s, 1},
		"it has another": {in(s, "MY_WRITE_KEY", "other"), 1},
		"it has it":      {has, 0},
	} {
		d := &deliverer{Sender: c.holder, holds: map[manifest.ID]bool{}, own: map[manifest.ID]string{}, by: s.sharedWay()}
		word := strings.Join(d.words(nil), " ")
		sendertest.Write(t, s.sharedLease().Path(), lease.This().String()+" "+word)
		sendertest.Must(t, os.Chtimes(s.sharedLease().Path(), noon, noon))
		started := 0
		has.deliver = func(*os.File) (int, error) { started++; return os.Getpid(), nil }
		if err := has.StartForDue(); err != nil || started != c.starts || strings.Contains(word, "secret-key") {
			t.Errorf("%s: beside one that says %s %d are started, %v", name, word, started, err)
		}
	}
}

// TestAskWithoutWriteKey holds that a deliverer without the write key leaves a request to those
// who have it, and has nobody wait; who asks learns what is missing.
func TestAskWithoutWriteKey(t *testing.T) {
	s := newSender(t)
	r := sendertest.NewReceiver(t, nil)
	d := filed(t, s, byKey(t, r.URL))
	stands := func() deletion.Request {
		t.Helper()
		d, err := s.deletions().Read(d.SHA256)
		sendertest.Must(t, err)
		return d.Requests[0]
	}
	_, err := s.doDeletion(t.Context(), d.SHA256, background)
	if got := stands(); err != nil || got.State != deletion.Pending || !got.Waits.IsZero() || len(s.dueDeletions()) != 0 {
		t.Errorf("in the background: %+v, %v, due %q", got, err, s.dueDeletions())
	}
	has := in(s, "MY_WRITE_KEY", "k")
	if due := has.dueDeletions(); len(due) != 1 {
		t.Errorf("with the key: due %q", due)
	}
	_, err = s.doDeletion(t.Context(), d.SHA256, awaited)
	if got := stands(); err != nil || !strings.Contains(s.requestWait(got).Error, "MY_WRITE_KEY") {
		t.Errorf("who asks: %+v, %v", got, err)
	}
	if due, own := has.dueDeletions(), s.dueDeletions(); len(due) != 1 || len(own) != 0 {
		t.Errorf("and then, with the key: due %q, without %q", due, own)
	}
	_, err = has.doDeletion(t.Context(), d.SHA256, background)
	if got := stands(); err != nil || got.State != deletion.Accepted {
		t.Errorf("with the key: %+v, %v", got, err)
	}
}
