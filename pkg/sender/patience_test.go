package sender

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestTriesUntilTimeIsUp holds that whoever waits for a delivery has it tried again until the
// time is up, and learns what failed, and that nobody has hurried more and more meanwhile.
func TestTriesUntilTimeIsUp(t *testing.T) {
	for name, wait := range map[string]func(context.Context, Sender, *manifest.Manifest) string{
		"one event": func(ctx context.Context, s Sender, m *manifest.Manifest) string {
			return s.deliverOne(ctx, m, queue(t, s, agreeAt(t, s, m, noon), noon), true).Reason.Detail
		},
		"all events": func(ctx context.Context, s Sender, m *manifest.Manifest) string {
			queue(t, s, agreeAt(t, s, m, noon), noon)
			return s.Flush(ctx, []manifest.ID{m.Tool.ID}, nil)[0].Failed.Error()
		},
		"an event that is not kept": func(ctx context.Context, s Sender, m *manifest.Manifest) string {
			e := queue(t, s, agreeAt(t, s, m, noon), noon)
			out, _, err := s.deliverUnkept(ctx, e, true)
			sendertest.Must(t, err)
			return out.Note
		},
		"a deletion": func(ctx context.Context, s Sender, m *manifest.Manifest) string {
			d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)))
			sendertest.Must(t, s.FlushDeletions(ctx, []manifest.ID{m.Tool.ID}))
			d, err := s.deletions().Read(d.SHA256)
			sendertest.Must(t, err)
			return s.requestWait(d.Requests[0]).Error
		},
	} {
		for _, timeout := range []time.Duration{time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second, time.Minute} {
			s := newSender(t)
			m, _ := agreedTool(t, s, sendertest.Nowhere)
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var last time.Duration
				tries := 0
				s.now = func() time.Time { return noon.Add(time.Since(start)) }
				s.client = &http.Client{Transport: sendertest.RoundTrip(func(*http.Request) (*http.Response, error) {
					last, tries = time.Since(start), tries+1
					return unavailable()
				})}
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				why := wait(ctx, s, m)
				took := time.Since(start)
				if timeout-last > 2*leastPatience || timeout-took > 2*leastPatience || took > timeout || tries > 70 || why != "503 Service Unavailable" {
					t.Errorf("%s, %v: tried %d times, the last time after %v; it took %v: %s", name, timeout, tries, last, took, why)
				}
			})
		}
	}
}

// TestWaitsForAnother holds that a flush waits until its time is up for another deliverer that
// has claimed the event, and delivers what that one puts back.
func TestWaitsForAnother(t *testing.T) {
	for _, after := range []time.Duration{0, 2500 * time.Millisecond} {
		r := sendertest.NewReceiver(t, nil)
		s := newSender(t)
		m, terms := agreedTool(t, s, r.URL)
		c, err := s.outbox(m.Tool.ID).Claim(queue(t, s, terms, noon).Name(), lease.This(), noon)
		sendertest.Must(t, err)
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			s.client = &http.Client{Transport: sendertest.RoundTrip(func(*http.Request) (*http.Response, error) { return ok() })}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if after > 0 {
				time.AfterFunc(after, func() { _ = c.Release() })
			}
			sum := s.Flush(ctx, []manifest.ID{m.Tool.ID}, nil)[0]
			took := time.Since(start)
			if after == 0 && (sum.Failed == nil || took < 3*time.Second-2*leastPatience) || after > 0 && (sum.Sent != 1 || took < after) {
				t.Errorf("%v: %+v after %v", after, sum, took)
			}
		})
	}
}
