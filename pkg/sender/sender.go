package sender

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Sender takes and delivers events. It keeps nothing in memory between calls and
// is safe for concurrent use.
type Sender struct {
	Dirs    dirs.Dirs
	Env     consent.Env
	WorkDir string // where this process works, and a .env file can refuse; "" if that is not to be looked at
	Now     func() time.Time
	Version func() string // usagectl's own
	Client  *http.Client  // for deliveries; see [NewClient]

	idFile string // where the source ID was found that is being forgotten, not what a file says
}

// State is the directory of outbox, journal, deletions and keys.
func (s Sender) State() string { return s.Dirs.StateDir() }

// Outbox is the outbox of a tool.
func (s Sender) Outbox(tool manifest.ID) Outbox { return OpenOutbox(s.State(), tool) }

// Journal is the journal of a tool.
func (s Sender) Journal(tool manifest.ID) Journal { return OpenJournal(s.State(), tool) }

// Deletions are the deletions that were asked for.
func (s Sender) Deletions() Deletions { return OpenDeletions(s.State()) }

// KeyPath is where the key of a tool's hashes lies.
func (s Sender) KeyPath(tool manifest.ID) string {
	return filepath.Join(s.State(), "keys", tool.String())
}

func (s Sender) medium() medium {
	return medium{client: s.Client, env: s.Env, home: s.Dirs.Home, version: s.Version(), now: s.Now}
}

// Preview is what a payload would look like on its way. It needs no permit and
// sends nothing.
func (s Sender) Preview(m *manifest.Manifest, e Entry, p Payload) (Wire, error) {
	w, err := s.medium().transportOf(m).wire([]parcel{{event: e.Event, eventID: e.EventID, runID: e.RunID, takenAt: e.TakenAt, payload: p}})
	return w.Masked(), err
}

// NewEntry is the entry for an event of a manifest that was taken. manifestFile is
// the file given with --manifest, or ""; dir is where the event was taken, or "". src.Now
// is a moment before consent was asked.
func NewEntry(p consent.Permit, m *manifest.Manifest, src Sources, manifestFile, dir string, values *jsondoc.Object) Entry {
	if !m.Consent.Dotenv {
		dir = "" // nobody needs it
	}
	return Entry{
		Schema: entrySchema, Tool: p.Tool(), Event: p.Event(), EventID: src.EventID, RunID: src.RunID,
		TakenAt: src.Now.UTC(), Grant: p.Terms().Grant, Endpoint: p.Terms().Endpoint, Manifest: manifestFile, Dir: dir, Values: values,
	}
}

// ErrTooLarge says that a payload is larger than [MaxPayload].
var ErrTooLarge = errors.New("the payload is too large")

// CheckSize reports a payload that no transport would take.
func CheckSize(p Payload) error {
	data, err := jsondoc.Append(nil, p.Document())
	if err != nil {
		return err
	}
	if len(data) > MaxPayload {
		return fmt.Errorf("%w: %d bytes, at most %d are sent", ErrTooLarge, len(data), MaxPayload)
	}
	return nil
}

// ErrNoState says that the state directory is not known, because HOME is not set.
var ErrNoState = errors.New("the state directory is not known: neither HOME nor XDG_STATE_HOME is set")

// noState is the error where nothing can be kept: [ErrNoState], or why the state
// directory is not used.
func (s Sender) noState() error {
	if flaw := s.Dirs.StateFlaw; flaw != "" {
		return fmt.Errorf("the state directory %s is not used: %s", s.Dirs.UncheckedStateDir(), flaw)
	}
	return ErrNoState
}

// Queue keeps an event in the outbox. An error means that it could not be kept.
func (s Sender) Queue(p consent.Permit, e Entry) error {
	if s.State() == "" {
		return s.noState()
	}
	return s.Outbox(e.Tool).Put(p, e)
}

// trimByte as the last byte of an event's ID, which one in 256 has, starts a
// deliverer even while a back-off runs, to keep the outbox within its bounds.
const trimByte = 0

// Wake starts a deliverer by start, which returns its process ID, unless one is
// at work or there is nothing that it could do now.
func (s Sender) Wake(e Entry, start func() (pid int, err error)) error {
	now := s.Now()
	if s.Outbox(e.Tool).Backoff().Running(now) && e.EventID[15] != trimByte {
		return nil
	}
	return s.startOne(start)
}

func (s Sender) startOne(start func() (pid int, err error)) error {
	now := s.Now()
	b := batonOf(s.State())
	if b.held(now, thisProcess) || b.take(now, thisProcess) != nil {
		return nil
	}
	pid, err := start()
	if err != nil {
		b.abandon()
		return err
	}
	return b.name(newOwner(pid))
}
