package sender

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// owner is a process that holds a claim or the baton. Its domain names the
// kernel and the process namespace in which its process ID means something, so
// that hosts and containers that share a home do not take each other for dead.
type owner struct {
	pid    int
	domain string
}

// newOwner is a process of this machine.
func newOwner(pid int) owner { return owner{pid, processDomain()} }

// thisProcess is the one that runs.
func thisProcess() owner { return newOwner(os.Getpid()) }

func (o owner) String() string { return fmt.Sprintf("%d.%s", o.pid, o.domain) }

func parseOwner(s string) (owner, bool) {
	pid, domain, ok := strings.Cut(strings.TrimSpace(s), ".")
	n, err := strconv.Atoi(pid)
	return owner{n, domain}, ok && err == nil && n > 0
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

// knowsDead tells whether other is surely dead: a process of this domain that is
// no more. A process ID that was given out again only makes the wait longer.
func (o owner) knowsDead(other owner) bool {
	return other.domain == o.domain && !processAlive(other.pid)
}

// domainOf shortens what identifies a domain to something that fits a file name.
func domainOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:6])
}

func hostDomain() string {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	return domainOf(name)
}
