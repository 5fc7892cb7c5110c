package sender

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// streamTaker makes events of lines.
type streamTaker struct {
	Stream
	sender Sender
	tool   *manifest.Manifest
	store  *streamStore
	sum    Streamed
	line   int            // the number of the last line
	last   time.Time      // when the last event was taken
	waits  time.Duration  // how long an event waits for others
	broken consent.Reason // why nothing can be taken at all; the zero value if it can
	unfit  error          // why events could not be delivered that are taken here; nil if they can

	verdict consent.Verdict // for the lines that were read last
	agreed  time.Time       // when it was seen first that it is to be on; zero if it is, or is not to be
	permits map[eventLevel]streamPermit
	sources payload.Sources
	key     string
	bundle  *outbox.Bundle
}

type eventLevel struct {
	event string
	level int
}

// streamPermit is the permit for an event, and its terms; or why there is none.
type streamPermit struct {
	permit  consent.Permit
	terms   consent.Terms
	refused error
}

func (s Sender) newStreamTaker(c Stream) (*streamTaker, error) {
	t := &streamTaker{Stream: c, sender: s, waits: bundleTime}
	m, err := s.manifestOfEvent(Event{Tool: c.Tool, Manifest: c.Manifest, ManifestFile: c.ManifestFile})
	if err != nil {
		return t, err
	}
	if err = keepable("the manifest", c.ManifestFile); err == nil && c.ManifestFile != "" {
		t.ManifestFile, err = lasting("the manifest", c.ManifestFile)
	}
	if err != nil {
		return t, err
	}
	t.sender, err = s.lastingHere(m)
	t.unfit = errors.Join(s.flawed(), err)
	t.tool, t.key = m, s.keyOf(m.Tool.ID, m.Send)
	t.sources = t.sender.sources(m, Event{}, time.Time{}, true)
	t.sources.Facts = map[*manifest.Field]any{}
	t.store = newStreamStore(t.sender, m, t.ManifestFile)
	t.bundle = t.store.outbox.NewBundle()
	t.judge(t.sender.verdict(m, t.sender.workDir)) // what waits in the pipe when it goes from off to on is off
	return t, nil
}

// refuse has nothing be taken. The lines are read and counted all the same.
func (t *streamTaker) refuse(err error) {
	rule := RuleManifest
	if errors.Is(err, manifest.ErrUnknownTool) {
		rule = RuleData
	}
	t.sum.Err, t.broken = err, consent.Reason{Rule: rule, Detail: err.Error()}
}

// run takes lines until there are no more, or ctx ends.
func (t *streamTaker) run(ctx context.Context, reads <-chan streamRead) {
	timer := time.NewTimer(bundleTime)
	timer.Stop()
	var late <-chan time.Time
	told := ctx.Done()
	for open := true; open; {
		select {
		case some, more := <-reads:
			if open = more; more {
				t.take(some, timer)
			}
		case <-timer.C:
			if t.store != nil {
				t.put()
			}
		case <-told:
			told, late, t.waits = nil, time.After(endingTime), endingBundle
			timer.Reset(0)
		case <-late:
			open = false
		}
	}
	timer.Stop()
	if t.store == nil {
		return
	}
	t.put()
	taken, off, dropped, why := t.store.close()
	t.sum.Taken += taken
	t.sum.Off += off
	t.sum.Dropped += dropped
	if why != (consent.Reason{}) {
		t.sum.Reason = why
	}
}

// put gives the bundle to the store, if there is something in it.
func (t *streamTaker) put() {
	if n := t.bundle.Len(); n > 0 {
		t.store.put(t.bundle)
		t.bundle = t.store.outbox.NewBundle()
	}
}

// take takes lines that were read at once.
func (t *streamTaker) take(read streamRead, timer *time.Timer) {
	lines := read.lines
	t.line = read.from
	now := t.sender.Now() // before consent is asked: a refusal that comes after this counts
	if t.broken == (consent.Reason{}) {
		t.ask(read.after)
	}
	for i, l := range lines {
		t.line++
		if t.line == 1 {
			l.text = bytes.TrimPrefix(l.text, []byte("\uFEFF")) // with which some programs begin a text
		}
		if blank(l.text) {
			continue
		}
		if t.broken != (consent.Reason{}) {
			t.sum.Dropped++
			t.sum.Reason = t.broken
			continue
		}
		if !t.verdict.On() && !t.Strict { // whose telemetry is off does not pay for it
			t.off(t.verdict.Reason)
			continue
		}
		if t.verdict.On() && t.unfit != nil {
			t.sum.Dropped++
			t.sum.Reason = consent.Reason{Rule: RuleState, Detail: t.unfit.Error()}
			continue
		}
		// Each event has a time of its own, by which they are sorted, before now.
		at := now.Add(time.Duration(i - len(lines)))
		if !at.After(t.last) {
			at = t.last.Add(1)
		}
		t.last = at
		empty := t.bundle != nil && t.bundle.Len() == 0
		if bad, isBad := t.takeLine(l, at); isBad {
			t.bad(bad)
		}
		switch {
		case t.bundle.Full():
			t.put()
			timer.Stop()
		case empty && t.bundle.Len() > 0:
			timer.Reset(t.waits)
		}
	}
}

