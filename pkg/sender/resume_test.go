package sender

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// flushed runs FlushDeletions against a receiver that says one thing after another, the
// last for ever. It returns what was asked, and after which time each was.
func flushed(t *testing.T, s Sender, patience time.Duration, sayings ...func() (*http.Response, error)) (bodies []string, after []time.Duration, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s.now = time.Now
		s.client = &http.Client{Transport: sendertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			bodies, after = append(bodies, string(body)), append(after, time.Since(start))
			return sayings[min(len(bodies), len(sayings))-1]()
		})}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := s.FlushDeletions(ctx, []manifest.ID{sendertest.ToolID(t, "mytool")}); err != nil {
			t.Error(err)
		}
		took = time.Since(start)
	})
	return bodies, after, took
}

func refused() (*http.Response, error) { return nil, errors.New("connection refused") }

func unavailable() (*http.Response, error) { return sendertest.Says(503, "") }

func ok() (*http.Response, error) { return sendertest.Says(202, "") }

// firstPause is the time before the first attempt that is not the first one.
const firstPause = 500 * time.Millisecond

// TestFlushDeletions holds that whoever waits has it tried again, whatever our own
// back-off says, until it is accepted or time runs out.
func TestFlushDeletions(t *testing.T) {
	later := func() (*http.Response, error) { return sendertest.Says(429, "20") }
	tomorrow := func() (*http.Response, error) { return sendertest.Says(503, "86400") }
	no := func() (*http.Response, error) { return sendertest.Says(410, "") }
	for _, c := range []struct {
		name     string
		patience time.Duration
		sayings  []func() (*http.Response, error)
		after    []time.Duration
		want     deletion.State
	}{
		{"at once", time.Minute, []func() (*http.Response, error){ok}, []time.Duration{0}, deletion.Accepted},
		{"in the end", time.Minute, []func() (*http.Response, error){refused, unavailable, unavailable, ok}, []time.Duration{0, firstPause, 3 * firstPause, 7 * firstPause}, deletion.Accepted},
		{"when it is asked to", time.Minute, []func() (*http.Response, error){later, ok}, []time.Duration{0, 20 * time.Second}, deletion.Accepted},
		{"it asks for more than there is", time.Minute, []func() (*http.Response, error){tomorrow, ok}, []time.Duration{0}, deletion.Pending},
		{"a clear no", time.Minute, []func() (*http.Response, error){no, ok}, []time.Duration{0}, deletion.Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSender(t)
			d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)))
			bodies, after, took := flushed(t, s, c.patience, c.sayings...)
			if !slices.Equal(after, c.after) || took != after[len(after)-1] { // it knows that waiting is in vain
				t.Errorf("asked after %v, and took %v; want %v", after, took, c.after)
			}
			if len(slices.Compact(bodies)) != 1 || !strings.Contains(bodies[0], d.Requests[0].ID.String()) {
				t.Errorf("asked %q", bodies)
			}
			if on, err := s.deletions().Read(d.SHA256); err != nil || on.Requests[0].State != c.want {
				t.Errorf("on disk: %+v, %v", on, err)
			}
		})
	}
}

// TestFlushLeavesAlone holds that a receiver which asked for more time than is left is
// not asked at all, and that its wish keeps nobody else waiting.
func TestFlushLeavesAlone(t *testing.T) {
	s := newSender(t)
	d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)), sendertest.Tool(t, "other", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)))
	synctest.Test(t, func(t *testing.T) { // for its clock
		d.Requests[0].Waits.Backoff = backoff.Backoff{}.Next(time.Now(), time.Hour, "busy")
	})
	if err := s.deletions().Write(&d); err != nil {
		t.Fatal(err)
	}
	bodies, after, took := flushed(t, s, time.Minute, unavailable, ok)
	if len(bodies) != 2 || !strings.Contains(bodies[0]+bodies[1], `"tool":"other"`) || strings.Contains(bodies[0]+bodies[1], `"tool":"mytool"`) {
		t.Errorf("asked %q", bodies)
	}
	if want := []time.Duration{0, firstPause}; !slices.Equal(after, want) || took != firstPause {
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
		d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)))
		d.Erased, d.Backoff = false, backoff.Backoff{}.Next(noon, 0, "the disk")
		if err := s.deletions().Write(&d); err != nil {
			t.Fatal(err)
		}
		journal := journalFile(s, d.Tools[0])
		sendertest.Write(t, journal, sampleID)
		if blocked {
			sendertest.Block(t, journal)
		}
		bodies, _, took := flushed(t, s, time.Minute, ok)
		on, err := s.deletions().Read(d.SHA256)
		if err != nil || len(bodies) != 1 || took != 0 || on.Erased == blocked || (on.SourceID == "") == blocked {
			t.Errorf("blocked %v: asked %q, took %v; %+v, %v", blocked, bodies, took, on, err)
		}
	}
}

