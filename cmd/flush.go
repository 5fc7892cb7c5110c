package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// flushCommand is the command that delivers now, and waits.
type flushCommand struct {
	*app
	timeout  time.Duration
	rejected bool
	named    map[manifest.ID]string // the names that were given, where they are not the tools' IDs
}

func newFlush(a *app) *cobra.Command {
	c := &flushCommand{app: a, timeout: 60 * time.Second}
	command := &cobra.Command{
		Use:   "flush [TOOL...]",
		Short: "Deliver what is queued, now",
		Long: `Flush delivers what is queued, deletion requests too, and waits for it: on a login
node for its compute nodes, or at the end of a CI job. It tries again until the
time is up, or a server asks to be left alone for longer than that. With --rejected it first puts back into the queue what servers have
rejected, as after a server was repaired.

EXIT STATUS
   0  nothing waits any more
  64  a bad flag
  65  an unknown tool
  74  the outbox or a deletion request cannot be read or relied on, what was
      delivered could not be recorded, or the answer could not be printed
  75  something still waits
  76  a server rejected something, or refused a deletion request
  77  the home is somebody else's
 130  interrupted`,
		Example: `  # At the end of a CI job
  usagectl flush
  # For one tool, for ten seconds at most
  usagectl flush demo --timeout 10s
  # What the server rejected, once more
  usagectl flush demo --rejected`,
		Annotations: map[string]string{byPerson: "yes"},
		Args:        func(*cobra.Command, []string) error { return notNegative("timeout", c.timeout) },
		RunE: func(command *cobra.Command, args []string) error {
			return untilInterrupted(command.Context(), flushInterrupted, func(ctx context.Context) error {
				return c.run(ctx, args)
			})
		},
	}
	command.Flags().DurationVar(&c.timeout, "timeout", c.timeout, "give up after this `TIME`")
	command.Flags().BoolVar(&c.rejected, "rejected", false, "try rejected events again")
	return command
}

// flushInterrupted is what is said of a flush that a person ends.
const flushInterrupted = "interrupted: what was not delivered is kept"

// run delivers what waits, and reports what became of it.
func (c *flushCommand) run(ctx context.Context, names []string) error {
	if err := c.world.ownHome(); err != nil {
		return err
	}
	c.kept.warnOfDamage(c.ui)
	tools, unlisted := c.toFlush(names)
	if unlisted != nil && len(names) > 0 {
		return unlisted
	}
	if c.world.Dirs.StateDir() == "" {
		return c.unflushed(tools)
	}
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	s := c.world.sender()
	var left error // of rejected events that stay where they are
	if c.rejected {
		left = requeue(s, tools)
	}
	asked := c.pending(tools)
	var sums []sender.Summary
	var deletionsErr error
	var wg sync.WaitGroup
	wg.Go(func() { deletionsErr = s.FlushDeletions(limited, tools) })
	wg.Go(func() { sums = s.Flush(limited, tools, c.progress(s, tools)) })
	wg.Wait()
	if c.stderr.Terminal && !c.quiet && len(tools) > 0 {
		c.stderr.Printf("\r%s\r", term.Styled("                                        "))
	}
	results := make([]flushed, len(sums))
	for i, sum := range sums {
		queued, unread := s.Queued(sum.Tool)
		if unread != nil {
			queued = int(unknownCount)
		}
		if queued == 0 {
			sum.Failed, sum.Held, sum.OtherKey = nil, nil, nil // what kept it for a while, such as a signal
		}
		requests, unerased := c.settled(sum.Tool, asked)
		results[i] = flushed{
			sum.Tool, c.named[sum.Tool], sum.Sent, sum.Rejected, sum.Dropped + sum.OverBounds, count(queued), cmp.Or(inLine(cmp.Or(unread, sum.Failed, sum.Held, sum.OtherKey)), leftOver(unerased), inLine(requests.failure())), requests,
			inLine(sum.Unrecorded), sum.OverBounds, droppedEarlier(s, sum), unerased,
		}
	}
	if unlisted == nil || len(results) > 0 || c.json {
		if err := showFlushed(c.ui, results); err != nil {
			return err
		}
		c.noteTold(s, results)
	}
	if ctx.Err() != nil && slices.ContainsFunc(results, flushed.waits) {
		return fail(exitInterrupted, errors.New(flushInterrupted))
	}
	if c.done("what was asked for is done", deletionsErr) != nil {
		return fail(exitIO, fmt.Errorf("a deletion request: %w", deletionsErr))
	}
	return cmp.Or(left, unlisted, verdictOf(results))
}

