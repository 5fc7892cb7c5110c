package sender

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Entry is an event that waits in the outbox: the values that were collected for
// it and the agreement under which they were. The payload is built from it when
// it is delivered, so that what is withdrawn in between is left out.
type Entry struct {
	Schema   int             `json:"schema"`
	Tool     manifest.ID     `json:"tool"`
	Event    string          `json:"event"`
	EventID  uuid.UUID       `json:"event_id"`
	RunID    uuid.UUID       `json:"run_id"`
	TakenAt  time.Time       `json:"taken_at"` // a moment before consent for it was asked
	Grant    string          `json:"grant"`
	Endpoint string          `json:"endpoint"`
	Manifest string          `json:"manifest,omitempty"` // the file given with --manifest
	Dir      string          `json:"dir,omitempty"`      // where it was taken, if a .env file there can refuse
	Values   *jsondoc.Object `json:"values"`             // by field name
}

// entrySchema is the version of the entry's format. A program that finds a newer
// one leaves it to the newer program.
const entrySchema = 1

var errNewer = errors.New("written by a newer version of usagectl")

// MarshalJSON writes what [Entry]'s tags say, without the cost of finding them
// out by reflection, which every send would pay.
func (e Entry) MarshalJSON() ([]byte, error) {
	o := object(
		"schema", jsondoc.Int(int64(e.Schema)),
		"tool", e.Tool.String(),
		"event", e.Event,
		"event_id", e.EventID.String(),
		"run_id", e.RunID.String(),
		"taken_at", e.TakenAt.Format(time.RFC3339Nano),
		"grant", e.Grant,
		"endpoint", e.Endpoint,
	)
	if e.Manifest != "" {
		o.Set("manifest", e.Manifest)
	}
	if e.Dir != "" {
		o.Set("dir", e.Dir)
	}
	o.Set("values", e.Values)
	return jsondoc.Append(nil, o)
}

func parseEntry(data []byte) (Entry, error) {
	var e Entry
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &version); err == nil && version.Schema > entrySchema {
		return e, errNewer
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, err
	}
	switch {
	case e.Schema < 1 || e.Tool.IsZero() || e.Event == "" || e.EventID == uuid.Nil:
		return e, errors.New("it is incomplete")
	}
	return e, nil
}

// name is the entry's file name: names sort by the time when the event was taken.
func (e Entry) name() string {
	return fmt.Sprintf("%016x-%s.json", max(0, e.TakenAt.UnixNano()), e.EventID)
}

// takenAt is the time that a file name tells.
func takenAt(name string) (time.Time, bool) {
	stamp, _, ok := strings.Cut(name, "-")
	ns, err := strconv.ParseInt(stamp, 16, 64)
	return time.Unix(0, ns), ok && err == nil
}
