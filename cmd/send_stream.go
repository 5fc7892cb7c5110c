package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// streamed is what became of a stream, as "send --stream --json" has it.
type streamed struct {
	Schema  int             `json:"schema"`
	Tool    string          `json:"tool"`
	Named   string          `json:"named,omitempty"`  // the name that was given, if it is not the tool's ID
	Taken   int             `json:"taken"`            // queued, or given to a deliverer
	Flawed  int             `json:"flawed"`           // of those: without a value that did not fit
	Skipped int             `json:"skipped"`          // lines with mistakes
	Off     int             `json:"off"`              // events for which telemetry was off
	Dropped int             `json:"dropped"`          // events that could not be kept
	Reason  *consent.Reason `json:"reason,omitempty"` // why events were off or dropped, of the last one
}

// mostBadLines is how many lines with mistakes are reported one by one. Of the others the numbers
// are, at the end.
const mostBadLines = 10

// runStream takes the events that come on stdin until that ends. It reads it to the end whatever
// happens, also for a while after a signal (see [sender.Sender.TakeStream]): a program that writes to a
// pipe which nobody reads is ended by that.
func (c *sendCommand) runStream(ctx context.Context) error {
	c.neverFails = !c.fail
	ctx, ended := stoppable(ctx)
	name := "send " + c.tool + " --stream"
	tool := c.tool
	var sum sender.Streamed
	m, problems, err := c.streamOf()
	for _, problem := range problems {
		c.stderr.Printf("usagectl: %s: %s\n", name, problem)
	}
	badLines, others := 0, lineNumbers{}
	stream := sender.Stream{Strict: c.fail, Level: c.level, BadLine: func(b sender.BadLine) {
		if badLines++; badLines > mostBadLines {
			others.add(b.Line)
		} else {
			c.stderr.Printf("usagectl: %s: line %d%s: %s\n", name, b.Line, skippedWord(b), mistakesInLine(b))
		}
	}}
	if m != nil {
		tool = m.Tool.ID.String()
	}
	switch {
	case err != nil:
		c.stderr.Printf("usagectl: %s: nothing is sent: %s\n", name, firstLine(err))
		sum.Err, sum.Reason = err, unusable(err).Reason
		sum.Dropped = c.world.countLines(ctx)
	case c.fail && len(problems) > 0: // which are about each line
		sum.Reason = consent.Reason{Rule: sender.RuleData, Detail: strings.Join(problems, "; ")}
		sum.Dropped = c.world.countLines(ctx)
	default:
		e, _ := c.describe(c.world, m, "", nil)
		stream.Manifest, stream.ManifestFile, stream.RunID, stream.ToolVersion = m, e.ManifestFile, e.RunID, e.ToolVersion
		sum = c.world.sender().TakeStream(ctx, stream, c.world.stdinUntil(ctx))
		if m.Consent.Default == manifest.OptOut && c.stderr.Terminal && !c.quiet {
			if _, err := c.notice(m, c.manifest); err != nil {
				c.stderr.Printf("usagectl: %s: the notice could not be recorded: %v\n", name, err)
			}
		}
	}
	return c.finishStream(ended(), name, tool, sum, len(problems) > 0, others)
}

// stdinUntil is stdin, which ends with ctx if a person types it: they are not to end it in another way
// after Ctrl-C.
func (w World) stdinUntil(ctx context.Context) io.Reader {
	if !w.Interactive {
		return w.Stdin
	}
	r, typed := io.Pipe()
	context.AfterFunc(ctx, func() { typed.Close() })
	go func() {
		_, err := io.Copy(typed, w.Stdin)
		typed.CloseWithError(err)
	}()
	return r
}

// streamOf finds the manifest, and what is wrong with the flags for all lines.
func (c *sendCommand) streamOf() (*manifest.Manifest, []string, error) {
	m, err := c.lastingManifest(c.tool, c.manifest, false)
	if err != nil {
		return nil, nil, err
	}
	_, problems := c.describe(c.world, m, "", nil)
	return m, problems, nil
}

func skippedWord(b sender.BadLine) string {
	if b.Skipped {
		return " is skipped"
	}
	return ""
}

// Bounds of what is said of a line. All that is said fits into a pipe, which nobody may read before
// the stream has ended.
const (
	mostMistakes = 5
	mostOfLine   = 2000 // bytes
)

