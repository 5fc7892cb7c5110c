package sender

import (
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// TestLongestWait holds that of several answers the one that asks for the longest wait
// counts, in whichever order they come.
func TestLongestWait(t *testing.T) {
	for _, waits := range [][]time.Duration{{time.Hour}, {time.Hour, 0}, {0, time.Hour}, {time.Hour, time.Minute, 0}, {time.Minute, time.Hour, time.Second}} {
		s := newSender(t)
		o := s.outbox(sendertest.ToolID(t, "mytool"))
		p := s.newPass(o.Tool(), func(int) {})
		var sent []claimed
		var outcomes []transport.Outcome
		for _, wait := range waits {
			c, err := o.Claim(place(t, o, "new", sampleID).Name(), p.self, noon)
			if err != nil {
				t.Fatal(err)
			}
			sent, outcomes = append(sent, claimed{Claim: c}), append(outcomes, transport.Outcome{Result: transport.Retry, Status: 503, RetryAfter: wait, Note: "503"})
		}
		if err := p.settle(t.Context(), &manifest.Manifest{}, sent, outcomes); err != nil {
			t.Fatal(err)
		}
		if b := o.Backoffs().Backoff; p.sum.RetryAfter != time.Hour || !b.Asked.Equal(noon.Add(time.Hour)) || p.failed.RetryAfter != time.Hour {
			t.Errorf("%v: %+v, %+v", waits, p.sum, b)
		}
	}
}