// droppedEarlier counts what deliverers have dropped beside a flush, and nobody was told of.
func droppedEarlier(s sender.Sender, sum sender.Summary) int {
	untold, _ := s.Untold(sum.Tool) // of what cannot be read nothing is said
	return max(0, untold-sum.OverBounds)
}

// noteTold notes that the person was told of what was dropped, so that the next flush does not
// say it again. What stdout did not take, as on a full disk, the person has not seen.
func (c *flushCommand) noteTold(s sender.Sender, results []flushed) {
	for _, r := range results {
		if (r.Earlier > 0 || r.OverBounds > 0) && (c.json || !c.quiet) && c.answer.taken() {
			_ = s.Told(r.Tool) // the next one says it again
		}
	}
}

// toFlush are the tools named, or all for which something is kept.
func (c *flushCommand) toFlush(names []string) ([]manifest.ID, error) {
	if len(names) == 0 {
		return c.kept.tools()
	}
	refs, err := c.referToKnown(names)
	c.named = givenNames(refs)
	return ids(refs), err
}

// unflushed is the end of a flush where the state directory is not known, or cannot be looked at
// or relied on: what is in it stays there, and nobody knows what it is.
func (c *flushCommand) unflushed(tools []manifest.ID) error {
	flaw, why := c.world.Dirs.StateFlaw, fmt.Sprintf("%s is not used: %s", c.world.Dirs.UncheckedStateDir(), c.world.Dirs.StateFlaw)
	if flaw == "" {
		flaw, why = sender.ErrNoState.Error(), sender.ErrNoState.Error()
	}
	results := []flushed{}
	for _, tool := range tools {
		results = append(results, flushed{Tool: tool, Named: c.named[tool], Detail: flaw, Queued: unknownCount, Deletions: requests{unknown: errors.New(flaw)}})
	}
	if len(results) > 0 || c.json {
		if err := showFlushed(c.ui, results); err != nil {
			return err
		}
	}
	return fail(exitIO, fmt.Errorf("nothing was delivered: %s", why))
}

// inLine is what an error says in one line; "" if there is none.
func inLine(err error) string {
	if err == nil {
		return ""
	}
	return oneLine(err)
}

// requeue puts back into the queue what servers rejected. The error is of the tools whose
// events are not all put back.
func requeue(s sender.Sender, tools []manifest.ID) error {
	var failed []string
	for _, tool := range tools {
		if _, err := s.Retry(tool); err != nil {
			failed = append(failed, fmt.Sprintf("the rejected events of %s are not all put back: %s", tool, oneLine(err)))
		}
	}
	if failed == nil {
		return nil
	}
	return fail(exitIO, errors.New(strings.Join(failed, "\n")))
}

// pending are the deletion requests of the tools that wait.
func (c *flushCommand) pending(tools []manifest.ID) map[uuid.UUID]bool {
	list := map[uuid.UUID]bool{}
	for _, tool := range tools {
		requests, _ := c.kept.deletions(tool)
		for _, d := range requests.list {
			list[d.RequestID] = d.State == sender.Pending
		}
	}
	return list
}

// settled are the requests of a tool that waited, as they are now, and what could
// not be removed here.
func (c *flushCommand) settled(tool manifest.ID, waited map[uuid.UUID]bool) (requests, []string) {
	r, unerased := c.kept.deletions(tool)
	r.list = slices.DeleteFunc(r.list, func(d deletion) bool { return !waited[d.RequestID] })
	return r, unerased
}

// progress draws a line on a terminal.
func (c *flushCommand) progress(s sender.Sender, tools []manifest.ID) func(int) {
	if !c.stderr.Terminal || c.quiet || c.json {
		return func(int) {}
	}
	total := 0
	for _, tool := range tools {
		if queued, err := s.Queued(tool); err == nil {
			total += queued
		}
	}
	var done atomic.Int64
	return func(n int) {
		c.stderr.Printf("\rdelivering: %d of %d", min(int(done.Add(int64(n))), total), total)
	}
}
