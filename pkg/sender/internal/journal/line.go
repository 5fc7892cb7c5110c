package journal

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// line is a line of the journal: the beginning or the end of a request, or a record of
// schema 1.
type line struct {
	Schema   int       `json:"schema"`
	Request  string    `json:"request,omitempty"` // names the request in both of its lines
	At       time.Time `json:"at"`                // when it began, in both
	Endpoint string    `json:"endpoint,omitempty"`
	Origin
	Events  []event `json:"events,omitempty"`  // of a beginning
	Outcome Outcome `json:"outcome,omitempty"` // of an end
	Status  int     `json:"status,omitempty"`
	Note    string  `json:"note,omitempty"`

	// Of schema 1:
	Event   string          `json:"event,omitempty"`
	EventID uuid.UUID       `json:"event_id,omitzero"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// event is an event in a request. Name and payload are left out if the file has them in
// an earlier line.
type event struct {
	ID      uuid.UUID       `json:"id"`
	Name    string          `json:"name,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// Bounds of what is read back.
const (
	maxLine = 4 << 20 // bytes: more than the largest batch
	maxText = 8 << 10 // bytes of an endpoint or a note
	maxPath = 32 << 10
)

// parse reads a line, and checks that it is one that this program can have written.
func parse(data []byte) (line, bool) {
	var l line
	if err := json.Unmarshal(data, &l); err != nil {
		return line{}, false
	}
	if l.At.IsZero() || l.Status < 0 || l.Status > 999 || !statefile.IsLine(l.Endpoint, maxText) || !statefile.IsLine(l.Note, maxText) || !l.isValid() {
		return line{}, false
	}
	switch l.Schema {
	case 1:
		return l, manifest.ValidEventName(l.Event) && l.EventID != uuid.Nil && (isObject(l.Payload) || isNull(l.Payload))
	case 2:
		return l, isRequest(l.Request) && (len(l.Events) > 0) != (l.Outcome != "") && validEvents(l.Events)
	}
	return line{}, false // a newer program's
}

// Origin is where the events of a request come from, as it has to be known should the tool's
// manifest be gone one day.
type Origin struct {
	SourcePath string `json:"source_path,omitempty"` // of the ID that is in them; "" if none is
	Manifest   string `json:"manifest,omitempty"`    // the file given with --manifest
}

// isValid reports whether the paths are some, or "".
func (o Origin) isValid() bool {
	isPath := func(s string) bool { return len(s) <= maxPath && !strings.ContainsRune(s, 0) }
	return isPath(o.SourcePath) && isPath(o.Manifest)
}

// isRequest knows the names that requests get.
func isRequest(name string) bool {
	return len(name) == 16 && bytes.Trim([]byte(name), "0123456789abcdef") == nil
}

func validEvents(events []event) bool {
	for _, e := range events {
		if e.ID == uuid.Nil || (e.Name == "") != (e.Payload == nil) || e.Payload != nil && (!manifest.ValidEventName(e.Name) || !isObject(e.Payload)) {
			return false
		}
	}
	return true
}

func isObject(data json.RawMessage) bool { return bytes.HasPrefix(data, []byte("{")) }

func isNull(data json.RawMessage) bool { return data == nil || string(data) == "null" }
