package sender

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestStartForDue holds that a deliverer is started only for something that it
// could do, and only one.
func TestStartForDue(t *testing.T) {
	s := newSender(t)
	now := time.Now()
	s.now = func() time.Time { return now }
	started := 0
	s.deliver = func(stdin *os.File) (int, error) {
		if stdin != nil {
			t.Error("it is to read something")
		}
		started++
		return os.Getpid(), nil
	}
	wake := func() error { return s.StartForDue() }
	if err := wake(); err != nil || started != 0 {
		t.Errorf("for nothing: %d, %v", started, err)
	}
	d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)))
	if err := errors.Join(wake(), wake()); err != nil || started != 1 {
		t.Errorf("%d, %v", started, err)
	}
	outbox.DelivererLease(s.state()).Release(lease.This())
	d.Requests[0].Waits.Backoff = backoff.Backoff{}.Next(now, 0, "down")
	if err := errors.Join(s.deletions().Write(&d), wake()); err != nil || started != 1 {
		t.Errorf("during the back-off: %d, %v", started, err)
	}
	now = now.Add(time.Hour)
	failed := errors.New("no process")
	broken := s
	broken.deliver = func(*os.File) (int, error) { return 0, failed }
	if err := broken.StartForDue(); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if err := wake(); err != nil || started != 2 {
		t.Errorf("after one that did not start: %d, %v", started, err)
	}
	s.dirs().StateHome = ""
	if err := wake(); err != nil || started != 2 {
		t.Errorf("without a state directory: %d, %v", started, err)
	}
}
