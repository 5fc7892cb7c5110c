// Package journal keeps what was sent for each tool, to the letter: a line of JSON for
// each payload, in a file that grows to a bound and is then set aside.
package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// maxJournal is the size, in bytes, at which a journal is set aside as
// TOOL.jsonl.1, replacing the one set aside before.
const maxJournal = 4 << 20

// Record is one line of the journal: one payload that was sent.
type Record struct {
	Schema   int             `json:"schema"`
	At       time.Time       `json:"at"`
	Event    string          `json:"event"`
	EventID  uuid.UUID       `json:"event_id"`
	Endpoint string          `json:"endpoint"`
	Note     string          `json:"note,omitempty"` // what the receiver had to say
	Payload  *jsondoc.Object `json:"payload"`
}

// Journal is the record of what was sent for one tool. It is a path, and safe for
// concurrent use, by several processes too.
type Journal struct{ path string }

// Open names the journal of a tool below usagectl's state directory and
// touches nothing.
func Open(state string, tool manifest.ID) Journal {
	return Journal{filepath.Join(state, "journal", tool.String()+".jsonl")}
}

// readJournal is how much, in bytes, of the end of a journal is read: more than
// there can be, for one batch at most is added to a journal that is not full.
const readJournal = 16 << 20

// Add appends records, all or none of them.
func (j Journal) Add(records []Record) error {
	var lines bytes.Buffer
	for _, r := range records {
		data, err := json.Marshal(r)
		if err != nil {
			return err
		}
		lines.Write(data)
		lines.WriteByte('\n')
	}
	if err := statefile.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return err
	}
	// What has left is recorded even if the process is to end.
	return statefile.Append(context.Background(), j.path, lines.Bytes(), maxJournal)
}

// Records reads the journal, the oldest record first. Lines that are none, as a
// crash or a full disk leaves them, are passed over.
func (j Journal) Records() ([]Record, error) {
	var list []Record
	for _, path := range []string{j.path + ".1", j.path} {
		data, err := statefile.ReadTail(path, readJournal)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return list, err
		}
		for line := range bytes.Lines(data) {
			if r, ok := parseRecord(line); ok {
				list = append(list, r)
			}
		}
	}
	return list, nil
}

// parseRecord reads a line of the journal.
func parseRecord(line []byte) (Record, bool) {
	var r Record
	if err := json.Unmarshal(line, &r); err != nil {
		return Record{}, false
	}
	return r, r.Schema >= 1 && !r.At.IsZero() && manifest.ValidEventName(r.Event) && r.EventID != uuid.Nil
}

// Erase removes the journal, durably.
func (j Journal) Erase() error {
	return errors.Join(
		statefile.IgnoreMissing(statefile.Remove(j.path)), statefile.IgnoreMissing(statefile.Remove(j.path+".1")),
		statefile.Settle(filepath.Dir(j.path)),
	)
}

// Last is when something was sent last; the zero time if nothing was. It reads only
// the journal's end.
func (j Journal) Last() time.Time {
	for _, path := range []string{j.path, j.path + ".1"} {
		if at := lastRecord(path); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

func lastRecord(path string) time.Time {
	const tail = 4 * payload.MaxSize
	data, err := statefile.ReadTail(path, tail)
	if err != nil {
		return time.Time{}
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	for _, line := range slices.Backward(lines) {
		if r, ok := parseRecord(line); ok {
			return r.At
		}
	}
	return time.Time{}
}

// Has reports whether an event is among the records.
func Has(records []Record, eventID string) bool {
	return slices.ContainsFunc(records, func(r Record) bool { return r.EventID.String() == eventID })
}
