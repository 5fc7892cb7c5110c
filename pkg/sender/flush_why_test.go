package sender

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestFlushSaysWhy holds what a flush says that waited in vain for another delivery, which has
// claimed the event: what failed last, if something did.
func TestFlushSaysWhy(t *testing.T) {
	for _, last := range []string{"", "down"} {
		s := newSender(t)
		e := queue(t, s, consent.Terms{}, noon)
		o := s.outbox(e.Tool)
		_, err := o.Claim(e.Name(), lease.This(), noon)
		sendertest.Must(t, err)
		want := errTimeRanOut.Error()
		if last != "" {
			want = last
			sendertest.Must(t, o.SetBackoffs(backoff.Waits{Backoff: backoff.Backoff{}.Next(noon, 0, last)}))
		}
		synctest.Test(t, func(t *testing.T) { // for its clock
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			sums := s.Flush(ctx, []manifest.ID{e.Tool}, nil)
			if sums[0].Failed == nil || sums[0].Failed.Error() != want {
				t.Errorf("it says %v, want %q", sums[0].Failed, want)
			}
		})
	}
}