// TestFlushChooses holds that only what the person waits for is done, and that what
// cannot be read, which may be of any tool, spoils nothing.
func TestFlushChooses(t *testing.T) {
	s := newSender(t)
	ds := s.deletions()
	for id, tool := range map[string]string{sampleID: "mytool", otherID: "other"} {
		d := Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, tool, sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere))}, SourceID: id}.deletion(s.Now())
		d.Erased = true
		if err := ds.Create(d); err != nil {
			t.Fatal(err)
		}
	}
	if bodies, _, _ := flushed(t, s, time.Minute, ok); len(bodies) != 1 || !strings.Contains(bodies[0], `"tool":"mytool"`) {
		t.Errorf("asked %q", bodies)
	}
	sendertest.Write(t, ds.Path(deletion.HashID("damaged")), "")
	asked := 0
	s.client = &http.Client{Transport: sendertest.RoundTrip(func(*http.Request) (*http.Response, error) { asked++; return unavailable() })}
	for _, do := range []func() error{
		func() error { return s.ResumeDeletions(t.Context(), sendertest.ToolID(t, "other"), map[string]bool{}) },  // once
		func() error { return s.ResumeDeletions(t.Context(), sendertest.ToolID(t, "mytool"), map[string]bool{}) }, // done before
		func() error {
			return s.FlushDeletions(t.Context(), []manifest.ID{sendertest.ToolID(t, "mytool"), sendertest.ToolID(t, "third")})
		},
	} {
		if err := do(); err != nil || asked != 1 {
			t.Errorf("asked %d times, %v", asked, err)
		}
	}
}

// TestResumeWithoutAsked holds that a caller who has asked for nothing before needs no
// map.
func TestResumeWithoutAsked(t *testing.T) {
	s := newSender(t)
	r := sendertest.NewReceiver(t, nil)
	d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(r.URL)))
	if err := s.ResumeDeletions(t.Context(), d.Tools[0], nil); err != nil || len(r.Requests()) != 1 {
		t.Errorf("asked %d times, %v", len(r.Requests()), err)
	}
}

// TestConfirm holds that a person's word settles what is open, once, and that the ID
// goes with the last.
func TestConfirm(t *testing.T) {
	for _, state := range allStates {
		s := newSender(t)
		d := deletionIn(t, true, state, deletion.ByMail)
		before := marshalled(t, d)
		if err := s.deletions().Create(d); err != nil {
			t.Fatal(err)
		}
		sendertest.Write(t, s.deletions().Path(deletion.HashID("damaged")), "")
		s.now = func() time.Time { return noon.Add(time.Hour + time.Millisecond) }
		if _, err := s.Confirm(t.Context(), uuid.New()); !errors.Is(err, ErrNoRequest) || !errors.Is(err, deletion.ErrDamaged) {
			t.Errorf("no such request: %v", err)
		}
		confirm := func(i int) deletion.Deletion {
			t.Helper()
			got, err := s.Confirm(t.Context(), d.Requests[i].ID)
			sendertest.Must(t, err)
			on, err := s.deletions().Read(d.SHA256)
			if err != nil || !reflect.DeepEqual(got, s.deletionOf(on)) {
				t.Errorf("%s: %+v, on disk %+v, %v", state, got, on, err)
			}
			return on
		}
		got := confirm(0)
		first := got.Requests[0]
		switch state {
		case deletion.Accepted, deletion.Confirmed:
			if !bytes.Equal(marshalled(t, got), before) {
				t.Errorf("%s: %+v", state, got)
			}
		default:
			if first.State != deletion.Confirmed || !first.SettledAt.Equal(noon.Add(time.Hour)) || first.Payload != nil || got.SourceID != sampleID {
				t.Errorf("%s: %+v", state, got)
			}
		}
		got = confirm(1)
		if got.SourceID != "" || got.Requests[1].State != deletion.Confirmed {
			t.Errorf("%s: %+v", state, got)
		}
		data, err := os.ReadFile(s.deletions().Path(d.SHA256))
		if err != nil || bytes.Contains(data, []byte(sampleID)) {
			t.Errorf("%s: on disk: %s, %v", state, data, err)
		}
	}
}

// TestConfirmBesideAnother holds that a confirmation does not write over what another
// process is doing.
func TestConfirmBesideAnother(t *testing.T) {
	s := newSender(t)
	d := deletionIn(t, true, deletion.ByMail)
	if err := s.deletions().Create(d); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Confirm(occupied(t, &s), d.Requests[0].ID); err == nil {
		t.Errorf("%+v", got)
	}
	if on, err := s.deletions().Read(d.SHA256); err != nil || on.Requests[0].State != deletion.ByMail {
		t.Errorf("%+v, %v", on, err)
	}
}
