package sender

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/note"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// Deletion is a source ID that a person had forgotten: what has to be erased
// here, and who is asked to delete what was collected under it. It is one file,
// named by the ID's SHA-256, so that there is never a second one for the same ID,
// whoever makes them at once.
//
// It stays when all is done, without the ID: its hash keeps events that were
// taken under the old ID from leaving, and lets the person prove which one it was.
type Deletion struct {
	Schema      int               `json:"schema"`
	SHA256      string            `json:"sha256"` // of the source ID, in hex
	SourceID    string            `json:"source_id,omitempty"`
	SourcePath  string            `json:"source_path"`
	Tools       []manifest.ID     `json:"tools"` // all that have the ID
	RequestedAt time.Time         `json:"requested_at"`
	Erased      bool              `json:"erased"`           // here: outbox, ID, keys, journals
	Backoff     Backoff           `json:"backoff,omitzero"` // of erasing
	Requests    []DeletionRequest `json:"requests"`         // none if nobody was to be asked
}

// DeletionRequest asks one receiver for the deletion of what it has collected.
type DeletionRequest struct {
	ID          uuid.UUID             `json:"request_id"` // the same for every try
	Tools       []manifest.ID         `json:"tools"`      // several share one mail
	Names       []string              `json:"names"`      // of the tools, for people
	RequestedAt time.Time             `json:"requested_at"`
	State       DeletionState         `json:"state"`
	Method      manifest.ForgetMethod `json:"method"`
	To          string                `json:"to"`      // endpoint or mail address; "" if there is none
	Contact     string                `json:"contact"` // whom to write to where asking fails; "" if the tool names nobody
	SettledAt   time.Time             `json:"settled_at,omitzero"`
	Answer      string                `json:"answer,omitempty"` // why it failed
	Backoff     Backoff               `json:"backoff,omitzero"`

	// The method event: the tool's transport and the document, as they were when
	// the person asked, so that the request leaves even if the manifest is gone.
	Event   string          `json:"event,omitempty"`
	Send    *manifest.Send  `json:"send,omitempty"`
	Payload *jsondoc.Object `json:"payload,omitempty"`
}

// DeletionState is how far a deletion request is.
type DeletionState string

// The states. The first three need the source ID, and keep it.
const (
	Pending   DeletionState = "pending"   // not acknowledged yet; tried until it is
	ByMail    DeletionState = "by-mail"   // the person has to write
	Failed    DeletionState = "failed"    // it cannot be asked for; the person can write to the contact
	Accepted  DeletionState = "accepted"  // the receiver has acknowledged it
	Confirmed DeletionState = "confirmed" // the person says that it is settled
)

// Open tells whether something is left to do, by this program or by the person.
func (s DeletionState) Open() bool { return s == Pending || s == ByMail || s == Failed }

// deletionSchema is the version of the file's format. A program that finds a
// newer one leaves it to the newer program.
const deletionSchema = 1

