package sender

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
)

// Times of a background deliverer. It polls, because watching for files does not
// work on network file systems.
const (
	deliverTime  = 50 * time.Second // leaves time to end within the minute it promises
	linger       = time.Second      // how long it waits for more events before it ends
	pollInterval = 50 * time.Millisecond
	maxParallel  = 16 // tools at once
)

// Run is the background deliverer: it works through the deletion requests and the
// outboxes of all tools side by side, waits a moment for more, and ends within a minute.
// It passes over those whose back-off runs. When ctx ends it begins nothing more, finishes
// the requests under way, each within ten seconds, and returns. [Config.Deliver] starts the process that
// calls it, and has taken the lease for it. Where it was started is nobody's directory,
// so no .env file there counts.
func (s Sender) Run(ctx context.Context) {
	if s.state() == "" {
		return
	}
	s.finish = context.WithoutCancel(ctx)
	told := ctx
	ctx, cancel := context.WithTimeout(ctx, deliverTime)
	defer cancel()
	s.workDir = ""
	d := &deliverer{
		Sender: s.online(), self: lease.This(), done: make(chan func()),
		busy: map[manifest.ID]bool{}, seen: map[manifest.ID][]string{}, holds: map[manifest.ID]bool{},
		leases: []lease.Lease{s.sharedLease(), s.ownLease()}, by: s.sharedWay(), own: map[manifest.ID]string{}, files: map[string]bool{},
	}
	d.vouch()
	d.trim()
	defer context.AfterFunc(ctx, d.release)() // while requests are finished nobody relies on it any more
	for {
		d.work(ctx)
		d.release()
		if ctx.Err() != nil && told.Err() == nil && d.sent > 0 {
			d.startNext()
		}
		// Whoever queued an event before the lease was gone relies on this look.
		if ctx.Err() != nil || !d.takeAgain() {
			return
		}
		d.vouch()
	}
}

// release releases whichever lease this deliverer has.
func (d *deliverer) release() {
	for _, l := range d.leases {
		l.Release(d.self)
	}
}

// startNext starts a deliverer that goes on when the time of this one is over: the events of a
// stream can be more than one delivers.
func (d *deliverer) startNext() {
	for _, tool := range d.ready() {
		_ = d.startDeliverer(func() bool { return false }, d.wordFor(tool), bundlesWord) // if it fails the next event starts one
	}
}

// takeAgain takes a lease again if there is something to do that no other deliverer does.
func (d *deliverer) takeAgain() bool {
	var needed []string
	for _, tool := range d.ready() {
		needed = append(needed, d.wordFor(tool))
	}
	if len(d.due()) > 0 {
		needed = append(needed, d.wordForDeletions(d.by))
	}
	return slices.ContainsFunc(needed, func(word string) bool {
		l, note, taken := d.takeLease(func() bool { return false }, word)
		return taken && l.Assign(d.self, note...) == nil
	})
}

// deliverer delivers for several tools at once. All but the jobs themselves is done by
// one goroutine: a job hands what it found out to done, as a function.
type deliverer struct {
	Sender
	self   lease.Owner
	jobs   sync.WaitGroup
	done   chan func()
	busy   map[manifest.ID]bool     // tools with a job
	seen   map[manifest.ID][]string // events that were queued when their tool was given up
	holds  map[manifest.ID]bool     // tools whose events this process cannot deliver, or can
	asks   bool                     // a job works at deletions
	leases []lease.Lease            // of which it has one, unless it was taken over
	by     string                   // [Sender.sharedWay]
	own    map[manifest.ID]string   // its words for tools, where they were needed
	files  map[string]bool          // its words for manifests that it has read in files
	heard  bool                     // what whoever started it has said for it is known
	sent   int                      // events
	stuck  []string                 // deletions that cannot be worked at: nobody to tell, the next deliverer tries again
}

// trim keeps all outboxes within their bounds, those of tools that wait included, and removes
// what dead processes have left beside them.
func (d *deliverer) trim() {
	tools, err := outbox.Tools(d.state())
	for _, tool := range tools {
		err = errors.Join(err, d.outbox(tool).Trim(d.Now()))
	}
	for _, l := range outbox.DelivererLeases(d.state()) {
		l.Sweep(d.Now(), lease.This)
	}
	err = errors.Join(err, statefile.Sweep(outbox.Dir(d.state())))
	_ = err // nobody to tell; the next deliverer tries again
}

// work starts jobs until there was nothing to do for a while or ctx ends. It returns
// when all have ended.
func (d *deliverer) work(ctx context.Context) {
	defer d.jobs.Wait()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for idle := time.Duration(0); idle < linger && (ctx.Err() == nil || d.isBusy()); {
		if ctx.Err() == nil {
			d.start(ctx)
			d.vouch()
		}
		select {
		case settle := <-d.done:
			settle()
			idle = 0
		case <-tick.C:
			idle += pollInterval
			if d.isBusy() {
				idle = 0
			}
		}
	}
}

func (d *deliverer) isBusy() bool { return d.asks || len(d.busy) > 0 }

// start starts a job for the deletions that are due, and one for each tool for which
// something could be delivered.
func (d *deliverer) start(ctx context.Context) {
	if !d.asks {
		d.startDeletions(ctx)
	}
	for _, tool := range d.ready() {
		d.busy[tool] = true
		d.jobs.Go(func() {
			sum := d.drain(ctx, tool, func(int) {})
			d.done <- func() { d.settle(sum) }
		})
	}
}

func (d *deliverer) startDeletions(ctx context.Context) {
	due := d.due()
	if len(due) == 0 {
		return
	}
	d.asks = true
	d.jobs.Go(func() {
		stuck := d.doDeletions(ctx, due)
		d.done <- func() { d.asks, d.stuck = false, append(d.stuck, stuck...) }
	})
}

// settle notes that a tool's job has ended. A tool that was given up is taken up again
// only for an event that came since, for whoever queued that relies on this deliverer. Events
// that wait for another write key give no cause, and take nothing from what it vouches for.
func (d *deliverer) settle(sum Summary) {
	delete(d.busy, sum.Tool)
	d.sent += sum.Sent
	d.seen[sum.Tool] = slices.Sorted(slices.Values(sum.others))
	d.holds[sum.Tool] = sum.Held != nil
	d.noteFiles(sum)
	if sum.Held != nil || sum.Failed != nil {
		d.seen[sum.Tool] = sum.seen
	}
}

// due lists the deletions at which something could be done now. One of which the
// disk did not take the outcome would be asked for again and again.
func (d *deliverer) due() []string {
	return slices.DeleteFunc(d.dueDeletions(), func(sha string) bool { return slices.Contains(d.stuck, sha) })
}

// ready lists the tools for which something could be delivered now.
func (d *deliverer) ready() []manifest.ID {
	tools, err := outbox.Tools(d.state())
	if err != nil {
		return nil // a background process has nobody to tell; the next one tries again
	}
	var list []manifest.ID
	for _, tool := range tools {
		o := d.outbox(tool)
		if len(d.busy)+len(list) >= maxParallel {
			break
		}
		if !d.busy[tool] && o.Waits(d.self, d.seen[tool], d.Now()) && !d.waits(o) {
			list = append(list, tool)
		}
	}
	return list
}
