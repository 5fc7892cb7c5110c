// Package outbox is the queue of a tool's events on disk, arranged as in Maildir: a file
// an event, written in tmp, renamed into new, and renamed into claimed by whoever delivers
// it. Renames are atomic on every file system that homes are on, NFS included, so nothing
// needs a lock, and any number of processes on any number of machines may work on one
// outbox.
//
//	tmp ──> new ──> claimed ──> (delivered: removed)
//	         ^         ├──────> rejected     by a server; kept for a while
//	         └─────────┘        discarded    ended otherwise, and not recorded yet
//
// [Outbox.Put] adds an event and takes a permit. A deliverer asks [Outbox.Prepare] what is
// queued, claims events one by one with [Outbox.Claim], and ends each claim in one way:
// [Claim.Done], [Claim.Release], [Claim.Reject], [Claim.Quarantine] or [Claim.Discard].
// What ends without being delivered is recorded as a [Loss].
package outbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
)

// Outbox is the queue of one tool. It is a path, and safe for concurrent use, by several
// processes too.
type Outbox struct {
	tool manifest.ID
	dir  string
}

// Open names the outbox of a tool below usagectl's state directory and
// touches nothing.
func Open(state string, tool manifest.ID) Outbox {
	return Outbox{tool, filepath.Join(Dir(state), tool.String())}
}

// delivererFile is how the names of the leases of deliverers begin.
const delivererFile = ".deliverer"

// DelivererLease is the lease of the process that works through the outboxes, below
// usagectl's state directory: everybody's, or with a name the one that some keep among them.
func DelivererLease(state string, name ...string) lease.Lease {
	return lease.At(filepath.Join(Dir(state), strings.Join(append([]string{delivererFile}, name...), "-")))
}

// DelivererLeases are all that there are.
func DelivererLeases(state string) []lease.Lease {
	entries, _ := statefile.ReadDir(Dir(state)) // what cannot be read is nobody's
	var list []lease.Lease
	for _, e := range entries {
		if e.Name() == delivererFile || strings.HasPrefix(e.Name(), delivererFile+"-") {
			list = append(list, lease.At(filepath.Join(Dir(state), e.Name())))
		}
	}
	return list
}

// Dir is the directory of all outboxes below usagectl's state directory.
func Dir(state string) string { return filepath.Join(state, "outbox") }

