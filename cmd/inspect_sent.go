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
	sink := c.stdout.Writer
	v := &sentView{inspectCommand: c, tool: t, progress: newProgress(c.ui, c.world.Now), out: bufio.NewWriterSize(sink, 64<<10)}
	c.stdout.Writer = v.out
	defer func() { c.stdout.Writer = sink }()
	err := c.world.sender().SentRecords(t.id, func(read, total int64) { v.progress.show("read %d of %d MiB", read>>20, total>>20) }, v.record)
	v.progress.clear()
	if errors.Is(err, sender.ErrJournalTooLarge) {
		v.out.Flush() // before what is said about it
		c.warn("the journal of %s: %v", t.id, err)
		err = nil
	}
	if err == nil {
		err = v.end()
	} else if bad := v.broken(err); bad != nil {
		err = bad
	}
	if v.out.Flush() != nil {
		return nil // told where the program ends; if nobody reads any more that is no error
	}
	if err != nil {
		return fail(exitIO, fmt.Errorf("journal: %w", err))
	}
	return nil
}

// sentView shows the records of a journal one by one.
type sentView struct {
	*inspectCommand
	tool     tool
	progress *progress
	out      *bufio.Writer // to stdout
	records  int           // until now
}

// record shows a record. The error is that of stdout, with which the reading ends.
func (v *sentView) record(r sender.Record) error {
	v.progress.pause()
	v.records++
	if v.json {
		return v.write(v.before(), r)
	}
	if err := v.text(r); err != nil {
		return err
	}
	_, err := v.out.Write(nil)
	return err
}

// text shows a record for people. A payload that was sent before is not shown again.
func (v *sentView) text(r sender.Record) error {
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
		v.out.Flush() // before what is said about it
		v.warn("what was sent for %s may not all be recorded: %s", v.tool.id, unrecorded)
	}
	return nil
}

// broken ends the JSON document of a journal that cannot be read, or not to its end.
func (v *sentView) broken(err error) error {
	if !v.json {
		return nil
	}
	before := "],"
	if v.records == 0 {
		before = strings.TrimSuffix(v.head(), "[") + "null,"
	}
	return v.write(before+`"unrecorded":`, cmp.Or(v.world.sender().Unrecorded(v.tool.id), oneLine(err)), "}\n")
}

// head begins the JSON document, which has a list of all records.
func (v *sentView) head() string {
	named := ""
	if v.named != "" {
		named = fmt.Sprintf(`"named":%q,`, v.named)
	}
	return fmt.Sprintf(`{"schema":1,"tool":%q,%s"sent":[`, v.tool.id.String(), named)
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
	return err
}