// ask asks for consent for lines that were written after a time, and has the ID and the key read
// again: they may have been forgotten. Until lines come that were all written after the agreement, for
// the pipe was emptied after that was seen, it stays as it was.
func (t *streamTaker) ask(after time.Time) {
	v := t.sender.verdict(t.tool, t.sender.workDir)
	if v.On() && !t.verdict.On() {
		if t.agreed.IsZero() {
			t.agreed = time.Now()
		}
		if !after.After(t.agreed) {
			return
		}
	}
	t.agreed = time.Time{}
	t.judge(v)
}

func (t *streamTaker) judge(v consent.Verdict) {
	t.verdict = v
	t.permits = map[eventLevel]streamPermit{}
	fresh := t.sender.sources(t.tool, Event{}, time.Time{}, true)
	t.sources.SourceID, t.sources.HashKey = sync.OnceValue(fresh.SourceID), sync.OnceValues(fresh.HashKey)
}

func (t *streamTaker) off(why consent.Reason) {
	t.sum.Off++
	t.sum.Reason = why
}

func (t *streamTaker) bad(b BadLine) {
	b.Line = t.line
	if b.Skipped {
		t.sum.Skipped++
	}
	if t.BadLine != nil {
		t.BadLine(b)
	}
}

// takeLine takes the event of a line at a time. It returns what is wrong with the line, if
// something is.
func (t *streamTaker) takeLine(l streamLine, at time.Time) (bad BadLine, isBad bool) {
	skip := func(err error) (BadLine, bool) { return BadLine{Skipped: true, Err: err}, true }
	if l.tooLong {
		return skip(fmt.Errorf("it is longer than %d bytes", maxLine))
	}
	e, bad, err := t.parse(l.text)
	if err != nil {
		return skip(err)
	}
	event, err := FindEvent(t.tool, e.name)
	if err != nil {
		return skip(err)
	}
	draft, problems := payload.Check(t.tool, payload.Request{Event: e.name, Data: e.set, ToolVersion: e.version})
	for _, p := range problems {
		bad.Problems = append(bad.Problems, Problem(p))
	}
	isBad = len(bad.Problems) > 0 || bad.Err != nil
	if isBad && t.Strict {
		bad.Skipped = true
		return bad, true
	}
	p := t.permit(event, e.level)
	if p.refused != nil {
		why := consent.Reason{Rule: RuleEvent, Detail: p.refused.Error()}
		if !t.verdict.On() {
			why = t.verdict.Reason
		}
		t.off(why)
		return bad, isBad
	}
	src := t.sources
	src.Now, src.EventID, src.RunID = at, uuid.New(), e.run
	ready, err := draft.Prepare(p.terms, src)
	if err == nil {
		err = t.bundle.Add(p.permit, t.entry(p.terms, src, e, ready.Values))
	}
	var missing *payload.MissingError
	switch {
	case err != nil && isBad && errors.As(err, &missing): // the problems say so
		bad.Skipped = true
		return bad, true
	case err != nil:
		return skip(err)
	case isBad:
		t.sum.Flawed++
	}
	return bad, isBad
}

func (t *streamTaker) permit(event manifest.Event, level int) streamPermit {
	at := eventLevel{event.Name, level}
	p, known := t.permits[at]
	if !known {
		p.permit, p.refused = t.verdict.Permit(event)
		if p.refused == nil {
			p.permit, p.refused = p.permit.UpTo(level, event)
		}
		p.terms = p.permit.Terms()
		t.permits[at] = p
	}
	return p
}

func (t *streamTaker) entry(terms consent.Terms, src payload.Sources, e streamEvent, values *jsondoc.Object) outbox.Entry {
	return outbox.Entry{
		Schema: outbox.Schema, Tool: t.tool.Tool.ID, Event: e.name, EventID: src.EventID, RunID: src.RunID,
		TakenAt: src.Now.UTC(), Grant: terms.Grant, Endpoint: terms.Endpoint, Level: e.level, Manifest: t.ManifestFile,
		Dir: t.sender.dirFor(t.tool), Key: t.key, Values: values,
	}
}
