package sender

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Bounds of one tool's outbox. They are kept by deliverers, not by whoever adds
// an event, so a little more may lie there for a while.
const (
	MaxEvents   = 10_000
	MaxBytes    = 16 << 20
	MaxAge      = 30 * 24 * time.Hour
	maxRejected = 1000
)

// lease is how long a claim holds after which anybody may take it back. A
// deliverer claims just before it sends, and no attempt takes nearly as long.
const lease = 2 * time.Minute

// Outbox is the queue of one tool on disk, arranged as in Maildir: a file an
// event, written in tmp, renamed into new, renamed into claimed by whoever
// delivers it. Renames are atomic on every file system that homes live on, NFS
// included, so nothing needs a lock, and any number of processes on any number
// of hosts may work on one outbox.
type Outbox struct {
	tool manifest.ID
	dir  string
}

// OpenOutbox names the outbox of a tool below usagectl's state directory and
// touches nothing.
func OpenOutbox(state string, tool manifest.ID) Outbox {
	return Outbox{tool, filepath.Join(outboxDir(state), tool.String())}
}

func outboxDir(state string) string { return filepath.Join(state, "outbox") }

// Tools lists the tools that have an outbox below usagectl's state directory; none
// if that is not known.
func Tools(state string) ([]manifest.ID, error) {
	if state == "" {
		return nil, nil
	}
	entries, err := statefile.ReadDir(outboxDir(state))
	if err := ifThere(err); err != nil {
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

func (o Outbox) path(parts ...string) string {
	return filepath.Join(append([]string{o.dir}, parts...)...)
}

// Put adds an event. It does not wait for the disk: what a power cut can lose is
// seconds of telemetry, and the caller's time is worth more.
func (o Outbox) Put(p consent.Permit, e Entry) error {
	if !p.Covers(o.tool, e.Event, e.Endpoint, e.Grant) {
		return fmt.Errorf("%w to queue %q of %s", consent.ErrNoConsent, e.Event, o.tool)
	}
	data, err := e.MarshalJSON()
	if err != nil {
		return err
	}
	return o.keep(e.name(), data)
}

// keep puts a file among those that wait, whole or not at all.
func (o Outbox) keep(name string, data []byte) error {
	tmp := o.path("tmp", name)
	err := writeNew(tmp, data)
	if errors.Is(err, os.ErrNotExist) {
		if err = o.create(); err == nil {
			err = writeNew(tmp, data)
		}
	}
	if err != nil {
		return err
	}
	err = statefile.Rename(tmp, o.path("new", name))
	if errors.Is(err, os.ErrNotExist) {
		if err = o.create(); err == nil {
			err = statefile.Rename(tmp, o.path("new", name))
		}
	}
	if err != nil {
		return errors.Join(err, ifThere(statefile.Remove(tmp)))
	}
	return nil
}

// create makes the parts of the outbox. The one in which an event is written first
// is made last: whoever finds it may rely on the others.
func (o Outbox) create() error {
	for _, sub := range []string{"new", "claimed", "rejected", discarded, "tmp"} {
		if err := os.MkdirAll(o.path(sub), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// writeNew makes a file that was not there, whole or not at all.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil { // NFS tells at Close that the disk is full
		return errors.Join(err, statefile.Remove(path))
	}
	return nil
}

// names lists the files of a part of the outbox, the oldest first; none if there
// is no such part.
func (o Outbox) names(part string) ([]string, error) {
	entries, err := statefile.ReadDir(o.path(part))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil // sorted
}

// claim takes an event for delivery. [os.ErrNotExist] means that somebody else
// was quicker.
func (o Outbox) claim(name string, by owner, now time.Time) (claim, error) {
	c := claim{o, name, name + "~" + by.lease(now.Add(lease))}
	err := statefile.Rename(o.path("new", name), c.path())
	if errors.Is(err, os.ErrNotExist) && o.has("new", name) { // the event is there, so the part for claims is not
		if err = o.create(); err == nil {
			err = statefile.Rename(o.path("new", name), c.path())
		}
	}
	return c, err
}

// claim is an event that is being delivered.
type claim struct {
	outbox Outbox
	name   string // in new
	file   string // in claimed
}

func (c claim) path() string { return c.outbox.path("claimed", c.file) }

func (c claim) read() (Entry, []byte, error) {
	data, err := statefile.Read(c.path(), maxEntry)
	if err != nil {
		return Entry{}, nil, err
	}
	e, err := c.outbox.parse(c.name, data)
	return e, data, err
}

// done removes the event: it was delivered. So is what a crash left of it when it was
// moved aside, or put back from there.
func (c claim) done() error {
	return errors.Join(ifThere(statefile.Remove(c.path())), ifThere(statefile.Remove(c.outbox.path("rejected", c.name))))
}

// release puts the event back.
func (c claim) release() error {
	return ifThere(statefile.Rename(c.path(), c.outbox.path("new", c.name)))
}

// ifThere takes it that an event is gone because the outbox was emptied.
func ifThere(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// Rejected is an event that was moved aside, with the reason.
type Rejected struct {
	At     time.Time       `json:"at"`
	Answer string          `json:"answer"` // of the server, or what else was wrong
	Entry  json.RawMessage `json:"entry,omitempty"`
	Raw    string          `json:"raw,omitempty"` // what lay there, if it was no entry
}

// spoil moves aside, as it is, what is no file at all.
func (c claim) spoil() error {
	return ifThere(statefile.Rename(c.path(), c.outbox.path("rejected", c.name)))
}

// setAside moves aside, as it is, what waits under a name that is no event's, and
// reports whether it could; otherwise it is discarded.
func (o Outbox) setAside(name string, now time.Time) (bool, error) {
	err := statefile.Rename(o.path("new", name), o.path("rejected", name))
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return err == nil, err
	}
	_, err = o.discard("new", []string{name}, lostRejected, now)
	return false, err
}

// reject moves the event aside. Written before the claim is removed, so that
// dying in between loses nothing.
func (c claim) reject(data []byte, answer string, now time.Time) error {
	if _, err := os.Lstat(c.path()); errors.Is(err, os.ErrNotExist) {
		return nil // the outbox was emptied, and this must not fill it again
	}
	r := Rejected{At: now.UTC(), Answer: answer}
	if json.Valid(data) {
		r.Entry = data
	} else {
		r.Raw = string(data)
	}
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := statefile.Write(c.outbox.path("rejected", c.name), body, 0o600, 0o700); !statefile.Done(err) {
		return err
	}
	return ifThere(statefile.Remove(c.path()))
}

// discard ends the event without delivering it.
func (c claim) discard(why loss, now time.Time) error {
	_, err := c.outbox.discard("claimed", []string{c.file}, why, now)
	return err
}

// reclaim takes back the claims of deliverers that are dead or out of time.
func (o Outbox) reclaim(self owner, now time.Time) error {
	files, err := o.names("claimed")
	errs := []error{err}
	for _, file := range files {
		name, by, ok := strings.Cut(file, "~")
		if name == "" { // no event's; it is moved aside by whoever finds it among them
			name, ok = file, false
		}
		if ok && self.respects(by, now) {
			continue
		}
		err := statefile.Rename(o.path("claimed", file), o.path("new", name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// trim keeps the outbox within its bounds: the oldest go, and are counted.
func (o Outbox) trim(now time.Time) error {
	names, err := o.names("new")
	if err != nil {
		return err
	}
	drop := map[string]bool{}
	for _, name := range names {
		drop[name] = expired(name, now)
	}
	size := int64(0)
	kept := 0
	for _, name := range slices.Backward(names) { // the newest first
		if drop[name] {
			continue
		}
		info, err := os.Lstat(o.path("new", name))
		if err != nil {
			continue
		}
		kept++
		size += info.Size()
		drop[name] = kept > MaxEvents || size > MaxBytes
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !drop[name] })
	_, err = o.discard("new", names, lostBounds, now)
	return errors.Join(err, o.sweepRejected(now), o.sweepTmp(now), o.recordDiscarded(now))
}

// firstYear is the first year that a clock can tell: one that shows an earlier
// time was never set, and says nothing about an event's age.
const firstYear = 2024

func expired(name string, now time.Time) bool {
	taken, ok := takenAt(name)
	return ok && taken.Year() >= firstYear && now.Sub(taken) > MaxAge
}

func (o Outbox) sweepRejected(now time.Time) error {
	names, err := o.names("rejected")
	tooMany := names[:max(0, len(names)-maxRejected)]
	old := slices.DeleteFunc(slices.Clone(names[len(tooMany):]), func(name string) bool { return !expired(name, now) })
	_, discardErr := o.discard("rejected", append(slices.Clone(tooMany), old...), lostRejected, now)
	return errors.Join(err, discardErr)
}

// sweepTmp removes what killed processes left half-written.
func (o Outbox) sweepTmp(now time.Time) error {
	names, err := o.names("tmp")
	errs := []error{err, statefile.Sweep(o.dir), statefile.Sweep(o.path("rejected"))}
	for _, name := range names {
		info, err := os.Lstat(o.path("tmp", name))
		if err == nil && now.Sub(info.ModTime()) > time.Hour {
			errs = append(errs, statefile.RemoveAll(o.path("tmp", name)))
		}
	}
	return errors.Join(errs...)
}

// Count is how many events are in an outbox, and how many others have ended there.
type Count struct {
	Queued   int
	Rejected int // by a server; they are kept for a while
	Dropped  int // ended without being delivered or rejected
}

// Count counts. An error means that there may be more.
func (o Outbox) Count() (Count, error) {
	waiting, err := o.names("new")
	claimed, claimedErr := o.names("claimed")
	rejected, rejectedErr := o.names("rejected")
	lost, lostErr := o.losses()
	queued := map[string]bool{} // an event that is claimed meanwhile is in both lists
	for _, name := range append(waiting, claimed...) {
		event, _, _ := strings.Cut(name, "~")
		queued[event] = true
	}
	rejected = slices.DeleteFunc(rejected, func(name string) bool { return queued[name] }) // on its way between the two
	return Count{len(queued), len(rejected), lost.count()}, errors.Join(err, claimedErr, rejectedErr, lostErr)
}

// Waiting reads the entries that wait, the oldest first, without claiming them.
// What is no entry is passed over.
func (o Outbox) Waiting() ([]Entry, error) {
	var list []Entry
	for _, part := range []string{"claimed", "new"} {
		names, err := o.names(part)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, err := statefile.Read(o.path(part, name), maxEntry)
			if err != nil {
				continue
			}
			name, _, _ = strings.Cut(name, "~")
			if e, err := o.parse(name, data); err == nil {
				list = append(list, e)
			}
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].name() < list[j].name() })
	return list, nil
}

// Requeue puts the events that servers rejected back among those that wait, and
// returns how many. What is no event any more stays where it is. A crash in between
// can leave an event in both places; its ID is the same in both.
func (o Outbox) Requeue() (int, error) {
	names, err := o.names("rejected")
	errs := []error{err}
	n := 0
	for _, name := range names {
		data, err := statefile.Read(o.path("rejected", name), 2*maxEntry)
		var r Rejected
		if err != nil || json.Unmarshal(data, &r) != nil {
			continue
		}
		e, err := parseEntry(r.Entry)
		if err != nil || e.Tool != o.tool || e.name() != name {
			continue
		}
		if err = o.keep(name, r.Entry); err == nil {
			n++
			err = ifThere(statefile.Remove(o.path("rejected", name)))
		}
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}

// answerTo is what was said when an event was moved aside; false if it was not.
func (o Outbox) answerTo(e Entry) (string, bool) {
	data, err := statefile.Read(o.path("rejected", e.name()), 2*maxEntry)
	if err != nil {
		return "", false
	}
	var r Rejected
	if err := json.Unmarshal(data, &r); err != nil {
		return "", false
	}
	return r.Answer, true
}
