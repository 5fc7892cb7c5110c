package sender

import (
	"net/http"
	"os"
	"reflect"
	"testing"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestFate holds that an event that is not there any more does not count as delivered
// unless something says so.
func TestFate(t *testing.T) {
	s := newSender(t)
	o := s.outbox(sendertest.ToolID(t, "mytool"))
	take := func() (outbox.Entry, outbox.Claim) {
		e := queue(t, s, consent.Terms{}, noon)
		cl, err := o.Claim(e.Name(), lease.This(), noon)
		sendertest.Must(t, err)
		return e, cl
	}
	e, cl := take()
	if got := s.fate(e); !reflect.DeepEqual(got, result(Queued, RuleNetwork, "")) {
		t.Errorf("claimed: %+v", got)
	}
	sendertest.Must(t, cl.Discard(outbox.LostWithdrawn, noon))
	if got := s.fate(e); !reflect.DeepEqual(got, result(Dropped, RuleNetwork, "consent was withdrawn")) {
		t.Errorf("dropped: %+v", got)
	}
	e, cl = take()
	sendertest.Must(t, cl.Reject([]byte("{}"), "400 no", noon))
	if got := s.fate(e); !reflect.DeepEqual(got, result(Rejected, RuleServer, "400 no")) {
		t.Errorf("rejected: %+v", got)
	}
	e, cl = take()
	sendertest.Must(t, cl.Done())
	if got := s.fate(e); got.Outcome != Unknown || got.Reason.Detail == "" {
		t.Errorf("gone: %+v", got)
	}
	recordAccepted(t, s, o.Tool(), e.EventID, "{}")
	if got := s.fate(e); !reflect.DeepEqual(got, delivered()) {
		t.Errorf("delivered: %+v", got)
	}
}

// TestDeliverOneThrownAway waits for an event that another process has, which throws it
// away because consent was withdrawn.
func TestDeliverOneThrownAway(t *testing.T) {
	s := newSender(t)
	o := s.outbox(sendertest.ToolID(t, "mytool"))
	e := queue(t, s, consent.Terms{}, noon)
	cl, err := o.Claim(e.Name(), lease.This(), noon)
	sendertest.Must(t, err)
	discarded := make(chan error)
	go func() { discarded <- cl.Discard(outbox.LostRefused, noon) }()
	if got := s.deliverOne(t.Context(), &manifest.Manifest{}, e, true); !reflect.DeepEqual(got, Result{Outcome: Dropped, Reason: consent.Reason{Rule: RuleNetwork, Detail: "consent was withdrawn"}, EventID: e.EventID}) {
		t.Errorf("%+v", got)
	}
	sendertest.Must(t, <-discarded) // before the home is removed under it
}

// TestDeliverOneWithoutParts holds that a first send that was killed between two
// directories leaves nothing that later ones wait for.
func TestDeliverOneWithoutParts(t *testing.T) {
	for _, missing := range []string{"claimed", "rejected", "discarded", "tmp"} {
		r := sendertest.NewReceiver(t, nil)
		s := newSender(t)
		_, terms := agreedTool(t, s, r.URL)
		e := queue(t, s, terms, noon)
		sendertest.Must(t, os.Remove(s.outbox(e.Tool).Path(missing)))
		if got := s.deliverOne(t.Context(), &manifest.Manifest{}, e, true); got.Outcome != Sent || got.EventID != e.EventID || got.Err != nil {
			t.Errorf("without %s: %+v", missing, got)
		}
	}
}

// TestRetry holds that what a server has rejected is queued again, and only that.
func TestRetry(t *testing.T) {
	r := sendertest.NewReceiver(t, nil)
	status := 400
	r.Answer = func(w http.ResponseWriter) { w.WriteHeader(status) }
	s, m, _ := takingAt(t, r.URL)
	tools := []manifest.ID{m.Tool.ID}
	taken := s.Take(t.Context(), Event{Tool: "mytool", Name: "run"})
	if n, err := s.Retry(m.Tool.ID); n != 0 || err != nil {
		t.Errorf("nothing is rejected: %d, %v", n, err)
	}
	if sum := s.Flush(t.Context(), tools, nil)[0]; sum.Rejected != 1 || sum.Failed != nil {
		t.Errorf("%+v", sum)
	}
	status = 202
	if n, err := s.Retry(m.Tool.ID); n != 1 || err != nil {
		t.Errorf("put back: %d, %v", n, err)
	}
	if sum := s.Flush(t.Context(), tools, nil)[0]; sum.Sent != 1 {
		t.Errorf("%+v", sum)
	}
	records := sentBy(t, s, m.Tool.ID)
	if len(records) != 2 || records[0].Outcome != AttemptRejected || records[1].Outcome != AttemptAccepted || records[1].EventID != taken.EventID {
		t.Errorf("%+v", records)
	}
}
