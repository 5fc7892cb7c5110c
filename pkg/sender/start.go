package sender

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
)

// trimByte as the last byte of an event's ID, which one in 256 has, starts a
// deliverer even while a back-off runs, to keep the outbox within its bounds.
const trimByte = 0

// wake starts a deliverer for an event that is kept, unless one is at work or there is
// nothing that it could do now.
func (s Sender) wake(e outbox.Entry) error {
	o := s.outbox(e.Tool)
	if s.waits(o.Backoff()) && e.EventID[15] != trimByte {
		return nil
	}
	return s.startDeliverer(s.vouches(e.Tool), func() bool { return o.Overdue(e, s.Now().Add(-overdue)) })
}

// overdue is how long an event waits at most for a deliverer that is alive, unless a
// receiver is slow.
const overdue = 2 * time.Second

// startDeliverer starts a deliverer, unless one is at work that can be relied on: it
// says that it delivers the tool's events, of which vouched is its word, if that is not
// "", and if nobody here can tell whether it is alive, it leaves nothing lying about for long. Two
// deliverers harm nothing.
func (s Sender) startDeliverer(vouched string, liesAbout func() bool) error {
	if s.deliver == nil {
		return nil
	}
	now := s.Now()
	l := outbox.DelivererLease(s.state())
	var note []string
	if vouched != "" {
		note = []string{vouched}
	}
	if at, held := l.Holder(now, lease.This); !held {
		if l.Take(now, lease.This) != nil {
			return nil
		}
	} else {
		trusted := !at.Named() || vouched == "" || slices.Contains(at.Note, vouched)
		gone := at.Unseen && at.Age > overdue && liesAbout()
		if trusted && !gone || l.TakeOver(at) != nil {
			return nil
		}
		if !gone { // it goes on as well
			note = append(note, at.Note...)
		}
	}
	pid, err := s.deliver(nil)
	if err != nil {
		l.Abandon()
		return err
	}
	return l.Assign(lease.NewOwner(pid), note...)
}

// StartForDue starts a deliverer, unless one is at work, if a deletion request waits for
// one or an event is too old to be kept.
func (s Sender) StartForDue() error {
	if len(s.dueDeletions()) == 0 && !s.expires() {
		return nil
	}
	if err := statefile.MkdirAll(outbox.Dir(s.state()), 0o700); err != nil {
		return err
	}
	return s.startDeliverer("", func() bool { return true })
}

// expires reports whether an event of any tool is too old to be kept.
func (s Sender) expires() bool {
	tools, err := outbox.Tools(s.state())
	return err == nil && slices.ContainsFunc(tools, func(tool manifest.ID) bool { return s.outbox(tool).Expires(s.Now()) })
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
	if _, err := s.deletions().Forgotten(); err != nil {
		return err // it would never leave
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
