package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
)

// claimTerm is how long a claim holds after which anybody may take it back. A
// deliverer claims just before it sends, and no attempt takes nearly as long.
const claimTerm = 2 * time.Minute

// claimOf is how a claim names its owner and its end: "<unix seconds>.<pid>.<domain>".
func claimOf(by lease.Owner, until time.Time) string {
	return fmt.Sprintf("%d.%s", until.Unix(), by)
}

// respected reports whether a claim, as [claimOf] spells it, still holds for self. One
// that ends further ahead than any claim does was written under another clock.
func respected(claim string, self lease.Owner, now time.Time) bool {
	seconds, rest, _ := strings.Cut(claim, ".")
	until, err := strconv.ParseInt(seconds, 10, 64)
	by, ok := lease.ParseOwner(rest)
	if err != nil || !ok {
		return false
	}
	left := time.Unix(until, 0).Sub(now)
	return left > 0 && left <= 2*claimTerm && !self.KnowsDead(by.ID)
}

// Claim takes an event for delivery. [os.ErrNotExist] means that somebody else
// was quicker.
func (o Outbox) Claim(name string, by lease.Owner, now time.Time) (Claim, error) {
	c := Claim{o, name, name + "~" + claimOf(by, now.Add(claimTerm))}
	err := statefile.Rename(o.Path("new", name), c.path())
	if errors.Is(err, os.ErrNotExist) && o.has("new", name) { // the event is there, so the part for claims is not
		if err = o.Create(); err == nil {
			err = statefile.Rename(o.Path("new", name), c.path())
		}
	}
	return c, err
}

// Claim is an event that this process delivers, until its term ends. Its owner ends it in
// one of five ways.
type Claim struct {
	outbox Outbox
	Name   string // of the file in "new"
	file   string // in claimed
}

func (c Claim) path() string { return c.outbox.Path("claimed", c.file) }

// Read reads the event. The errors are those of the file system and of what is no entry;
// the data are there in the second case too.
func (c Claim) Read() (Entry, []byte, error) {
	data, err := statefile.Read(c.path(), maxEntry)
	if err != nil {
		return Entry{}, nil, err
	}
	e, err := c.outbox.parse(c.Name, data)
	return e, data, err
}

// Done removes the event: it was delivered. So is what a crash left of it when it was
// moved aside, or put back from there.
func (c Claim) Done() error {
	return errors.Join(statefile.IgnoreMissing(statefile.Remove(c.path())), statefile.IgnoreMissing(statefile.Remove(c.outbox.Path("rejected", c.Name))))
}

// Release puts the event back.
func (c Claim) Release() error { return c.outbox.putBack(c.file, c.Name) }

// putBack makes a claimed file a queued one again. The part for those is not there for a
// moment when it is thrown away as a whole.
func (o Outbox) putBack(file, name string) error {
	from, to := o.Path("claimed", file), o.Path("new", name)
	err := statefile.Rename(from, to)
	if errors.Is(err, os.ErrNotExist) && o.has("claimed", file) {
		if err = o.Create(); err == nil {
			err = statefile.Rename(from, to)
		}
	}
	return statefile.IgnoreMissing(err)
}

// Reject moves the event aside. Written before the claim is removed, so that
// dying in between loses nothing.
func (c Claim) Reject(data []byte, answer string, now time.Time) error {
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
	if err := statefile.Write(c.outbox.Path("rejected", c.Name), body, 0o600, 0o700); !statefile.Done(err) {
		return err
	}
	return statefile.IgnoreMissing(statefile.Remove(c.path()))
}

// Quarantine moves aside, as it is, what is no file at all.
func (c Claim) Quarantine() error {
	return statefile.IgnoreMissing(statefile.Rename(c.path(), c.outbox.Path("rejected", c.Name)))
}

// Discard ends the event without delivering it.
func (c Claim) Discard(why Loss, now time.Time) error {
	_, err := c.outbox.discard("claimed", []string{c.file}, why, now)
	return err
}

// Reclaim takes back the claims of deliverers that are dead or out of time.
func (o Outbox) Reclaim(self lease.Owner, now time.Time) error {
	files, bundles, err := o.list("claimed")
	errs := []error{err}
	for _, file := range append(files, bundles...) {
		name, by, ok := strings.Cut(file, "~")
		if name == "" { // no event's; it is moved aside by whoever finds it among them
			name, ok = file, false
		}
		if ok && respected(by, self, now) {
			continue
		}
		errs = append(errs, o.putBack(file, name))
	}
	return errors.Join(errs...)
}

// Live lists the claims of processes that may be delivering, or unpacking.
func (o Outbox) Live(self lease.Owner, now time.Time) ([]string, error) {
	files, bundles, err := o.list("claimed")
	files = append(files, bundles...)
	return slices.DeleteFunc(files, func(file string) bool { return !isDelivering(file, self, now) }), err
}

// isDelivering reports whether the process that claimed an event may be delivering it.
func isDelivering(file string, self lease.Owner, now time.Time) bool {
	_, by, ok := strings.Cut(file, "~")
	return ok && respected(by, self, now)
}

// IsClaimed reports whether somebody is delivering an event.
func (o Outbox) IsClaimed(name string) bool {
	files, err := o.Names("claimed")
	return err != nil || slices.ContainsFunc(files, func(file string) bool { return strings.HasPrefix(file, name+"~") })
}

// Waits reports whether there is an event to claim or a bundle to unpack, besides those that are
// held, or a claim to take back. held is sorted.
func (o Outbox) Waits(self lease.Owner, held []string, now time.Time) bool {
	names, bundles, err := o.list("new")
	if err != nil {
		return false
	}
	for _, name := range append(bundles, names...) {
		if _, known := slices.BinarySearch(held, name); !known {
			return true
		}
	}
	files, bundles, err := o.list("claimed")
	return err == nil && slices.ContainsFunc(append(files, bundles...), func(file string) bool {
		_, by, _ := strings.Cut(file, "~")
		return !respected(by, self, now)
	})
}

// eventOf is the event's file name in the name of a file in "claimed" or "discarded", in
// which the owner or the reason follows it.
func eventOf(file string) string {
	event, _, _ := strings.Cut(file, "~")
	return event
}
