package sender

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// maxJournal is the size, in bytes, at which a journal is set aside as
// TOOL.jsonl.1, replacing the one set aside before.
const maxJournal = 4 << 20

// Record is one line of the journal: one payload that left.
type Record struct {
	Schema   int             `json:"schema"`
	At       time.Time       `json:"at"`
	Event    string          `json:"event"`
	EventID  uuid.UUID       `json:"event_id"`
	Endpoint string          `json:"endpoint"`
	Note     string          `json:"note,omitempty"` // what the receiver had to say
	Payload  *jsondoc.Object `json:"payload"`
}

// Journal is the local record of what left for one tool.
type Journal struct{ path string }

// OpenJournal names the journal of a tool below usagectl's state directory and
// touches nothing.
func OpenJournal(state string, tool manifest.ID) Journal {
	return Journal{filepath.Join(state, "journal", tool.String()+".jsonl")}
}

// add appends records in one write, so that several deliverers can do it at once.
func (j Journal) add(records []Record) error {
	var lines bytes.Buffer
	for _, r := range records {
		data, err := json.Marshal(r)
		if err != nil {
			return err
		}
		lines.Write(data)
		lines.WriteByte('\n')
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return err
	}
	f, err := openAppend(j.path)
	if err != nil {
		return err
	}
	info, statErr := f.Stat()
	_, err = f.Write(lines.Bytes())
	err = errors.Join(statErr, err, f.Close())
	if err == nil && info.Size() > maxJournal {
		err = statefile.Rename(j.path, j.path+".1")
	}
	return err
}

// Records reads the journal, the oldest record first. Lines that are none, as a
// crash or a full disk leaves them, are passed over.
func (j Journal) Records() ([]Record, error) {
	var list []Record
	for _, path := range []string{j.path + ".1", j.path} {
		data, err := statefile.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return list, err
		}
		for line := range bytes.Lines(data) {
			var r Record
			if json.Unmarshal(line, &r) == nil {
				list = append(list, r)
			}
		}
	}
	return list, nil
}

// erase removes the journal, and makes that last.
func (j Journal) erase() error {
	return errors.Join(
		ifThere(statefile.Remove(j.path)), ifThere(statefile.Remove(j.path+".1")),
		ifThere(statefile.SyncDir(filepath.Dir(j.path))),
	)
}

// Last is when something left last; the zero time if nothing did. It reads only
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
	f, err := statefile.Open(path)
	if err != nil {
		return time.Time{}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return time.Time{}
	}
	const tail = 4 * MaxPayload
	end := io.NewSectionReader(f, max(0, info.Size()-tail), tail)
	data, err := io.ReadAll(end)
	if err != nil {
		return time.Time{}
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	for i := len(lines) - 1; i >= 0; i-- {
		var r Record
		if json.Unmarshal(lines[i], &r) == nil && !r.At.IsZero() {
			return r.At
		}
	}
	return time.Time{}
}
