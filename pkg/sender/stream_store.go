package sender

import (
	"errors"
	"fmt"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
)

// streamStore puts the bundles of a stream into the outbox, in order and in a goroutine of its own.
type streamStore struct {
	sender Sender
	tool   *manifest.Manifest
	file   string // of the manifest, or ""
	outbox outbox.Outbox

	bundles chan *outbox.Bundle
	settled chan stored // of each bundle, in order

	pending []int // how many events are in the bundles that are not settled
	behind  bool  // a bundle was dropped because the disk did not keep up; the next is not waited for
	sum     stored

	kept   int       // bundles; this and the next are the goroutine's
	gaveAt time.Time // when events were given to a deliverer that could not be kept
}

// stored is what became of events.
type stored struct {
	taken, off, dropped int
	why                 consent.Reason // of the last that was not taken
}

func newStreamStore(s Sender, m *manifest.Manifest, file string) *streamStore {
	st := &streamStore{
		sender: s, tool: m, file: file, outbox: s.outbox(m.Tool.ID),
		bundles: make(chan *outbox.Bundle, bundlesAhead), settled: make(chan stored, 2*bundlesAhead),
	}
	go func() {
		for b := range st.bundles {
			st.settled <- st.keep(b)
		}
	}()
	return st
}

// put has a bundle be kept, for which it waits if others wait already, but not for long, and not
// again before the disk is there again. What is not kept is dropped.
func (st *streamStore) put(b *outbox.Bundle) {
	for st.collect() {
	}
	select {
	case st.bundles <- b:
		st.behind = false
		st.pending = append(st.pending, b.Len())
		return
	default:
	}
	for wait := newStreamWait(); !st.behind; {
		select {
		case st.bundles <- b:
			st.pending = append(st.pending, b.Len())
			return
		case s := <-st.settled:
			st.settle(s)
		case <-wait.tick:
			st.behind = wait.isOver()
		}
	}
	st.add(stored{dropped: b.Len(), why: tooSlow()})
}

// tooSlow is why events are dropped for which the disk has no time.
func tooSlow() consent.Reason {
	return consent.Reason{Rule: RuleState, Detail: fmt.Sprintf("the disk did not take them within %v", streamPatience)}
}

// collect settles a bundle that is done, if there is one.
func (st *streamStore) collect() bool {
	select {
	case s := <-st.settled:
		st.settle(s)
		return true
	default:
		return false
	}
}

func (st *streamStore) settle(s stored) {
	st.pending = st.pending[1:]
	st.add(s)
}

func (st *streamStore) add(s stored) {
	st.sum.taken += s.taken
	st.sum.off += s.off
	st.sum.dropped += s.dropped
	if s.why != (consent.Reason{}) {
		st.sum.why = s.why
	}
}

// close waits until all is kept, but not for longer than for a bundle, and returns what became of
// the events. Of those that the disk has not taken by then nobody knows; they count as dropped.
func (st *streamStore) close() (taken, off, dropped int, why consent.Reason) {
	close(st.bundles)
	timeout := time.After(streamPatience)
	for len(st.pending) > 0 {
		select {
		case s := <-st.settled:
			st.settle(s)
		case <-timeout:
			for _, n := range st.pending {
				st.add(stored{dropped: n, why: tooSlow()})
			}
			st.pending = nil
		}
	}
	return st.sum.taken, st.sum.off, st.sum.dropped, st.sum.why
}

// keep puts a bundle into the outbox, if telemetry is still on, and starts a deliverer.
func (st *streamStore) keep(b *outbox.Bundle) stored {
	s := st.sender
	if v := s.verdict(st.tool, s.workDir); !v.On() {
		return stored{off: b.Len(), why: v.Reason}
	}
	if s.state() == "" {
		return st.handOver(b, s.noState())
	}
	if st.kept++; st.kept%trimEvery == 0 {
		_ = st.outbox.Trim(s.Now()) // whoever comes next does it
	}
	if err := st.outbox.PutBundle(b); err != nil {
		return st.handOver(b, err)
	}
	if v := s.verdict(st.tool, s.workDir); !v.On() { // the refusal may have emptied the outbox before
		_ = st.outbox.TakeBack(b, s.Now()) // what stays is refused at delivery
		return stored{off: b.Len(), why: v.Reason}
	}
	_ = s.wakeForBundle(st.tool, st.file) // the next one tries again
	return stored{taken: b.Len()}
}

// trimEvery is how many bundles are kept before the outbox is brought within its bounds again, which
// nobody else does while deliverers wait after failures.
const trimEvery = 16

// How much is given at once to deliverers that get events through a pipe, and how often: each takes
// ten seconds at most, so that there are few of them.
const (
	mostHandedOver = 48 << 10 // bytes, which a pipe holds
	handOverPause  = time.Second
)

// handOver gives some of the events of a bundle that could not be kept, and why, to a deliverer,
// as a send does with its event. The others are dropped.
func (st *streamStore) handOver(b *outbox.Bundle, notKept error) stored {
	all := b.Len()
	failed := consent.Reason{Rule: RuleState, Detail: notKept.Error()}
	if time.Since(st.gaveAt) < handOverPause {
		return stored{dropped: all, why: failed}
	}
	st.gaveAt = time.Now()
	var lines []byte
	given := 0
	for _, line := range b.Lines() {
		if given > 0 && len(lines)+len(line) > mostHandedOver {
			break
		}
		lines = append(lines, line...)
		given++
	}
	if err := st.sender.startWith(lines); err != nil {
		failed.Detail = errors.Join(notKept, err).Error()
		return stored{dropped: all, why: failed}
	}
	if given == all {
		failed = consent.Reason{}
	}
	return stored{taken: given, dropped: all - given, why: failed}
}