// HashID is the SHA-256 of a source ID in hex, by which a [Deletion] is found.
func HashID(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// isFor tells whether the deletion is of this source ID.
func (d *Deletion) isFor(id string) bool { return HashID(id) == d.SHA256 }

// of tells whether the deletion concerns a tool.
func (d *Deletion) of(tool manifest.ID) bool { return slices.Contains(d.Tools, tool) }

// open tells whether a request is open.
func (d *Deletion) open() bool {
	return slices.ContainsFunc(d.Requests, func(r DeletionRequest) bool { return r.State.Open() })
}

// pending tells whether somebody is still to be asked.
func (d *Deletion) pending() bool {
	return slices.ContainsFunc(d.Requests, func(r DeletionRequest) bool { return r.State == Pending })
}

// done tells whether nothing is left that this program could do.
func (d *Deletion) done() bool { return d.Erased && !d.pending() }

// due tells whether something could be done now.
func (d *Deletion) due(now time.Time) bool {
	return !d.Erased && !d.Backoff.Running(now) || slices.ContainsFunc(d.Requests, func(r DeletionRequest) bool {
		return r.State == Pending && !r.Backoff.Running(now)
	})
}

// redact forgets the ID here too, once nothing needs it any more.
func (d *Deletion) redact() {
	for i := range d.Requests {
		if r := &d.Requests[i]; !r.State.Open() {
			r.Payload, r.Send, r.Backoff = nil, nil, Backoff{}
		}
	}
	if d.SourceID == "" || !d.Erased || d.open() {
		return
	}
	for i := range d.Requests { // a receiver may have named it in its answer
		r := &d.Requests[i]
		r.Answer = note.Hidden{d.SourceID}.Note(r.Answer)
	}
	d.SourceID = ""
}

// Deletions are the deletions on disk.
type Deletions struct{ dir string }

// OpenDeletions names the deletions below usagectl's state directory and touches
// nothing. If that is not known there are none.
func OpenDeletions(state string) Deletions {
	if state == "" {
		return Deletions{}
	}
	return Deletions{filepath.Join(state, "deletions")}
}

func (ds Deletions) path(sha string) string { return filepath.Join(ds.dir, sha+".json") }

// claim is the baton of whoever works at a deletion, so that none is asked for
// by two at once. If it fails, two ask with the same request ID.
func (ds Deletions) claim(sha string) baton { return baton{filepath.Join(ds.dir, "."+sha+".claim")} }

// Has tells whether a source ID was to be forgotten.
func (ds Deletions) Has(id string) bool {
	if ds.dir == "" {
		return false
	}
	_, err := os.Lstat(ds.path(HashID(id)))
	return err == nil || errors.Is(err, os.ErrPermission) // in doubt it was
}

// Of reads the deletions that concern a tool, the oldest first. One that cannot be
// read is an error, beside those that can.
func (ds Deletions) Of(tool manifest.ID) ([]Deletion, error) {
	list, err := ds.All()
	return slices.DeleteFunc(list, func(d Deletion) bool { return !d.of(tool) }), err
}

// All reads the deletions, the oldest first. One that cannot be read is an error,
// beside those that can.
func (ds Deletions) All() ([]Deletion, error) {
	names, _, err := ds.names()
	errs := []error{err}
	var list []Deletion
	for sha := range names {
		d, err := ds.read(sha)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list = append(list, d)
	}
	sort.Slice(list, func(i, j int) bool {
		if c := list[i].RequestedAt.Compare(list[j].RequestedAt); c != 0 {
			return c < 0
		}
		return list[i].SHA256 < list[j].SHA256
	})
	return list, errors.Join(errs...)
}

// names lists the hashes of the deletions, and those of which only what a killed
// process left is there.
func (ds Deletions) names() (filed, litter map[string]bool, err error) {
	filed, litter = map[string]bool{}, map[string]bool{}
	if ds.dir == "" {
		return filed, litter, nil
	}
	entries, err := statefile.ReadDir(ds.dir)
	for _, e := range entries {
		name, hidden := strings.CutPrefix(e.Name(), ".")
		sha, rest, _ := strings.Cut(name, ".")
		left := rest == "claim" || strings.HasPrefix(rest, "json.") && statefile.IsTemporary(e.Name())
		switch {
		case !isHash(sha):
		case !hidden && rest == "json":
			filed[sha] = true
		case hidden && left: // anything else would never be swept up, and be found for ever
			litter[sha] = true
		}
	}
	return filed, litter, ifThere(err)
}

// isHash reports whether a text is a SHA-256 as [HashID] spells it.
func isHash(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// maxDeletion is the size, in bytes, of the largest deletion that is read.
const maxDeletion = 1 << 20

func (ds Deletions) read(sha string) (Deletion, error) {
	data, err := statefile.Read(ds.path(sha), maxDeletion)
	if err != nil {
		return Deletion{}, err
	}
	d, err := parseDeletion(data)
	if err == nil && d.SHA256 != sha {
		err = errors.New("it is of another source ID than its name says")
	}
	if err != nil {
		return d, &os.PathError{Op: "deletion", Path: ds.path(sha), Err: err}
	}
	return d, nil
}

// errNoDeletion says that a file holds no deletion, but what a crash left.
var errNoDeletion = errors.New("it is damaged")

func parseDeletion(data []byte) (Deletion, error) {
	var d Deletion
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &version); err == nil && version.Schema > deletionSchema {
		return d, errNewer
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return Deletion{}, fmt.Errorf("%w: %w", errNoDeletion, err)
	}
	if err := d.check(); err != nil {
		return Deletion{}, fmt.Errorf("%w: %w", errNoDeletion, err)
	}
	return d, nil
}

// check is nil for what this program can have written: whatever it makes of a deletion,
// what is in it is as sound as in a manifest.
func (d *Deletion) check() error {
	switch {
	case d.Schema < 1 || !isHash(d.SHA256) || len(d.Tools) == 0 || slices.ContainsFunc(d.Tools, manifest.ID.IsZero) || d.RequestedAt.IsZero():
		return errors.New("it is incomplete")
	case d.SourceID != "" && !d.isFor(d.SourceID), d.SourceID == "" && (!d.Erased || d.open()):
		return errors.New("its source ID is not the one of its hash")
	case len(d.SourcePath) > maxPath || strings.ContainsRune(d.SourcePath, 0):
		return fmt.Errorf("its source path is %s", manifest.Quote(d.SourcePath))
	}
	if d.SourceID != "" {
		if id, err := identity.Parse([]byte(d.SourceID)); err != nil || id != d.SourceID {
			return errors.New("its source ID is none")
		}
	}
	if err := d.Backoff.check(); err != nil {
		return err
	}
	for i := range d.Requests {
		if err := d.Requests[i].check(d); err != nil {
			return fmt.Errorf("request %s: %w", d.Requests[i].ID, err)
		}
	}
	return nil
}

func (r *DeletionRequest) check(d *Deletion) error {
	states := []DeletionState{Pending, ByMail, Failed, Accepted, Confirmed}
	isText := func(s string) bool { return plain(s, maxEndpoint) }
	isOther := func(tool manifest.ID) bool { return !d.of(tool) }
	switch {
	case r.ID == uuid.Nil || len(r.Tools) == 0 || r.RequestedAt.IsZero():
		return errors.New("it is incomplete")
	case slices.ContainsFunc(r.Tools, isOther):
		return errors.New("it is for another tool")
	case !slices.Contains(states, r.State):
		return fmt.Errorf("there is no state %s", manifest.Quote(string(r.State)))
	case !isText(r.To) || !isText(r.Contact) || slices.ContainsFunc(r.Names, func(s string) bool { return !isText(s) }):
		return errors.New("a name or an address in it holds control characters, or is too long")
	}
	if err := r.Backoff.check(); err != nil || !r.State.Open() {
		return err // nobody is asked any more
	}
	forget := manifest.Forget{Method: r.Method, Endpoint: r.To, Mail: r.To, Event: r.Event}
	if err := forget.Check(); err != nil || r.Method != manifest.ForgetEvent {
		return err
	}
	return r.checkEvent(d)
}

// checkEvent is for requests that an event makes.
func (r *DeletionRequest) checkEvent(d *Deletion) error {
	switch {
	case r.Send == nil || r.Payload == nil:
		return errors.New("it is incomplete")
	case r.To != r.Send.Endpoint:
		return fmt.Errorf("it goes to %s and to %s", manifest.Quote(secret.URL(r.To)), manifest.Quote(secret.URL(r.Send.Endpoint)))
	case !(forgotten{d.SHA256: true}).in(r.Payload):
		return errors.New("its payload does not hold the source ID")
	}
	if err := r.Send.Check(); err != nil {
		return err
	}
	return payload.CheckSize(r.Payload)
}

// create files a deletion, durably, or fails with [os.ErrExist]. One that could not be
// read back is not filed.
func (ds Deletions) create(d Deletion) error {
	if err := d.check(); err != nil {
		return err
	}
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return statefile.Create(ds.path(d.SHA256), append(data, '\n'), 0o700)
}

// write replaces a deletion. Only the holder of its claim does.
func (ds Deletions) write(d *Deletion) error {
	d.redact()
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return statefile.Write(ds.path(d.SHA256), append(data, '\n'), 0o600, 0o700)
}

// sweep removes what killed processes left of a deletion, which holds the ID.
// Only the holder of its claim does.
func (ds Deletions) sweep(sha string) error {
	_ = statefile.Sweep(ds.dir) // of others, which are in nobody's way
	files, err := statefile.Temporary(ds.path(sha))
	errs := []error{err}
	for _, file := range files {
		errs = append(errs, ifThere(statefile.Remove(file)))
	}
	return errors.Join(errs...)
}

// forgotten tells whether a document names an ID that was to be forgotten.
type forgotten map[string]bool

// forgotten reads which IDs those are.
func (ds Deletions) forgotten() (forgotten, error) {
	filed, _, err := ds.names()
	return filed, err
}

// in looks into a [jsondoc] value.
func (f forgotten) in(v any) bool {
	if len(f) == 0 {
		return false
	}
	switch v := v.(type) {
	case string:
		// From 32 digits to "urn:uuid:{…}": see [identity.Parse].
		return len(v) >= 32 && len(v) <= 64 && f[HashID(v)]
	case []any:
		return slices.ContainsFunc(v, f.in)
	case *jsondoc.Object:
		return slices.ContainsFunc(v.Members(), func(m jsondoc.Member) bool { return f.in(m.Value) })
	}
	return false
}
