// Package deletion keeps what was asked for about source IDs that are forgotten: what has
// to be erased here, and whom to ask to delete what was collected under them. It reads
// and writes and asks nobody; the policy of forgetting is in pkg/sender.
package deletion

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/note"
)

// Deletion is a source ID that a person had forgotten: what has to be erased
// here, and who is asked to delete what was collected under it. It is one file,
// named by the ID's SHA-256, so that there is never a second one for the same ID,
// whoever makes them at once.
//
// It stays when all is done, without the ID: its hash keeps events that were
// taken under the old ID from leaving, and lets the person prove which one it was.
type Deletion struct {
	Schema      int             `json:"schema"`
	SHA256      string          `json:"sha256"` // of the source ID, in hex
	SourceID    string          `json:"source_id,omitempty"`
	SourcePath  string          `json:"source_path"`
	Tools       []manifest.ID   `json:"tools"` // all that have the ID
	RequestedAt time.Time       `json:"requested_at"`
	Erased      bool            `json:"erased"`           // here: outbox, ID, keys, journals
	Backoff     backoff.Backoff `json:"backoff,omitzero"` // of erasing
	Requests    []Request       `json:"requests"`         // none if nobody was to be asked
}

// Schema is the version of the file's format. A program that finds a
// newer one leaves it to the newer program.
const Schema = 1

// HashID is the SHA-256 of a source ID in hex, by which a [Deletion] is found.
func HashID(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// IsFor reports whether the deletion is of this source ID.
func (d *Deletion) IsFor(id string) bool { return HashID(id) == d.SHA256 }

// Of reports whether the deletion concerns a tool.
func (d *Deletion) Of(tool manifest.ID) bool { return slices.Contains(d.Tools, tool) }

// Open reports whether a request is open.
func (d *Deletion) Open() bool {
	return slices.ContainsFunc(d.Requests, func(r Request) bool { return r.State.Open() })
}

// Pending reports whether somebody is still to be asked.
func (d *Deletion) Pending() bool {
	return slices.ContainsFunc(d.Requests, func(r Request) bool { return r.State == Pending })
}

// Done reports whether nothing is left that this program could do.
func (d *Deletion) Done() bool { return d.Erased && !d.Pending() }

// Due reports whether something could be done now by a process that can make those requests, and
// waits so for them.
func (d *Deletion) Due(now time.Time, wait func(Request) backoff.Backoff, can func(Request) bool) bool {
	return !d.Erased && !d.Backoff.Running(now) || slices.ContainsFunc(d.Requests, func(r Request) bool {
		return r.State == Pending && !wait(r).Running(now) && can(r)
	})
}

// Asked is how long the receivers that are still to be asked want to be left
// alone, the least of them, by a process that waits so for them.
func (d *Deletion) Asked(now time.Time, wait func(Request) backoff.Backoff) time.Duration {
	least := time.Duration(-1)
	for _, r := range d.Requests {
		if r.State != Pending {
			continue
		}
		left := time.Duration(0)
		if b := wait(r); b.ServerAsked(now) {
			left = b.Asked.Sub(now)
		}
		if least < 0 || left < least {
			least = left
		}
	}
	return max(least, 0)
}

// Refused reports whether a receiver refused a request of the deletion.
func (d *Deletion) Refused() bool { return slices.ContainsFunc(d.Requests, Request.Refused) }

// Untried reports whether a request of the deletion was never made, and can be.
func (d *Deletion) Untried() bool { return slices.ContainsFunc(d.Requests, Request.Untried) }

// TakeUp makes d go on with an older deletion of the same ID. A tool that has an
// open request keeps that one, unless only now is known whom to ask. One whose request was settled is asked anew if the
// ID was gone since and has come back, as from a backup, for more may have been
// collected under it. All is erased once more, where the ID is now.
func (d *Deletion) TakeUp(old Deletion) {
	old.Requests = slices.DeleteFunc(slices.Clone(old.Requests), func(o Request) bool {
		return o.isOpenUndeclared() && slices.ContainsFunc(d.Requests, func(r Request) bool {
			return !r.Undeclared && slices.Contains(r.Tools, o.Tools[0])
		})
	})
	unasked := func(tool manifest.ID) bool {
		return !slices.ContainsFunc(old.Requests, func(r Request) bool {
			return slices.Contains(r.Tools, tool) && (r.State.Open() || !old.Erased)
		})
	}
	requests := old.Requests
	for _, r := range d.Requests {
		if slices.ContainsFunc(r.Tools, unasked) {
			requests = append(requests, r)
		}
	}
	d.Requests = requests
	for _, tool := range old.Tools {
		if !d.Of(tool) {
			d.Tools = append(d.Tools, tool)
		}
	}
	if old.Open() {
		d.RequestedAt = old.RequestedAt
	}
}

// redact forgets the ID here too, once nothing needs it any more.
func (d *Deletion) redact() {
	for i := range d.Requests {
		if r := &d.Requests[i]; !r.State.Open() {
			r.Payload, r.Send, r.Key, r.Waits = nil, nil, "", backoff.Waits{}
		}
	}
	if d.SourceID == "" || !d.Erased || d.Open() {
		return
	}
	for i := range d.Requests { // a receiver may have named it in its answer
		r := &d.Requests[i]
		r.Answer = note.Hidden{d.SourceID}.Note(r.Answer)
	}
	d.SourceID = ""
}
