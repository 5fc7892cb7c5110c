package sender

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
)

// baton is a file that says that a deliverer is at work, so that a burst of
// events starts one and not hundreds. It is a courtesy, not a lock: two
// deliverers at once harm nothing, for events are claimed one by one. Whoever works at
// a [Deletion] has one too.
//
// Nobody has to be alive to give it back. A sender makes the file empty, starts
// the deliverer and writes its process ID into it; the deliverer removes it when
// it ends, and then looks into the outboxes once more, for whoever queued an
// event and saw the baton in that moment relied on it.
type baton struct{ path string }

// How long a baton counts: one with a name in it for longer than a deliverer
// lives, an empty one for as long as starting a deliverer can take.
const (
	batonLease   = 75 * time.Second
	batonStartup = 5 * time.Second
)

// maxBaton is the size, in bytes, of the largest baton that is read.
const maxBaton = 128

func batonOf(state string) baton { return baton{filepath.Join(outboxDir(state), ".deliverer")} }

// held tells whether a deliverer is at work, as far as can be told. self is
// called only if that depends on a process being alive.
func (b baton) held(now time.Time, self func() owner) bool {
	content, info, err := statefile.ReadOwn(b.path, maxBaton)
	if err != nil {
		return false
	}
	age := now.Sub(info.ModTime()).Abs() // a clock that was set back makes it negative
	by, ok := parseOwner(string(content))
	if !ok {
		return age < batonStartup
	}
	return age < batonLease && !self().knowsDead(by)
}

// take makes the baton. The error is [os.ErrExist] if somebody else has it. One
// that no longer counts is moved out of the way first.
func (b baton) take(now time.Time, self func() owner) error {
	f, err := os.OpenFile(b.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) && !b.held(now, self) {
		statefile.RemoveAll(b.path) // whatever it is; if somebody else does it too, one of us makes the next
		f, err = os.OpenFile(b.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// name writes into the baton who holds it.
func (b baton) name(o owner) error {
	return statefile.Replace(b.path, []byte(o.String()))
}

// abandon takes back a baton that was just made.
func (b baton) abandon() { statefile.Remove(b.path) } // if it fails the baton runs out

// drop removes the baton if it is o's.
func (b baton) drop(o owner) {
	content, err := statefile.Read(b.path, maxBaton)
	if by, ok := parseOwner(string(content)); err == nil && ok && by == o {
		statefile.Remove(b.path) // if it fails the baton runs out
	}
}
