package sender

import (
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
	return s.startDeliverer(func() bool { return o.Overdue(e, s.Now().Add(-overdue)) }, word(e.Tool, s.withKey(s.sharedWay(), m), e.Manifest))
}

// bundlesWord is what a deliverer says that knows bundles.
const bundlesWord = "bundles"

// wakeForBundle is wake for a bundle of events of a manifest, whose file is "" or was given.
func (s Sender) wakeForBundle(m *manifest.Manifest, file string) error {
	o := s.outbox(m.Tool.ID)
	if s.waits(o) {
		return nil
	}
	old := func() bool { return o.Overdue(outbox.Entry{}, s.Now().Add(-overdue)) }
	return s.startDeliverer(old, word(m.Tool.ID, s.withKey(s.sharedWay(), m), file), bundlesWord)
}

// overdue is how long an event waits at most for a deliverer that is alive, unless a
// receiver is slow.
const overdue = 2 * time.Second

// startDeliverer starts a deliverer, unless one is at work that can be relied on. Two
// deliverers harm nothing.
func (s Sender) startDeliverer(liesAbout func() bool, needed ...string) error {
	if s.deliver == nil {
		return nil
	}
	l, note, taken := s.takeLease(liesAbout, needed...)
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

// takeLease takes a lease for a deliverer whose words are needed, and returns what the lease is
// to say, its own words first; false if that is not necessary. A deliverer can be relied on
// that says the words. One in another container of this machine cannot, for it ends with that,
// which nobody here sees. Nor can one be that nobody here can see, such as on another machine,
// if it leaves something lying about for long.
func (s Sender) takeLease(liesAbout func() bool, needed ...string) (l lease.Lease, note []string, taken bool) {
	var holder lease.Holder
	for _, at := range []func() lease.Lease{s.sharedLease, s.ownLease} { // the second one takes more system calls to find
		l = at()
		at, held := l.Holder(s.Now(), lease.This)
		holder = at
		switch {
		case !held:
			return l, needed, l.Take(s.Now(), lease.This) == nil
		case at.Elsewhere == lease.OtherContainer:
			continue
		case at.Elsewhere != lease.InSight && at.Age > overdue && liesAbout():
			return l, needed, l.TakeOver(at) == nil
		case !at.Named() || !slices.ContainsFunc(needed, func(word string) bool { return !slices.Contains(at.Note, word) }):
			return l, nil, false
		}
	}
	return l, append(slices.Clone(needed), holder.Note...), l.TakeOver(holder) == nil // it goes on as well
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
	return s.startDeliverer(func() bool { return true }, s.wordForDeletions(s.sharedWay()))
}

// expires reports whether an event of any tool is too old to be kept.
func (s Sender) expires() bool {
	tools, err := outbox.Tools(s.state())
	return err == nil && slices.ContainsFunc(tools, func(tool manifest.ID) bool { return s.outbox(tool).Expires(s.Now()) })
}

// handOver gives an event that could not be kept, and why, to a deliverer of its own.
func (s Sender) handOver(e outbox.Entry, notKept error) Result {
	line, err := e.MarshalJSON()
	if err == nil {
		err = s.startWith(append(line, '\n'))
	}
	if err != nil {
		return Result{Outcome: Dropped, Reason: consent.Reason{Rule: RuleState, Detail: errors.Join(notKept, err).Error()}}
	}
	detail := fmt.Sprintf("it could not be kept (%v); it is tried once", notKept)
	return Result{Outcome: Queued, EventID: e.EventID, Reason: consent.Reason{Rule: RuleState, Detail: detail}}
}

// errNoDeliverer says that nobody delivers an event that cannot be kept.
var errNoDeliverer = errors.New("there is no deliverer to give it to")

// startWith starts a deliverer that gets entries through a pipe, a line each. The pipe
// holds them until the deliverer reads; one that never does is not waited for.
func (s Sender) startWith(lines []byte) error {
	if s.deliver == nil {
		return errNoDeliverer
	}
	if _, err := s.deletions().Forgotten(); err != nil {
		return err // they would never leave
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
	_, err = w.Write(lines)
	return err
}
