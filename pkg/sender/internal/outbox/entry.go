package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/writekey"
)

// Entry is an event in the outbox: the values that were collected for
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
	Level    int             `json:"level,omitempty"`    // of which at most something is sent; 0: what was agreed to
	Manifest string          `json:"manifest,omitempty"` // the file given with --manifest
	Dir      string          `json:"dir,omitempty"`      // where it was taken, if a .env file there can refuse
	Key      string          `json:"key,omitempty"`      // names the write key of whoever took it: "VARIABLE=", and 4 digits of a hash; with "" any key will do
	Values   *jsondoc.Object `json:"values"`             // by field name
}

// Schema is the version of the entry's format. A program that finds a newer
// one leaves it to the newer program.
const Schema = 1

// ErrNewer says that a newer version of usagectl has written something, which is left to it.
var ErrNewer = errors.New("written by a newer version of usagectl")

// MarshalJSON writes what [Entry]'s tags say, without the cost of finding them
// out by reflection, which every send would pay.
func (e Entry) MarshalJSON() ([]byte, error) {
	o := jsondoc.NewObject(
		"schema", jsondoc.Int(int64(e.Schema)),
		"tool", e.Tool.String(),
		"event", e.Event,
		"event_id", e.EventID.String(),
		"run_id", e.RunID.String(),
		"taken_at", e.TakenAt.Format(time.RFC3339Nano),
		"grant", e.Grant,
		"endpoint", e.Endpoint,
	)
	if e.Level != 0 {
		o.Set("level", jsondoc.Int(int64(e.Level)))
	}
	if e.Manifest != "" {
		o.Set("manifest", e.Manifest)
	}
	if e.Dir != "" {
		o.Set("dir", e.Dir)
	}
	if e.Key != "" {
		o.Set("key", e.Key)
	}
	o.Set("values", e.Values)
	return jsondoc.Append(nil, o)
}

// ParseEntry reads an entry as [Entry.MarshalJSON] writes it, and checks it. The errors
// are [ErrNewer] and those of what is no entry.
func ParseEntry(data []byte) (Entry, error) {
	var e Entry
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &version); err == nil && version.Schema > Schema {
		return e, ErrNewer
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, err
	}
	return e, e.check()
}

// Bounds of an entry that is read back: the sizes, in bytes, of the file and of
// what stands in it. What the values hold is checked when the payload is built.
const (
	maxEntry    = 4 * payload.MaxSize
	maxGrant    = 128
	maxEndpoint = 8 << 10
	maxPath     = 32 << 10
)

func (e Entry) check() error {
	switch {
	case e.Schema < 1 || e.Tool.IsZero() || e.Event == "" || e.EventID == uuid.Nil:
		return errors.New("it is incomplete")
	case !manifest.ValidEventName(e.Event):
		return fmt.Errorf("its event is %s", manifest.Quote(e.Event))
	case !statefile.IsLine(e.Grant, maxGrant):
		return fmt.Errorf("its grant is %s", manifest.Quote(e.Grant))
	case !statefile.IsLine(e.Endpoint, maxEndpoint):
		return fmt.Errorf("its endpoint is %s", manifest.Quote(secret.URL(e.Endpoint)))
	case e.Level < 0:
		return fmt.Errorf("its level is %d", e.Level)
	case len(e.Manifest) > maxPath || strings.ContainsRune(e.Manifest, 0):
		return fmt.Errorf("its manifest is %s", manifest.Quote(e.Manifest))
	case len(e.Dir) > maxPath || strings.ContainsRune(e.Dir, 0):
		return fmt.Errorf("its directory is %s", manifest.Quote(e.Dir))
	case e.Key != "" && !writekey.IsName(e.Key):
		return fmt.Errorf("its write key is named %s", manifest.Quote(e.Key))
	}
	return nil
}

// parse reads an entry of this outbox that lies in a file of that name.
func (o Outbox) parse(name string, data []byte) (Entry, error) {
	e, err := ParseEntry(data)
	switch {
	case err != nil:
	case e.Tool != o.tool:
		err = fmt.Errorf("it is of the tool %s", e.Tool)
	case !IsEntryName(name):
		err = errors.New("its name is none of an event's")
	}
	return e, err
}

// Name is the entry's file name: names sort by the time when the event was taken.
func (e Entry) Name() string {
	return fmt.Sprintf("%016x-%s.json", max(0, e.TakenAt.UnixNano()), e.EventID)
}

// IsEntryName reports whether a file name is one as [Entry.Name] spells it, of
// whatever event: a clock may have been set since.
func IsEntryName(name string) bool {
	stamp, id, _ := strings.Cut(strings.TrimSuffix(name, ".json"), "-")
	_, err := strconv.ParseUint(stamp, 16, 63)
	return err == nil && len(stamp) == 16 && uuid.Validate(id) == nil && strings.HasSuffix(name, ".json")
}

// takenAt is the time that a file name tells.
func takenAt(name string) (time.Time, bool) {
	stamp, _, ok := strings.Cut(name, "-")
	ns, err := strconv.ParseInt(stamp, 16, 64)
	return time.Unix(0, ns), ok && err == nil
}

// EventID is the event's ID in the name of its file; the name itself if there is none.
func EventID(name string) string {
	_, id, ok := strings.Cut(strings.TrimSuffix(name, ".json"), "-")
	if _, err := uuid.Parse(id); !ok || err != nil || len(id) != 36 {
		return name
	}
	return id
}
