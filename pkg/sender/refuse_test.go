package sender

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestEmptyTellsWhatBecameOfEach empties an outbox while another process delivers one of
// its events, and that one's delivery ends in each way there is.
func TestEmptyTellsWhatBecameOfEach(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(s Sender, o outbox.Outbox, cl outbox.Claim, e outbox.Entry) error
		want Emptied
	}{
		"delivered": {func(s Sender, o outbox.Outbox, cl outbox.Claim, e outbox.Entry) error {
			recordAccepted(t, s, o.Tool(), e.EventID, "{}")
			return cl.Done()
		}, Emptied{Discarded: 1, Sent: 1}},
		"rejected": {func(_ Sender, _ outbox.Outbox, cl outbox.Claim, _ outbox.Entry) error {
			return cl.Reject([]byte("{}"), "400", noon)
		}, Emptied{Discarded: 1, Sent: 1}},
		"put back": {func(_ Sender, _ outbox.Outbox, cl outbox.Claim, _ outbox.Entry) error { return cl.Release() }, Emptied{Discarded: 2}},
		"stopped before anything left": {func(_ Sender, _ outbox.Outbox, cl outbox.Claim, _ outbox.Entry) error {
			return cl.Discard(outbox.LostWithdrawn, noon)
		}, Emptied{Discarded: 2}},
		"stopped on its way": {func(_ Sender, _ outbox.Outbox, cl outbox.Claim, _ outbox.Entry) error {
			return cl.Discard(outbox.LostInterrupted, noon)
		}, Emptied{Discarded: 1, Interrupted: 1}},
		"gone without a trace": {func(_ Sender, o outbox.Outbox, _ outbox.Claim, e outbox.Entry) error {
			return os.Remove(claimFile(o, e))
		}, Emptied{Discarded: 1, Interrupted: 1}},
		"not ended": {func(Sender, outbox.Outbox, outbox.Claim, outbox.Entry) error { return nil }, Emptied{Discarded: 1, Underway: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSender(t)
			o := s.outbox(sendertest.ToolID(t, "mytool"))
			e := queue(t, s, consent.Terms{}, noon)
			queue(t, s, consent.Terms{}, noon)
			cl, err := o.Claim(e.Name(), lease.This(), noon)
			sendertest.Must(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			ended := make(chan error, 1)
			go func() { // once the other event is gone, Empty waits for this one
				for there := true; there; time.Sleep(time.Millisecond) {
					files, _ := os.ReadDir(o.Path("new")) // which goes as a whole
					there = len(files) > 0
				}
				if c.want.Underway > 0 {
					cancel()
				}
				ended <- c.end(s, o, cl, e)
			}()
			got, err := s.empty(ctx, o.Tool(), outbox.LostRefused, nil)
			if endErr := <-ended; got != c.want || err != nil || endErr != nil {
				t.Errorf("%+v, want %+v, %v, %v", got, c.want, err, endErr)
			}
			if count, err := o.Count(); err != nil || count.Queued != c.want.Underway || count.Rejected != 0 {
				t.Errorf("left: %+v, %v", count, err)
			}
		})
	}
}

// TestRefuse holds that a refusal is recorded before anything is thrown away, that it is
// thrown away though the record failed, and whose events go.
func TestRefuse(t *testing.T) {
	failed := errors.New("the disk")
	for _, recorded := range []error{nil, failed} {
		for _, all := range []bool{false, true} {
			s := newSender(t)
			mine, other := s.outbox(sendertest.ToolID(t, "mytool")), s.outbox(sendertest.ToolID(t, "other"))
			queue(t, s, consent.Terms{}, noon)
			queue(t, s, consent.Terms{}, noon)
			place(t, other, "new", sampleID)
			id, want := mine.Tool(), Emptied{Discarded: 2}
			if all {
				id, want = manifest.ID{}, Emptied{Discarded: 3}
			}
			got := s.Refuse(t.Context(), id, func() error {
				if len(waiting(t, mine)) != 2 || len(waiting(t, other)) != 1 {
					t.Error("something was thrown away before the refusal is recorded")
				}
				return recorded
			})
			if got != (Refusal{Events: want, Recorded: recorded}) {
				t.Errorf("all %v: %+v, want %+v", all, got, want)
			}
			if len(waiting(t, mine)) != 0 || len(waiting(t, other)) != 3-want.Discarded {
				t.Errorf("all %v: left %q, %q", all, waiting(t, mine), waiting(t, other))
			}
		}
	}
}

// TestRefuseManyEvents refuses so many events that the record of losses does not name all of them
// in the end: each was thrown away, and none is said to have been on its way.
func TestRefuseManyEvents(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("so many files take minutes under wine")
	}
	const many = 13_000
	s := newSender(t)
	o := s.outbox(sendertest.ToolID(t, "mytool"))
	queue(t, s, consent.Terms{}, noon)
	sendertest.Write(t, o.Path("dropped"), strings.Repeat(" ", 1<<20-1)+"\n") // the next line has it set aside
	for i := range many - 1 {
		sendertest.Must(t, os.WriteFile(o.Path("new", fmt.Sprintf("%016x-%s.json", i, uuid.New())), nil, 0o600))
	}
	var shown atomic.Int64
	got := s.OnThrownAway(func() { shown.Add(1) }).Refuse(t.Context(), o.Tool(), func() error { return nil })
	if got != (Refusal{Events: Emptied{Discarded: many}}) || shown.Load() != many {
		t.Errorf("%+v, %d were shown", got, shown.Load())
	}
	lost, err := o.Losses()
	if err != nil || lost.Count() != many || len(lost.Why) == many {
		t.Errorf("%d are recorded, %d by name: %v", lost.Count(), len(lost.Why), err)
	}
}
