package sender

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
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

// streamWait is the wait for somebody of streamPatience at most. It is many short waits, because a process
// that was stopped, or a machine that slept, finds that a long one is over although nobody was slow.
type streamWait struct {
	tick <-chan time.Time
	left int
}

// streamWaitParts is how many waits there are. Each is a little short, for each is over a little late.
const streamWaitParts = 20

func newStreamWait() *streamWait {
	return &streamWait{time.After(streamPatience * 9 / 10 / streamWaitParts), streamWaitParts}
}

// isOver reports at a tick whether the wait is over.
func (p *streamWait) isOver() bool {
	p.left--
	p.tick = time.After(streamPatience * 9 / 10 / streamWaitParts)
	return p.left == 0
}

// handLines hands lines on until over is closed. Those that are not taken in time, as where a home
// hangs when it is read, are dropped, and so is what comes until lines are taken again.
func handLines(reads chan<- streamRead, over <-chan struct{}, lost *atomic.Int64) func(streamRead) bool {
	behind := false
	return func(some streamRead) bool {
		if behind {
			select {
			case reads <- some:
				behind = false
				return true
			default:
			}
		}
		for wait := newStreamWait(); !behind; {
			select {
			case reads <- some:
				return true
			case <-over:
				return false
			case <-wait.tick:
				behind = wait.isOver()
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
