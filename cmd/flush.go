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

type flushOptions struct {
	timeout  time.Duration
	rejected bool
}

func newFlush(a *app) *cobra.Command {
	o := flushOptions{timeout: 60 * time.Second}
	c := &cobra.Command{
		Use:   "flush [TOOL...]",
		Short: "Deliver what is queued, now",
		Long: `Flush delivers what is queued, deletion requests too, and waits for it: on a login
node for its compute nodes, or at the end of a CI job. It tries again until the
time is up. With --rejected it first puts back into the queue what servers have
rejected, as after a server was repaired.

EXIT STATUS
   0  nothing waits any more
  64  a bad flag
  65  a name is no tool ID
  74  the outbox cannot be read or relied on, or what was delivered could not
      be recorded
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
		RunE: func(c *cobra.Command, args []string) error {
			return untilInterrupted(c.Context(), flushInterrupted, func(ctx context.Context) error {
				return runFlush(ctx, a, args, o)
			})
		},
	}
	c.Flags().DurationVar(&o.timeout, "timeout", o.timeout, "give up after this `TIME`")
	c.Flags().BoolVar(&o.rejected, "rejected", false, "try rejected events again")
	return c
}

const flushInterrupted = "interrupted: what was not delivered is kept"

// flushed is what a flush did for one tool.
type flushed struct {
	Tool     manifest.ID `json:"tool"`
	Sent     int         `json:"sent"`
	Rejected int         `json:"rejected"`
	Dropped  int         `json:"dropped"`
	Queued   int         `json:"queued"` // still
	Detail   string      `json:"detail"` // why something still waits

	Deletions  []deletion `json:"deletions"`  // the requests that waited
	Unrecorded string     `json:"unrecorded"` // why something that was sent is not in the journal

	unerased []sender.Deletion // that could not be carried out here yet
}

func runFlush(ctx context.Context, a *app, names []string, o flushOptions) error {
	if err := a.notYourHome(); err != nil {
		return err
	}
	a.warnOfDamage()
	tools, err := a.outboxes(names)
	if err != nil {
		return err
	}
	if a.Dirs.StateDir() == "" {
		return a.nothingToFlush(tools)
	}
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	s := a.sender()
	s.Client = sender.NewClient()
	if o.rejected {
		if err := requeue(s, tools); err != nil {
			return err
		}
	}
	asked := a.pending(tools)
	var sums []sender.Summary
	var deletionsErr error
	var wg sync.WaitGroup
	wg.Go(func() { deletionsErr = s.FlushDeletions(limited, tools) })
	wg.Go(func() { sums = s.Flush(limited, tools, a.progress(s, tools)) })
	wg.Wait()
	if a.Stderr.Terminal && !a.quiet && len(tools) > 0 {
		a.Stderr.Printf("\r%s\r", term.Styled("                                        "))
	}
	results := make([]flushed, len(sums))
	for i, sum := range sums {
		count, err := s.Outbox(sum.Tool).Count()
		if err != nil {
			return fail(exitIO, fmt.Errorf("the outbox of %s: %w", sum.Tool, err))
		}
		requests, unerased := a.settled(sum.Tool, asked)
		results[i] = flushed{sum.Tool, sum.Sent, sum.Rejected, sum.Dropped, count.Queued, cmp.Or(sum.Failed, sum.Held, leftOver(unerased)), requests, sum.Unrecorded, unerased}
	}
	if err := a.showFlushed(results); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fail(exitInterrupted, errors.New(flushInterrupted))
	}
	if a.done("what was asked for is done", deletionsErr) != nil {
		return fail(exitIO, fmt.Errorf("a deletion request: %w", deletionsErr))
	}
	return verdictOf(results)
}

// nothingToFlush is the end of a flush where nothing is kept. What is in a state
// directory that cannot be relied on stays there.
func (a *app) nothingToFlush(tools []manifest.ID) error {
	results := []flushed{}
	for _, tool := range tools {
		results = append(results, flushed{Tool: tool, Detail: a.Dirs.StateFlaw, Deletions: []deletion{}})
	}
	if err := a.showFlushed(results); err != nil || a.Dirs.StateFlaw == "" {
		return err
	}
	return fail(exitIO, fmt.Errorf("nothing was delivered: %s is not used: %s", a.Dirs.UncheckedStateDir(), a.Dirs.StateFlaw))
}

// requeue puts back into the queue what servers rejected.
func requeue(s sender.Sender, tools []manifest.ID) error {
	for _, tool := range tools {
		if _, err := s.Outbox(tool).Requeue(); err != nil {
			return fail(exitIO, fmt.Errorf("the rejected events of %s are not all put back: %w", tool, err))
		}
	}
	return nil
}

// pending are the deletion requests of the tools that wait.
func (a *app) pending(tools []manifest.ID) map[uuid.UUID]bool {
	list := map[uuid.UUID]bool{}
	for _, tool := range tools {
		requests, _ := a.deletions(tool)
		for _, d := range requests {
			list[d.RequestID] = d.State == sender.Pending
		}
	}
	return list
}

// settled are the requests of a tool that waited, as they are now, and what could
// not be removed here.
func (a *app) settled(tool manifest.ID, waited map[uuid.UUID]bool) ([]deletion, []sender.Deletion) {
	requests, unerased := a.deletions(tool)
	return slices.DeleteFunc(requests, func(d deletion) bool { return !waited[d.RequestID] }), unerased
}

// outboxes are the tools named, or all that have an outbox or a deletion.
func (a *app) outboxes(names []string) ([]manifest.ID, error) {
	if len(names) > 0 {
		return parseIDs(names)
	}
	tools, err := sender.Tools(a.Dirs.StateDir())
	if err != nil {
		return nil, fail(exitIO, fmt.Errorf("the outbox: %w", err))
	}
	deletions, _ := a.sender().Deletions().All() // as far as they can be read
	for _, d := range deletions {
		tools = append(tools, d.Tools...)
	}
	slices.SortFunc(tools, func(x, y manifest.ID) int { return strings.Compare(x.String(), y.String()) })
	return slices.Compact(tools), nil
}

func parseIDs(names []string) ([]manifest.ID, error) {
	var ids []manifest.ID
	for _, name := range names {
		id, err := manifest.ParseID(name)
		if err != nil {
			return nil, fail(exitData, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// progress draws a line on a terminal.
func (a *app) progress(s sender.Sender, tools []manifest.ID) func(int) {
	if !a.Stderr.Terminal || a.quiet || a.json {
		return func(int) {}
	}
	total := 0
	for _, tool := range tools {
		if count, err := s.Outbox(tool).Count(); err == nil {
			total += count.Queued
		}
	}
	var done atomic.Int64
	return func(n int) {
		a.Stderr.Printf("\rdelivering: %d of %d", min(int(done.Add(int64(n))), total), total)
	}
}

func (a *app) showFlushed(results []flushed) error {
	if a.json {
		return a.printJSON(struct {
			Schema int       `json:"schema"`
			Tools  []flushed `json:"tools"`
		}{1, results})
	}
	if a.quiet {
		return nil
	}
	if len(results) == 0 {
		a.Stdout.Printf("nothing is queued\n")
	}
	for _, r := range results {
		a.Stdout.Printf("%s: %s\n", r.Tool, r.line())
	}
	return nil
}

// line is the result in words: "2 sent, nothing waits".
func (r flushed) line() string {
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{{r.Sent, "sent"}, {r.Rejected, "rejected"}, {r.Dropped, "dropped because consent was withdrawn, or the source ID forgotten"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	for _, d := range r.Deletions {
		parts = append(parts, d.outcome())
	}
	if left := leftOver(r.unerased); left != "" {
		parts = append(parts, left)
	}
	switch {
	case r.Queued == 0 && len(r.unerased) > 0:
	case r.Queued == 0:
		parts = append(parts, "nothing waits")
	case r.Detail == "":
		parts = append(parts, fmt.Sprintf("%d still waiting", r.Queued))
	default:
		parts = append(parts, fmt.Sprintf("%d still waiting: %s", r.Queued, r.Detail))
	}
	if r.Unrecorded != "" {
		parts = append(parts, r.Unrecorded)
	}
	return strings.Join(parts, ", ")
}

// leftOver says what could not be removed here, or "".
func leftOver(unerased []sender.Deletion) string {
	if len(unerased) == 0 {
		return ""
	}
	why := cmp.Or(unerased[0].Backoff.Error, "it is being worked at")
	return "not all that is to be forgotten could be removed: " + strings.ReplaceAll(why, "\n", "; ")
}

func verdictOf(results []flushed) error {
	code := exitOK
	for _, r := range results {
		in := func(state sender.DeletionState) bool {
			return slices.ContainsFunc(r.Deletions, func(d deletion) bool { return d.State == state })
		}
		switch {
		case r.Queued > 0 || in(sender.Pending) || len(r.unerased) > 0:
			return fail(exitTempFail, nil)
		case r.Unrecorded != "":
			code = exitIO
		case r.Rejected > 0 || in(sender.Failed):
			code = exitRejected
		}
	}
	if code != exitOK {
		return fail(code, nil)
	}
	return nil
}
