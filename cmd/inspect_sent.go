package cmd

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/sender"
)

// outcomeText says for people what became of something that was sent.
func outcomeText(a sender.Attempt) string {
	switch a.Outcome {
	case sender.AttemptAccepted:
		if a.Note == "" {
			return "accepted"
		}
		return "accepted: " + a.Note
	case sender.AttemptSent:
		return "sent; nobody answers there"
	case sender.AttemptRejected:
		return "rejected: " + a.Note
	case sender.AttemptAnswered:
		return "not accepted: " + a.Note
	case sender.AttemptNoAnswer:
		return "no answer: " + cmp.Or(a.Note, "not known why") + "; it may have arrived"
	case sender.AttemptInterrupted:
		return "interrupted: " + cmp.Or(a.Note, "consent was withdrawn") + "; it may have arrived"
	}
	return "unknown: it is being sent, or was interrupted; it may have arrived"
}

// showSent prints what was sent, as it is read from the journal, which may be large.
func (c *inspectCommand) showSent(t tool) error {
	out := bufio.NewWriterSize(c.stdout.Writer, 64<<10)
	sink := c.stdout.Writer
	c.stdout.Writer = out
	defer func() { c.stdout.Writer = sink }()
	v := &sentView{inspectCommand: c, tool: t, progress: newProgress(c.ui, c.world.Now)}
	err := c.world.sender().SentRecords(t.id, func(read, total int64) { v.progress.show("read %d of %d MiB", read>>20, total>>20) }, v.record)
	v.progress.clear()
	if err == nil {
		err = v.end()
	}
	if flushErr := out.Flush(); err == nil && flushErr != nil {
		err = fail(exitIO, fmt.Errorf("stdout: %w", flushErr))
	}
	var f *failure
	if err != nil && !errors.As(err, &f) {
		err = fail(exitIO, fmt.Errorf("journal: %w", err))
	}
	return err
}

// sentView shows the records of a journal one by one.
type sentView struct {
	*inspectCommand
	tool     tool
	progress *progress
	records  int // until now
}

// record shows a record.
func (v *sentView) record(r sender.Record) error {
	v.progress.pause()
	v.records++
	if v.json {
		return v.write(v.before(), r)
	}
	v.stdout.Printf("%s  %s  %s\n", utc(r.At), v.stdout.Style(term.Strong, cmp.Or(r.Event, "(an event)")), r.EventID)
	v.stdout.Printf("  to %s\n  %s\n", cmp.Or(r.Endpoint, "(not recorded)"), outcomeText(r.Attempt))
	switch {
	case r.Payload == nil:
		v.stdout.Printf("  the document is not recorded any more\n")
	case r.Again:
		v.stdout.Printf("  the same document as before\n")
	default:
		return v.printDocument(r.Payload)
	}
	return nil
}

// end shows what comes behind the last record.
func (v *sentView) end() error {
	unrecorded := v.world.sender().Unrecorded(v.tool.id)
	if v.json {
		before := "],"
		if v.records == 0 {
			before = v.head() + before
		}
		return v.write(before+`"unrecorded":`, unrecorded, "}\n")
	}
	if v.records == 0 {
		v.stdout.Printf("Nothing is recorded as sent for %s.\n", v.tool.id)
	}
	if unrecorded != "" {
		v.warn("what was sent for %s may not all be recorded: %s", v.tool.id, unrecorded)
	}
	return nil
}

// head begins the JSON document, which has a list of all records.
func (v *sentView) head() string {
	return fmt.Sprintf(`{"schema":1,"tool":%q,"sent":[`, v.tool.id.String())
}

// before is what stands before a record.
func (v *sentView) before() string {
	if v.records == 1 {
		return v.head()
	}
	return ","
}

// write writes a value between two parts of the JSON document.
func (v *sentView) write(before string, value any, after ...string) error {
	var b bytes.Buffer
	b.WriteString(before)
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	if err == nil {
		text := append(bytes.TrimSuffix(b.Bytes(), []byte("\n")), strings.Join(after, "")...)
		_, err = v.stdout.Write(term.CleanJSON(text))
	}
	if err != nil {
		return fail(exitIO, fmt.Errorf("stdout: %w", err))
	}
	return nil
}
