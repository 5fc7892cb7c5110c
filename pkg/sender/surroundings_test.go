package sender

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
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
			b := s.outbox(m.Tool.ID).Backoff()
			if !s.waits(b) {
				t.Errorf("whoever failed does not wait: %+v", b)
			}
			for _, variable := range []string{"HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE"} {
				if got := in(s, variable, "x").waits(b); got != c.others {
					t.Errorf("with %s waits: %v", variable, got)
				}
			}
			if got := in(s, "PWD", "/").waits(b); !got {
				t.Error("another directory is another way")
			}
		})
	}
}

func unreachable(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }

// TestNoWriteKey holds that a process without the write key leaves the events alone, and
// has nobody wait.
func TestNoWriteKey(t *testing.T) {
	r := sendertest.NewReceiver(t, nil)
	s := newSender(t)
	m, terms := agreedTool(t, s, r.URL)
	file := filepath.Join(s.dirs().DataHome, "usagectl", "tools", "mytool.toml")
	data, err := os.ReadFile(file)
	sendertest.Must(t, err)
	text := strings.Replace(string(data), `"http"`, `"segment", write_key_env = "MY_WRITE_KEY", auth = "body"`, 1)
	sendertest.Write(t, file, strings.Replace(text, `name = "source",`, `name = "source", key = "/properties/source",`, 1))
	queue(t, s, terms, noon)
	o := s.outbox(m.Tool.ID)
	if sum := s.drain(t.Context(), m.Tool.ID, func(int) {}); sum.Held == nil || sum.Failed != nil || !strings.Contains(sum.Held.Error(), "MY_WRITE_KEY") {
		t.Errorf("%+v", sum)
	}
	if b := o.Backoff(); b.Failures != 0 || s.held(m.Tool.ID) == nil {
		t.Errorf("%+v", b)
	}
	has := in(s, "MY_WRITE_KEY", "k")
	if sum := has.drain(t.Context(), m.Tool.ID, func(int) {}); sum.Sent != 1 || has.held(m.Tool.ID) != nil {
		t.Errorf("with the key: %+v", sum)
	}
}

// TestWhomToRelyOn holds when a sender starts a deliverer beside one that has the lease.
func TestWhomToRelyOn(t *testing.T) {
	elsewhere := sendertest.DeadProcess(t, "elsewhere")
	here := lease.This()
	for name, c := range map[string]struct {
		holder lease.Owner
		note   string
		env    string        // a variable of the sender's
		age    time.Duration // of the lease
		other  time.Duration // the age of another event; 0 if there is none
		starts bool
	}{
		"it delivers the tool's events":            {here, "mytool@direct", "", 0, 0, false},
		"among others":                             {here, "a@direct mytool@direct z@direct", "", 0, 0, false},
		"it is busy":                               {here, "mytool@direct", "", time.Minute, time.Minute, false},
		"it does not":                              {here, "other@direct", "", 0, 0, true},
		"it does, by another way":                  {here, "mytool@direct", "HTTPS_PROXY", 0, 0, true},
		"it says nothing, as older versions do":    {here, "", "", 0, 0, true},
		"it is elsewhere":                          {elsewhere, "mytool@direct", "", time.Minute, 0, false},
		"it is elsewhere, and has just come":       {elsewhere, "mytool@direct", "", time.Second, time.Minute, false},
		"it is elsewhere, and does nothing":        {elsewhere, "mytool@direct", "", 3 * time.Second, 3 * time.Second, true},
		"it is elsewhere, and the other event new": {elsewhere, "mytool@direct", "", time.Minute, time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			if c.env != "" {
				s = in(s, c.env, "x")
			}
			started := 0
			s.deliver = func(*os.File) (int, error) { started++; return os.Getpid(), nil }
			e := queue(t, s, consent.Terms{}, noon)
			if c.other > 0 {
				queue(t, s, consent.Terms{}, noon.Add(-c.other))
			}
			l := outbox.DelivererLease(s.state())
			sendertest.Write(t, l.Path(), strings.TrimSpace(c.holder.String()+" "+c.note))
			sendertest.Must(t, os.Chtimes(l.Path(), noon, noon.Add(-c.age)))
			if err := s.wake(e); err != nil || (started == 1) != c.starts {
				t.Errorf("started %d, %v", started, err)
			}
			sendertest.Must(t, os.Chtimes(l.Path(), noon, noon))
			if err := s.wake(e); err != nil || started > 1 {
				t.Errorf("and again: started %d, %v", started, err)
			}
			held, _ := l.Holder(noon, lease.This)
			if keeps := len(held.Note) > 0 && held.Note[len(held.Note)-1] == "z@direct"; strings.Contains(c.note, "z@") && !keeps {
				t.Errorf("the lease says %q", held.Note)
			}
		})
	}
}

// TestStartForOldEvents holds that a deliverer is started for an event that is too old to
// be kept, though its tool has to wait.
func TestStartForOldEvents(t *testing.T) {
	s := newSender(t)
	started := 0
	s.deliver = func(*os.File) (int, error) { started++; return os.Getpid(), nil }
	e := queue(t, s, consent.Terms{}, noon.Add(-outbox.MaxAge))
	sendertest.Must(t, s.outbox(e.Tool).SetBackoff(backoff.Backoff{}.Next(noon, 0, "down")))
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
	if way := s.wayOf(transport.Outcome{Status: 403, Page: true}); way != directly {
		t.Errorf("a page: %q", way)
	}
	if way := s.wayOf(transport.Outcome{Status: 403}); way != "" {
		t.Errorf("the receiver itself: %q", way)
	}
}
