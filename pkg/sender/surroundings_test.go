package sender

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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
		sendertest.Must(t, s.startDeliverer(word(sendertest.ToolID(t, tool), "w", ""), func() bool { return true }))
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
	if got := said(own, "other@WAY/1"); got != "@WAY mytool@WAY unknown@WAY"+hash {
		t.Errorf("at first: %s", got)
	}
	if got := said("other@WAY/1"); got != "@WAY mytool@WAY unknown@WAY"+hash {
		t.Errorf("what others say: %s", got)
	}
	d.settle(Summary{Tool: sendertest.ToolID(t, "unknown"), Held: errors.New("it is not there")})
	sendertest.Must(t, s.outbox(known.Tool.ID).SetBackoffs(backoff.Waits{}.Fail(backoff.Backoff{}.Next(noon, 0, "down"), s.way())))
	if got := said(); got != "@WAY" {
		t.Errorf("when it could not: %s", got)
	}
	sendertest.Must(t, s.outbox(known.Tool.ID).ClearBackoffs())
	d.settle(Summary{Tool: known.Tool.ID, files: []manifestFile{{file, way}}})
	if got := said(); got != "@WAY mytool@WAY mytool@WAY"+hash {
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
	if way := s.wayOf(transport.Outcome{Status: 403, Page: true}, m); way == "" || way != s.way() {
		t.Errorf("a page: %q", way)
	}
	if way := s.wayOf(transport.Outcome{Status: 403}, m); way != "" {
		t.Errorf("the receiver itself: %q", way)
	}
}

// TestAskWithoutWriteKey holds that a deliverer without the write key leaves a request to those
// who have it, and has nobody wait; who asks learns what is missing.
func TestAskWithoutWriteKey(t *testing.T) {
	s := newSender(t)
	r := sendertest.NewReceiver(t, nil)
	m := sendertest.Parse(t, `schema = 1
tool = {id = "mytool", purpose = "p"}
send = {transport = "segment", write_key_env = "MY_WRITE_KEY", endpoint = "`+r.URL+`"}
event = [{name = "forget"}]
field = [{name = "source", key = "/properties/source", from = "identity.source", purpose = "p"}]
forget = {method = "event", event = "forget"}
`)
	d := filed(t, s, m)
	stands := func() deletion.Request {
		t.Helper()
		d, err := s.deletions().Read(d.SHA256)
		sendertest.Must(t, err)
		return d.Requests[0]
	}
	_, err := s.doDeletion(t.Context(), d.SHA256, background)
	if got := stands(); err != nil || got.State != deletion.Pending || got.Backoff.Failures != 0 || len(s.dueDeletions()) != 0 {
		t.Errorf("in the background: %+v, %v, due %q", got, err, s.dueDeletions())
	}
	has := in(s, "MY_WRITE_KEY", "k")
	if due := has.dueDeletions(); len(due) != 1 {
		t.Errorf("with the key: due %q", due)
	}
	_, err = s.doDeletion(t.Context(), d.SHA256, awaited)
	if got := stands(); err != nil || !strings.Contains(got.Backoff.Error, "MY_WRITE_KEY") {
		t.Errorf("who asks: %+v, %v", got, err)
	}
	_, err = has.doDeletion(t.Context(), d.SHA256, awaited)
	if got := stands(); err != nil || got.State != deletion.Accepted {
		t.Errorf("with the key: %+v, %v", got, err)
	}
}
