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
	"time"

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
const maxSize = 128

// Held reports whether a process is at work, as far as can be told. self is
// called only if that depends on a process being alive.
func (l Lease) Held(now time.Time, self func() Owner) bool {
	content, info, err := statefile.ReadOwn(l.path, maxSize)
	if err != nil {
		return false
	}
	age := now.Sub(info.ModTime()).Abs() // a clock that was set back makes it negative
	by, ok := ParseOwner(string(content))
	if !ok {
		return age < startup
	}
	return age < term && !self().KnowsDead(by.ID)
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

// Assign writes into a lease that was taken who has it.
func (l Lease) Assign(o Owner) error {
	return statefile.Replace(l.path, []byte(o.String()))
}

// Abandon takes back a lease that was just taken and has no owner.
func (l Lease) Abandon() { statefile.Remove(l.path) } // if it fails the lease runs out

// Release removes the lease if it is o's.
func (l Lease) Release(o Owner) {
	content, err := statefile.Read(l.path, maxSize)
	if by, ok := ParseOwner(string(content)); err == nil && ok && by == o {
		statefile.Remove(l.path) // if it fails the lease runs out
	}
}
