package deletion

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/writekey"
)

// isHash reports whether a text is a SHA-256 as [HashID] spells it.
func isHash(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// Bounds of what a deletion holds, in bytes.
const (
	maxEndpoint = 8 << 10
	maxPath     = 32 << 10
)

// ErrDamaged says that a file holds no deletion, but what a crash left.
var ErrDamaged = errors.New("it is damaged")

func Parse(data []byte) (Deletion, error) {
	var d Deletion
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &version); err == nil && version.Schema > Schema {
		return d, outbox.ErrNewer
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return Deletion{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err := d.check(); err != nil {
		return Deletion{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return d, nil
}

// check is nil for what this program can have written: whatever it makes of a deletion,
// what is in it is as sound as in a manifest.
func (d *Deletion) check() error {
	switch {
	case d.Schema < 1 || !isHash(d.SHA256) || len(d.Tools) == 0 || slices.ContainsFunc(d.Tools, manifest.ID.IsZero) || d.RequestedAt.IsZero():
		return errors.New("it is incomplete")
	case d.SourceID != "" && !d.IsFor(d.SourceID), d.SourceID == "" && (!d.Erased || d.Open()):
		return errors.New("its source ID is not the one of its hash")
	case len(d.SourcePath) > maxPath || strings.ContainsRune(d.SourcePath, 0):
		return fmt.Errorf("its source path is %s", manifest.Quote(d.SourcePath))
	}
	if d.SourceID != "" {
		if id, err := identity.Parse([]byte(d.SourceID)); err != nil || id != d.SourceID {
			return errors.New("its source ID is none")
		}
	}
	if err := d.Backoff.Check(); err != nil {
		return err
	}
	for i := range d.Requests {
		if err := d.Requests[i].check(d); err != nil {
			return fmt.Errorf("request %s: %w", d.Requests[i].ID, err)
		}
	}
	return nil
}

func (r *Request) check(d *Deletion) error {
	states := []State{Pending, ByMail, Failed, Accepted, Confirmed}
	isText := func(s string) bool { return statefile.IsLine(s, maxEndpoint) }
	isOther := func(tool manifest.ID) bool { return !d.Of(tool) }
	switch {
	case r.ID == uuid.Nil || len(r.Tools) == 0 || r.RequestedAt.IsZero():
		return errors.New("it is incomplete")
	case slices.ContainsFunc(r.Tools, isOther):
		return errors.New("it is for another tool")
	case !slices.Contains(states, r.State):
		return fmt.Errorf("there is no state %s", manifest.Quote(string(r.State)))
	case !isText(r.To) || !isText(r.Contact) || slices.ContainsFunc(slices.Concat(r.Names, r.SentTo), func(s string) bool { return !isText(s) }):
		return errors.New("a name or an address in it holds control characters, or is too long")
	}
	if err := r.Waits.Check(); err != nil || !r.State.Open() {
		return err // nobody is asked any more
	}
	forget := manifest.Forget{Method: r.Method, Endpoint: r.To, Mail: r.To, Event: r.Event}
	if err := forget.Check(); err != nil || r.Method != manifest.ForgetEvent {
		return err
	}
	return r.checkEvent(d)
}

// checkEvent is for requests that an event makes.
func (r *Request) checkEvent(d *Deletion) error {
	switch {
	case r.Send == nil || r.Payload == nil:
		return errors.New("it is incomplete")
	case r.Key != "" && !writekey.IsName(r.Key):
		return fmt.Errorf("its write key is named %s", manifest.Quote(r.Key))
	case r.To != r.Send.Endpoint:
		return fmt.Errorf("it goes to %s and to %s", manifest.Quote(secret.URL(r.To)), manifest.Quote(secret.URL(r.Send.Endpoint)))
	case !(Forgotten{d.SHA256: true}).In(r.Payload):
		return errors.New("its payload does not hold the source ID")
	}
	if err := r.Send.Check(); err != nil {
		return err
	}
	return payload.CheckSize(r.Payload)
}
