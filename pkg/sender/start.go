package sender

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
)

// trimByte as the last byte of an event's ID, which one in 256 has, starts a
// deliverer even while a back-off runs, to keep the outbox within its bounds.
const trimByte = 0

// wake starts a deliverer for an event that is kept, unless one is at work or there is
// nothing that it could do now.
func (s Sender) wake(e outbox.Entry) error {
	if s.outbox(e.Tool).Backoff().Running(s.Now()) && e.EventID[15] != trimByte {
		return nil
	}
	return s.startDeliverer()
}

// startDeliverer starts a deliverer, unless one is at work.
func (s Sender) startDeliverer() error {
	if s.deliver == nil {
		return nil
	}
	now := s.Now()
	l := outbox.DelivererLease(s.state())
	if l.Held(now, lease.This) || l.Take(now, lease.This) != nil {
		return nil
	}
	pid, err := s.deliver(nil)
	if err != nil {
		l.Abandon()
		return err
	}
	return l.Assign(lease.NewOwner(pid))
}

// StartForDeletions starts a deliverer if a deletion request waits for one and none is
// at work.
func (s Sender) StartForDeletions() error {
	if len(s.dueDeletions()) == 0 {
		return nil
	}
	if err := statefile.MkdirAll(outbox.Dir(s.state()), 0o700); err != nil {
		return err
	}
	return s.startDeliverer()
}

// handOver gives an event that could not be kept, and why, to a deliverer of its own.
func (s Sender) handOver(e outbox.Entry, notKept error) Result {
	if err := s.startWith(e); err != nil {
		return Result{Outcome: Dropped, Reason: consent.Reason{Rule: RuleState, Detail: errors.Join(notKept, err).Error()}}
	}
	detail := fmt.Sprintf("it could not be kept (%v); it is tried once", notKept)
	return Result{Outcome: Queued, EventID: e.EventID, Reason: consent.Reason{Rule: RuleState, Detail: detail}}
}

// errNoDeliverer says that nobody delivers an event that cannot be kept.
var errNoDeliverer = errors.New("there is no deliverer to give it to")

// startWith starts a deliverer that gets the event through a pipe. The pipe
// holds it until the deliverer reads; one that never does is not waited for.
func (s Sender) startWith(e outbox.Entry) error {
	if s.deliver == nil {
		return errNoDeliverer
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = s.deliver(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if err := w.SetWriteDeadline(time.Now().Add(time.Second)); err != nil && !errors.Is(err, os.ErrNoDeadline) {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
