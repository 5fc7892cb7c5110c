// Package lease tells processes apart in files, and says which one has undertaken what.
//
// An [Owner] is a process: of this machine, of which it can be found out whether it is
// alive, or of another one that shares the home. A [Lease] is a file that says that a
// process is at work at something. It is a courtesy and not a lock: it keeps a burst of
// events from starting hundreds of deliverers, and two deletion requests from being sent
// at once. Whoever relies on it must be harmless beside another one who does.
//
// Nobody has to be alive to give a lease back. Whoever starts a process for the work
// takes the lease, which is an empty file, starts the process and assigns it the lease;
// the process releases it when it ends, and then looks once more for work, for whoever
// saw the lease in that moment relied on it.
package lease

import (
	"errors"
	"os"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/process"
	"github.com/usagectl/usagectl/internal/statefile"
)

// Lease is a file that says that a process is at work. It is a path, and safe for
// concurrent use.
type Lease struct{ path string }

// At names the lease in a file and touches nothing.
func At(path string) Lease { return Lease{path} }

// Path is the lease's file.
func (l Lease) Path() string { return l.path }

// How long a lease counts: one with an owner for longer than a deliverer
// lives, an empty one for as long as starting a deliverer can take.
const (
	term    = 75 * time.Second
	startup = 5 * time.Second
)

// maxSize is the size, in bytes, of the largest lease that is read.
const maxSize = 4 << 10

// Holder is what a lease says of the process that has it.
type Holder struct {
	Note      []string      // what it says about its work, in words without spaces
	Age       time.Duration // since that was said
	Elsewhere Elsewhere

	by      Owner
	content string
}

// Elsewhere is whether, and why not, anybody here can tell that a holder is alive.
type Elsewhere int

// Where a holder can be.
const (
	InSight        Elsewhere = iota // it is known to be alive, or it has no name yet
	OtherContainer                  // it is on this machine, in a container or another process namespace
	OutOfSight                      // it is on another machine, or the system does not tell
)

// Named reports whether it is known which process it is.
func (h Holder) Named() bool { return h.by != Owner{} }

// Holder is the process that is at work, as far as can be told; false if none is. self is
// called only if that depends on a process being alive.
func (l Lease) Holder(now time.Time, self func() Owner) (Holder, bool) {
	content, info, err := statefile.ReadOwn(l.path, maxSize)
	if err != nil {
		return Holder{}, false
	}
	h := Holder{Age: now.Sub(info.ModTime()).Abs(), content: string(content)} // a clock that was set back makes it negative
	words := strings.Fields(h.content)
	if len(words) == 0 {
		return h, h.Age < startup
	}
	by, ok := ParseOwner(words[0])
	if !ok {
		return h, h.Age < startup
	}
	h.by, h.Note = by, words[1:]
	me := self()
	life := me.Life(by.ID)
	if life == process.Unknown {
		h.Elsewhere = OutOfSight
		if me.InOtherContainer(by.ID) {
			h.Elsewhere = OtherContainer
		}
	}
	return h, h.Age < term && life != process.Dead
}

// Held reports whether a process is at work, as far as can be told.
func (l Lease) Held(now time.Time, self func() Owner) bool {
	_, held := l.Holder(now, self)
	return held
}

// Take makes the lease, with no owner yet. The error is [os.ErrExist] if somebody else has it. One
// that no longer counts is moved out of the way first.
func (l Lease) Take(now time.Time, self func() Owner) error {
	f, err := statefile.OpenNew(l.path)
	if errors.Is(err, os.ErrExist) && !l.Held(now, self) {
		statefile.RemoveAll(l.path) // whatever it is; if somebody else does it too, one of us makes the next
		f, err = statefile.OpenNew(l.path)
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// TakeOver takes the lease from a holder that is at work, which goes on without it. The
// error is [os.ErrExist] if it is not that holder's any more.
func (l Lease) TakeOver(from Holder) error {
	if content, err := statefile.Read(l.path, maxSize); err != nil || string(content) != from.content {
		return os.ErrExist
	}
	statefile.RemoveAll(l.path)
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Assign writes into a lease that was taken who has it, and what that says about its
// work, in words without spaces. What does not fit is left out.
func (l Lease) Assign(o Owner, note ...string) error {
	return statefile.Replace(l.path, []byte(contentOf(o, note)))
}

func contentOf(o Owner, note []string) string {
	text := o.String()
	for _, word := range note {
		if len(text)+1+len(word) <= maxSize {
			text += " " + word
		}
	}
	return text
}

// Update writes what the owner of a lease says now, if it has it and has said something
// else. note gets what it has said, and is not called if somebody else has it.
func (l Lease) Update(o Owner, note func(said []string) []string) error {
	content, err := statefile.Read(l.path, maxSize)
	if err != nil {
		return statefile.IgnoreMissing(err)
	}
	by, said, _ := strings.Cut(string(content), " ")
	if by != o.String() {
		return nil
	}
	now := note(strings.Fields(said))
	if string(content) == contentOf(o, now) {
		return nil
	}
	return l.Assign(o, now...)
}

// Sweep removes the lease if nobody has it any more.
func (l Lease) Sweep(now time.Time, self func() Owner) {
	if !l.Held(now, self) {
		statefile.RemoveAll(l.path) // whatever it is; if it fails the next one tries again
	}
}

// Abandon takes back a lease that was just taken and has no owner.
func (l Lease) Abandon() { statefile.Remove(l.path) } // if it fails the lease runs out

// Release removes the lease if it is o's.
func (l Lease) Release(o Owner) {
	content, err := statefile.Read(l.path, maxSize)
	if by, _, _ := strings.Cut(string(content), " "); err == nil && by == o.String() {
		statefile.Remove(l.path) // if it fails the lease runs out
	}
}
