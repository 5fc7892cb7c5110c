package sender

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Times of a background deliverer. It polls, because watching for files does not
// work on network file systems.
const (
	deliverTime  = 50 * time.Second // leaves time to end within the minute it promises
	linger       = time.Second      // how long it waits for more events before it ends
	pollInterval = 50 * time.Millisecond
	pipeTime     = 10 * time.Second
	maxParallel  = 16 // tools at once
)

// Run is the background deliverer: it works through the deletions and the
// outboxes of all tools side by side, waits a moment for more, and ends within a minute. It passes
// over those whose back-off runs. Whoever started it has made the baton for it.
func (s Sender) Run(ctx context.Context) {
	if s.State() == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, deliverTime)
	defer cancel()
	b, self := batonOf(s.State()), thisProcess()
	w := worker{Sender: s, self: self, busy: map[manifest.ID]bool{}, held: map[manifest.ID][]string{}, done: make(chan Summary), asked: make(chan []string)}
	w.trim()
	for {
		w.work(ctx)
		b.drop(self)
		// Whoever queued an event before the baton was gone relies on this look.
		idle := len(w.ready()) == 0 && len(w.due()) == 0
		if ctx.Err() != nil || idle || b.take(s.Now(), thisProcess) != nil || b.name(self) != nil {
			return
		}
	}
}

// worker drains several tools at once.
type worker struct {
	Sender
	self   owner
	busy   map[manifest.ID]bool
	held   map[manifest.ID][]string // events that waited when the tool was given up
	done   chan Summary
	asking bool // deletions are being worked at
	asked  chan []string
	stuck  []string // deletions that cannot be worked at; nobody to tell, the next deliverer tries again
}

// trim keeps all outboxes within their bounds, those of tools that wait included.
func (w *worker) trim() {
	tools, err := Tools(w.State())
	for _, tool := range tools {
		err = errors.Join(err, w.Outbox(tool).trim(w.Now()))
	}
	err = errors.Join(err, statefile.Sweep(outboxDir(w.State())))
	_ = err // nobody to tell; the next deliverer tries again
}

// work starts a goroutine for each tool that has something to deliver, and one
// for deletions, until there was nothing for a while or ctx ends. It returns when all
// have ended.
func (w *worker) work(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	idle := time.Duration(0)
	for idle < linger && (ctx.Err() == nil || w.working()) {
		if ctx.Err() == nil {
			w.askFor(ctx, &wg)
			for _, tool := range w.ready() {
				w.busy[tool] = true
				wg.Go(func() { w.done <- w.drain(ctx, tool, func(int) {}) })
			}
		}
		select {
		case sum := <-w.done:
			delete(w.busy, sum.Tool)
			w.hold(sum)
			idle = 0
		case stuck := <-w.asked:
			w.asking, idle = false, 0
			w.stuck = append(w.stuck, stuck...)
		case <-tick.C:
			idle += pollInterval
			if w.working() {
				idle = 0
			}
		}
	}
}

func (w *worker) working() bool { return w.asking || len(w.busy) > 0 }

// askFor starts a goroutine for the deletions that are due, unless one is at work.
func (w *worker) askFor(ctx context.Context, wg *sync.WaitGroup) {
	if w.asking {
		return
	}
	due := w.due()
	if len(due) == 0 {
		return
	}
	w.asking = true
	wg.Go(func() { w.asked <- w.carryDeletions(ctx, due) })
}

// due lists the deletions at which something could be done now. One of which the
// disk did not take the outcome would be asked for again and again.
func (w *worker) due() []string {
	return slices.DeleteFunc(w.dueDeletions(), func(sha string) bool { return slices.Contains(w.stuck, sha) })
}

// ready lists the tools for which something could be delivered now.
func (w *worker) ready() []manifest.ID {
	var list []manifest.ID
	tools, err := Tools(w.State())
	if err != nil {
		return nil // a background process has nobody to tell; the next one tries again
	}
	for _, tool := range tools {
		o := w.Outbox(tool)
		if len(w.busy)+len(list) >= maxParallel {
			break
		}
		if !w.busy[tool] && o.waits(w.self, w.held[tool], w.Now()) && !o.Backoff().Running(w.Now()) {
			list = append(list, tool)
		}
	}
	return list
}

// hold notes what a tool was given up with: it is taken up again only for an event
// that came after, for whoever queued that relies on this deliverer.
func (w *worker) hold(sum Summary) {
	w.held[sum.Tool] = nil
	if sum.Held != "" || sum.Failed != "" {
		w.held[sum.Tool] = sum.seen
	}
}

// waits tells whether there is an event to claim, besides those that are held, or
// a claim to take back.
func (o Outbox) waits(self owner, held []string, now time.Time) bool {
	names, err := o.names("new")
	if err != nil {
		return false
	}
	for _, name := range names {
		if _, known := slices.BinarySearch(held, name); !known {
			return true
		}
	}
	files, err := o.names("claimed")
	return err == nil && slices.ContainsFunc(files, func(file string) bool {
		_, by, _ := strings.Cut(file, "~")
		return !self.respects(by, now)
	})
}

// RunPipe is the deliverer of last resort: it gets entries, one a line, from a
// sender that could not keep them, tries each once, and drops what fails. It returns
// within pipeTime, or when ctx ends, though entries hangs; a read of it that hangs is
// left alone.
func (s Sender) RunPipe(ctx context.Context, entries io.Reader) error {
	ctx, cancel := context.WithTimeout(ctx, pipeTime)
	defer cancel()
	lines := bufio.NewScanner(entries)
	lines.Buffer(nil, 4*MaxPayload)
	for scan(ctx, lines) {
		e, err := parseEntry(lines.Bytes())
		if err != nil {
			return err
		}
		if _, err := s.deliverNow(ctx, e); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err() // lines may still be in use
	}
	return lines.Err()
}

// scan reads the next line, and reports whether there is one. When ctx ends it does not
// wait any more, and lines must not be used again.
func scan(ctx context.Context, lines *bufio.Scanner) bool {
	found := make(chan bool, 1)
	go func() { found <- lines.Scan() }()
	select {
	case ok := <-found:
		return ok && ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// deliverNow sends an entry that is in no outbox. If it does not arrive it is lost, and
// recorded as far as that can be done where events cannot be kept.
func (s Sender) deliverNow(ctx context.Context, e Entry) (transport.Outcome, error) {
	out, err := s.deliverUnrecorded(ctx, e)
	if s.State() != "" && (err != nil || out.Result != transport.Accepted) {
		why := lostUnkept
		if out.Result == transport.Interrupted {
			why = lostInterrupted
		}
		_ = s.Outbox(e.Tool).recordLosses(lostEvent{At: s.Now().UTC(), Event: e.EventID.String(), Why: why})
	}
	return out, err
}

func (s Sender) deliverUnrecorded(ctx context.Context, e Entry) (transport.Outcome, error) {
	m, err := s.manifestOf(e)
	if err != nil {
		return transport.Outcome{}, err
	}
	permit, message, err := s.admission(m).admit(e)
	if err != nil {
		return transport.Outcome{}, err
	}
	c := s.surroundings()
	c.Allow = s.gate(m, []claimed{{entry: e, permit: permit}})
	out := transport.New(c, targetOf(m)).Send(ctx, []transport.Message{message})
	if s.State() == "" {
		return out[0], nil
	}
	_ = s.record(e.Tool, m.Send.Endpoint, []transport.Message{message}, out) // the state directory cannot be written, which is why we are here
	return out[0], nil
}
