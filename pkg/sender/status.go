package sender

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
)

// Status is how a tool's delivery stands.
type Status struct {
	Queued   int // events that are queued or being delivered
	Rejected int // by a server; they are kept for a while
	Dropped  int // ended without being delivered or rejected
	// OverBounds is how many of those were dropped because the outbox was full, or they were
	// too old, as far as the reason is still recorded.
	OverBounds int

	Last Attempt // when something was sent last, and what became of it; zero if nothing is recorded
	// Unrecorded says why something may have been sent that is not recorded, so that
	// nobody knows whether Last was the last; "" if nothing is known of such a thing.
	Unrecorded string
	Unreadable error // why what is recorded cannot be read; nil if it can

	NotBefore time.Time // until when deliverers wait after failures; zero if they do not
	Failures  int       // in a row
	Failure   string    // what failed last; "" if nothing did, or if it was forgotten with the source ID
}

// Status reads how a tool's delivery stands. An error means that there may be more events
// than it counts.
func (s Sender) Status(tool manifest.ID) (Status, error) {
	if s.state() == "" {
		return Status{Unrecorded: s.Unrecorded(tool)}, s.noState()
	}
	o := s.outbox(tool)
	count, err := o.Count()
	st := Status{Queued: count.Queued, Rejected: count.Rejected, Dropped: count.Dropped, OverBounds: count.OverBounds}
	var last journal.Record
	last, _, st.Unreadable = s.journal(tool).Last()
	st.Last = attemptOf(last)
	at, gapErr := s.journal(tool).Gap()
	st.Unrecorded = unrecorded(at, cmp.Or(st.Unreadable, gapErr))
	if b := s.backoff(o); b.Running(s.Now()) {
		st.NotBefore, st.Failures, st.Failure = b.NotBefore, b.Failures, b.Error
	}
	return st, err
}

// Queued counts a tool's events that are queued or being delivered. An error means that
// there may be more.
func (s Sender) Queued(tool manifest.ID) (int, error) {
	if s.state() == "" {
		return 0, s.noState()
	}
	count, err := s.outbox(tool).Count()
	return count.Queued, err
}

// Untold counts the tool's events that deliverers have dropped because the outbox was full, or
// they were too old, and of which nobody was told since, as far as they are still recorded. An
// error means that there may be more.
func (s Sender) Untold(tool manifest.ID) (int, error) {
	if s.state() == "" {
		return 0, s.noState()
	}
	lost, err := s.outbox(tool).Losses()
	return lost.Untold(), err
}

// Told notes that the person was told of what [Sender.Untold] counts. If the disk does not take
// that they are told again.
func (s Sender) Told(tool manifest.ID) error {
	if s.state() == "" {
		return s.noState()
	}
	return s.outbox(tool).RecordTold(s.Now())
}

// Tools lists the tools that have an outbox, sorted. An error means that there may be more.
func (s Sender) Tools() ([]manifest.ID, error) {
	if s.state() == "" {
		return nil, s.noState()
	}
	tools, err := outbox.Tools(s.state())
	slices.SortFunc(tools, func(a, b manifest.ID) int { return strings.Compare(a.String(), b.String()) })
	return tools, err
}
