package sender

import (
	"slices"
	"strings"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
)

// Status is how a tool's delivery stands.
type Status struct {
	Queued   int       // events that are queued or being delivered
	Rejected int       // by a server; they are kept for a while
	Dropped  int       // ended without being delivered or rejected
	LastSent time.Time // when something was sent last; zero if nothing is recorded

	NotBefore time.Time // until when deliverers wait after failures; zero if they do not
	Failures  int       // in a row
	Failure   string    // what failed last; "" if nothing did, or if it was forgotten with the source ID
}

// Status reads how a tool's delivery stands. An error means that there may be more events
// than it counts.
func (s Sender) Status(tool manifest.ID) (Status, error) {
	if s.state() == "" {
		return Status{}, nil
	}
	o := s.outbox(tool)
	count, err := o.Count()
	st := Status{Queued: count.Queued, Rejected: count.Rejected, Dropped: count.Dropped, LastSent: s.journal(tool).Last()}
	if b := o.Backoff(); b.Running(s.Now()) {
		st.NotBefore, st.Failures, st.Failure = b.NotBefore, b.Failures, b.Error
	}
	return st, err
}

// Queued counts a tool's events that are queued or being delivered.
func (s Sender) Queued(tool manifest.ID) (int, error) {
	if s.state() == "" {
		return 0, nil
	}
	count, err := s.outbox(tool).Count()
	return count.Queued, err
}

// Keeps reports whether events or records of what was sent are kept of a tool; in doubt
// they are.
func (s Sender) Keeps(tool manifest.ID) bool {
	st, err := s.Status(tool)
	return err != nil || st.Queued+st.Rejected > 0 || !st.LastSent.IsZero()
}

// Tools lists the tools that have an outbox, sorted; none if the state directory is not
// known or not used.
func (s Sender) Tools() ([]manifest.ID, error) {
	tools, err := outbox.Tools(s.state())
	slices.SortFunc(tools, func(a, b manifest.ID) int { return strings.Compare(a.String(), b.String()) })
	return tools, err
}
