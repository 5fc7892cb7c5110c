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

// wake starts a deliverer for an event of a manifest that is kept, unless one is at work or there is
// nothing that it could do now.
func (s Sender) wake(e outbox.Entry, m *manifest.Manifest) error {
	o := s.outbox(e.Tool)
	if s.waits(o) && e.EventID[15] != trimByte {
		return nil
	}
	return s.startDeliverer(word(e.Tool, s.withKey(s.sharedWay(), m), e.Manifest), func() bool { return o.Overdue(e, s.Now().Add(-overdue)) })
}

// overdue is how long an event waits at most for a deliverer that is alive, unless a
// receiver is slow.
const overdue = 2 * time.Second

// startDeliverer starts a deliverer, unless one is at work that can be relied on. Two
// deliverers harm nothing.
func (s Sender) startDeliverer(needed string, liesAbout func() bool) error {
	if s.deliver == nil {
		return nil
	}
	l, note, taken := s.takeLease(needed, liesAbout)
	if !taken {
		return nil
	}
	pid, err := s.deliver(nil)
	if err != nil {
		l.Abandon()
		return err
	}
	return l.Assign(lease.NewOwner(pid), note...)
}

// takeLease takes a lease for a deliverer whose word is needed, and returns what the lease is
// to say, its own word first; false if that is not necessary. A deliverer can be relied on
// that says the word. One in another container of this machine cannot, for it ends with that,
// which nobody here sees. Nor can one be that nobody here can see, such as on another machine,
// if it leaves something lying about for long.
func (s Sender) takeLease(needed string, liesAbout func() bool) (l lease.Lease, note []string, taken bool) {
	var holder lease.Holder
	for _, at := range []func() lease.Lease{s.sharedLease, s.ownLease} { // the second one takes more system calls to find
		l = at()
		at, held := l.Holder(s.Now(), lease.This)
		holder = at
		switch {
		case !held:
			return l, []string{needed}, l.Take(s.Now(), lease.This) == nil
		case at.Elsewhere == lease.OtherContainer:
			continue
		case at.Elsewhere != lease.InSight && at.Age > overdue && liesAbout():
			return l, []string{needed}, l.TakeOver(at) == nil
		case !at.Named() || slices.Contains(at.Note, needed):
			return l, nil, false
		}
	}
	return l, append([]string{needed}, holder.Note...), l.TakeOver(holder) == nil // it goes on as well
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
	return s.startDeliverer(s.wordForDeletions(s.sharedWay()), func() bool { return true })
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