// mistakesInLine says what is wrong with a line.
func mistakesInLine(b sender.BadLine) string {
	var list []string
	var unknown *sender.EventError
	switch {
	case errors.As(b.Err, &unknown):
		list = append(list, eventProblem(unknown).Error())
	case b.Err != nil:
		list = append(list, oneLine(b.Err))
	}
	named := b.Problems[:min(len(b.Problems), mostMistakes-len(list))]
	list = append(list, mistakesOf(named, true)...)
	text := strings.Join(list, "; ")
	if len(text) > mostOfLine {
		text = strings.ToValidUTF8(text[:mostOfLine], "") + "…"
	}
	if more := len(b.Problems) - len(named); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// lineNumbers are numbers of lines, in ascending order.
type lineNumbers struct {
	ranges [][2]int // first and last; no more than mostRanges
	count  int      // of the lines, also of those that no range has
}

// mostRanges bounds what is said of a stream without an end, to what fits into a pipe.
const mostRanges = 2_000

// add adds a line that comes after all others.
func (l *lineNumbers) add(line int) {
	l.count++
	switch n := len(l.ranges); {
	case n > 0 && l.ranges[n-1][1] == line-1:
		l.ranges[n-1][1] = line
	case n < mostRanges:
		l.ranges = append(l.ranges, [2]int{line, line})
	}
}

// String lists the numbers, and says if they are not all.
func (l *lineNumbers) String() string {
	var list []string
	named := 0
	for _, r := range l.ranges {
		text := strconv.Itoa(r[0])
		if r[1] > r[0] {
			text += "-" + strconv.Itoa(r[1])
		}
		list, named = append(list, text), named+r[1]-r[0]+1
	}
	if named < l.count {
		list = append(list, fmt.Sprintf("and %d after that", l.count-named))
	}
	return strings.Join(list, ", ")
}

// finishStream tells what became of the stream. others are the lines with mistakes that were not
// reported one by one.
func (c *sendCommand) finishStream(signal os.Signal, name, tool string, sum sender.Streamed, badFlags bool, others lineNumbers) error {
	if others.count > 0 {
		c.stderr.Printf("usagectl: %s: %s: %s\n", name, events(others.count, "one more line has mistakes", "%d more lines have mistakes"), others.String())
	}
	if c.verbose || sum.Skipped+sum.Dropped > 0 && !c.quiet {
		text := fmt.Sprintf("%d taken, %d skipped, %d off, %d dropped", sum.Taken, sum.Skipped, sum.Off, sum.Dropped)
		if sum.Reason.Detail != "" {
			text += ": " + sum.Reason.Detail
		}
		c.stderr.Printf("usagectl: %s: %s\n", name, text)
	}
	if c.json {
		view := streamed{1, tool, taken{tool: tool}.alias(c.tool), sum.Taken, sum.Flawed, sum.Skipped, sum.Off, sum.Dropped, nil}
		if sum.Reason != (consent.Reason{}) {
			view.Reason = &sum.Reason
		}
		if err := c.printJSON(view); err != nil && c.fail {
			return err
		}
	}
	if signal == os.Interrupt {
		c.world.Raise(os.Interrupt)
		return fail(exitInterrupted, nil)
	}
	if code := streamCode(sum, badFlags); c.fail && code != exitOK {
		return fail(code, nil)
	}
	return nil
}

// streamCode is the exit code with --fail.
func streamCode(sum sender.Streamed, badFlags bool) int {
	switch {
	case sum.Err != nil && sum.Reason.Rule == sender.RuleManifest:
		return exitConfig
	case badFlags, sum.Skipped+sum.Flawed > 0, sum.Err != nil && sum.Reason.Rule == sender.RuleData:
		return exitData
	case sum.Dropped > 0:
		return exitUnavailable
	case sum.Err != nil:
		return exitIO
	case sum.Off > 0:
		return exitNo
	}
	return exitOK
}

// countLines reads stdin as a stream is read, and counts the lines that are not empty. A person who
// types is not waited for.
func (w World) countLines(ctx context.Context) int {
	if w.Interactive {
		return 0
	}
	return w.sender().TakeStream(ctx, sender.Stream{}, w.Stdin).Dropped // of no tool
}
