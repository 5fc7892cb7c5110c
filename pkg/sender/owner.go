package sender

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/process"
)

// owner is a process that holds a claim or the baton.
type owner struct{ process.ID }

// newOwner is a process of this machine.
func newOwner(pid int) owner { return owner{process.New(pid)} }

// thisProcess is the one that runs.
func thisProcess() owner { return owner{process.Self()} }

func parseOwner(s string) (owner, bool) {
	id, ok := process.Parse(s)
	return owner{id}, ok
}

// lease is how a claim names its owner and its end: "<unix seconds>.<pid>.<domain>".
func (o owner) lease(until time.Time) string {
	return fmt.Sprintf("%d.%s", until.Unix(), o)
}

// respects tells whether a claim, as [owner.lease] spells it, still holds. One
// that ends further ahead than any lease does was written under another clock.
func (o owner) respects(claim string, now time.Time) bool {
	seconds, rest, _ := strings.Cut(claim, ".")
	until, err := strconv.ParseInt(seconds, 10, 64)
	by, ok := parseOwner(rest)
	if err != nil || !ok {
		return false
	}
	left := time.Unix(until, 0).Sub(now)
	return left > 0 && left <= 2*lease && !o.knowsDead(by)
}

// knowsDead reports whether other is surely dead.
func (o owner) knowsDead(other owner) bool { return o.KnowsDead(other.ID) }