// Tools lists the tools that have an outbox below usagectl's state directory; none
// if that is not known.
func Tools(state string) ([]manifest.ID, error) {
	if state == "" {
		return nil, nil
	}
	entries, err := statefile.ReadDir(Dir(state))
	if err := statefile.IgnoreMissing(err); err != nil {
		return nil, err
	}
	var ids []manifest.ID
	for _, e := range entries {
		if id, err := manifest.ParseID(e.Name()); err == nil && e.IsDir() {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Tool is the tool whose events these are.
func (o Outbox) Tool() manifest.ID { return o.tool }

// Path is a path in the outbox: a part of it, and perhaps a file.
func (o Outbox) Path(parts ...string) string {
	return filepath.Join(append([]string{o.dir}, parts...)...)
}

// Put adds an event. It does not wait for the disk: what a power cut can lose is
// seconds of telemetry, and the caller's time is worth more.
func (o Outbox) Put(p consent.Permit, e Entry) error {
	if !p.Covers(o.tool, e.Event, e.Endpoint, e.Grant) {
		return fmt.Errorf("%w to queue %q of %s", consent.ErrNoConsent, e.Event, o.tool)
	}
	if err := o.owned(); err != nil {
		return err
	}
	data, err := e.MarshalJSON()
	if err != nil {
		return err
	}
	return o.keep(e.Name(), data)
}

// owned is nil if the directories in which events are queued are this user's alone.
func (o Outbox) owned() error {
	for _, dir := range []string{filepath.Dir(o.dir), o.dir, o.Path("new"), o.Path("claimed")} {
		if err := statefile.CheckDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// keep puts a file among those that are queued, whole or not at all.
func (o Outbox) keep(name string, data []byte) error { return o.keepBy(ageOf(name), name, data) }

// keepBy is keep by a name in "tmp" of the caller's.
func (o Outbox) keepBy(aside, name string, data []byte) error {
	tmp := o.Path("tmp", aside)
	err := writeNew(tmp, data)
	if errors.Is(err, os.ErrNotExist) {
		if err = o.Create(); err == nil {
			err = writeNew(tmp, data)
		}
	}
	if err != nil {
		return err
	}
	err = statefile.Rename(tmp, o.Path("new", name))
	if errors.Is(err, os.ErrNotExist) {
		if err = o.Create(); err == nil {
			err = statefile.Rename(tmp, o.Path("new", name))
		}
	}
	if err != nil {
		return errors.Join(err, statefile.IgnoreMissing(statefile.Remove(tmp)))
	}
	return nil
}

// Create makes the parts of the outbox. The one in which an event is written first
// is made last: whoever finds it may rely on the others.
func (o Outbox) Create() error {
	for _, sub := range []string{"new", "claimed", "rejected", discarded, "tmp"} {
		if err := statefile.MkdirAll(o.Path(sub), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// writeNew makes a file that was not there, whole or not at all.
func writeNew(path string, data []byte) error {
	f, err := statefile.OpenNew(path)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil { // NFS tells at Close that the disk is full
		return errors.Join(err, statefile.Remove(path))
	}
	return nil
}

// Names lists the files of a part of the outbox, such as "new", the oldest first, without
// bundles; none if there is no such part.
func (o Outbox) Names(part string) ([]string, error) {
	names, _, err := o.list(part)
	return names, err
}

func (o Outbox) has(part, name string) bool {
	_, err := os.Lstat(o.Path(part, name))
	return !errors.Is(err, os.ErrNotExist)
}

// backoffPath is where the tool's waits after failed deliveries are kept.
func (o Outbox) backoffPath() string { return o.Path(BackoffFile) }

// BackoffFile is the name of the file in an outbox that keeps its waits.
const BackoffFile = "backoff.json"

// Backoffs reads the tool's waits; the zero value if there are none that can be
// relied on, which the next one replaces.
func (o Outbox) Backoffs() backoff.Waits {
	w, err := backoff.Read(o.backoffPath())
	if err != nil {
		return backoff.Waits{}
	}
	return w
}

// SetBackoffs keeps waits.
func (o Outbox) SetBackoffs(w backoff.Waits) error {
	if w.IsZero() {
		return o.ClearBackoffs()
	}
	return w.Write(o.backoffPath())
}

// ClearBackoffs ends all waits.
func (o Outbox) ClearBackoffs() error {
	return statefile.IgnoreMissing(statefile.RemoveAll(o.backoffPath())) // whatever it is
}

// Queue is what is queued, by the names of the files.
type Queue struct {
	Names  []string // of events that can be delivered, the oldest first
	Behind []string // of bundles, and of events that have to wait until those are unpacked
	// OverBounds is how many events were dropped to keep the outbox within its bounds.
	OverBounds int
}

// Prepare takes back what dead deliverers have claimed, keeps the outbox within its
// bounds, unpacks bundles if few events are left, and lists what is queued. left is how many of
// the events this process has to leave to others.
func (o Outbox) Prepare(self lease.Owner, now time.Time, left int) (q Queue, err error) {
	if err := errors.Join(o.owned(), o.Reclaim(self, now)); err != nil {
		return q, err
	}
	q.OverBounds, _ = o.trim(now) // what cannot be tidied up is not in the way of what can be delivered
	q.Names, q.Behind, err = o.deliverable(self, now, left)
	if len(q.Names) > 0 {
		err = o.Create()
	}
	return q, err
}
