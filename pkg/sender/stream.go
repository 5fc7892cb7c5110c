package sender

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// A stream is taken by three goroutines. One reads lines, one makes events of them, and one puts
// those into the outbox, many in a file. Only the last one writes to the disk, the second reads what
// was decided, and nobody waits for another for longer than streamPatience at a time, so that the
// program which writes the lines is not held up by a disk that hangs.
//
// Consent is asked after each read, for the lines that were read: whatever was written after a
// refusal was recorded is not taken. It is asked again before a bundle is put into the outbox, and
// once more when it is there: a refusal that came in between has emptied the outbox before, or is
// seen then, and the bundle is thrown away. An agreement counts for what is written after it only: what
// was read before it was seen, and what was in the pipe then, is off as it was.

// Bounds of a stream.
const (
	maxLine        = 1 << 20                // bytes in a line
	readSize       = 64 << 10               // bytes that are read at once, which is what a pipe holds
	bundleTime     = 200 * time.Millisecond // for which an event waits for others before it is queued
	streamPatience = 2 * time.Second        // for which a line waits for the disk
	endingTime     = 10 * time.Second       // for which a stream that is told to end reads on
	endingBundle   = 10 * time.Millisecond  // for which an event waits for others then: a second signal ends all
	bundlesAhead   = 4                      // that wait for the disk
)

// Stream is what the events of a stream have in common. Only Tool or Manifest is needed.
type Stream struct {
	Tool         string             // the tool's ID
	Manifest     *manifest.Manifest // see [Event]
	ManifestFile string             // see [Event]

	RunID       uuid.UUID // of lines that name no run; the zero value makes a new one for each
	ToolVersion string    // of lines that name none
	Level       int       // see [Event]; a line can only lower it
	Strict      bool      // skips a line if a value does not fit, instead of leaving that out

	// BadLine is called for each line with a mistake, in order and by one goroutine; nil for
	// who does not want to know.
	BadLine func(BadLine)
}

// BadLine is a line of a stream with a mistake.
type BadLine struct {
	Line     int       // from 1
	Skipped  bool      // the event was not taken
	Problems []Problem // what did not fit
	Err      error     // what else is wrong with it; an [*EventError] if there is no such event
}

// Streamed is what became of a stream. Each line that is not empty is in one of the first four.
type Streamed struct {
	Taken   int // queued, or given to a deliverer
	Skipped int // lines that are no events, or events that cannot be sent
	Off     int // events for which telemetry was off
	Dropped int // events that could not be kept
	Flawed  int // of those taken: without a value that did not fit

	Reason consent.Reason // why events were off or dropped, of the last one; the zero value if none was
	Err    error          // why the stream could not be taken, or ended early; see [Result]
}

// TakeStream takes the events of a stream, one JSON object a line, as [Sender.Take] takes one:
//
//	{"event":"run.end","set":{"exit_code":0},"run":"…","tool_version":"1.2","level":1}
//
// Only event is needed; what else is in the object is a mistake. It returns at the end of the stream,
// for who writes to a pipe that nobody reads is ended by that. When ctx ends, what was read is queued
// at once, and the stream is read on: who writes it may have been told to end too, and have something
// left to say. If it does not end then, TakeStream returns ten seconds after that.
func (s Sender) TakeStream(ctx context.Context, c Stream, r io.Reader) Streamed {
	if r == nil {
		r = strings.NewReader("")
	}
	reads := make(chan streamRead)
	failed := make(chan error, 1)
	over := make(chan struct{}) // nobody takes lines any more
	defer close(over)
	var lost atomic.Int64 // lines
	go func() {
		defer close(reads)
		failed <- readLines(r, handLines(reads, over, &lost))
	}()
	t, err := s.newStreamTaker(c)
	if err != nil {
		t.refuse(err)
	}
	t.run(ctx, reads)
	select {
	case err := <-failed:
		t.sum.Err = errors.Join(t.sum.Err, err)
	default: // it was told to end
	}
	if n := int(lost.Load()); n > 0 {
		t.sum.Dropped += n
		t.sum.Reason = tooSlow()
	}
	return t.sum
}

// handLines hands lines on until over is closed. Those that are not taken in time, as where a home
// hangs when it is read, are dropped, and so is what comes until lines are taken again.
func handLines(reads chan<- streamRead, over <-chan struct{}, lost *atomic.Int64) func(streamRead) bool {
	behind := false
	return func(some streamRead) bool {
		var timeout <-chan time.Time
		if behind {
			select {
			case reads <- some:
				behind = false
				return true
			default:
			}
		} else {
			timeout = time.After(streamPatience)
		}
		for !behind {
			select {
			case reads <- some:
				return true
			case <-over:
				return false
			case <-timeout:
				behind = true
			}
		}
		for _, l := range some.lines {
			if !blank(l.text) {
				lost.Add(1)
			}
		}
		return true
	}
}

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

// streamEvent is what a line says of an event.
type streamEvent struct {
	name    string
	set     *jsondoc.Object
	run     uuid.UUID
	version string
	level   int
}

// parse reads a line. What is wrong with the run or the version is left out, and bad says so; an
// error is of what is no event. A member that is not known may be to keep something back, so there
// is no event then.
func (t *streamTaker) parse(line []byte) (e streamEvent, bad BadLine, err error) {
	e = streamEvent{run: t.RunID, version: t.ToolVersion, level: t.Level}
	o, err := jsondoc.ParseObject(line)
	if err != nil {
		return e, bad, fmt.Errorf("it is no JSON object: %w", err)
	}
	for _, member := range o.Members() {
		if member.Value == nil {
			continue
		}
		text, isText := member.Value.(string)
		var fits bool
		switch member.Name {
		case "event":
			e.name, fits = text, isText
		case "set":
			e.set, fits = member.Value.(*jsondoc.Object)
		case "level":
			n, isNumber := member.Value.(json.Number)
			level, err := n.Int64()
			if fits = isNumber && err == nil && level > 0; fits && (e.level == 0 || level < int64(e.level)) {
				e.level = int(min(level, 1<<20))
			}
		case "run":
			run, err := uuid.Parse(text)
			if fits = isText; fits && (err != nil || run == uuid.Nil) {
				bad.Err = errors.Join(bad.Err, fmt.Errorf("the run ID %s is left out: a UUID is needed", manifest.Quote(text)))
			} else {
				e.run = run
			}
		case "tool_version":
			if fits = isText; fits && !IsToolVersion(text) {
				bad.Err = errors.Join(bad.Err, fmt.Errorf("the version %s is left out: up to 64 printable characters are needed", manifest.Quote(text)))
			} else {
				e.version = text
			}
		default:
			return e, bad, fmt.Errorf("the member %s is not known: event, set, run, tool_version and level are", manifest.Quote(member.Name))
		}
		if !fits {
			return e, bad, fmt.Errorf("its %s does not fit", member.Name)
		}
	}
	if e.name == "" {
		return e, bad, errors.New("it names no event")
	}
	if e.run == uuid.Nil {
		e.run = uuid.New()
	}
	return e, bad, nil
}

// IsToolVersion reports whether a text can be sent as a tool's version: up to 64 characters of
// ASCII that are printed, without spaces.
func IsToolVersion(text string) bool {
	return len(text) <= 64 && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' })
}

func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
