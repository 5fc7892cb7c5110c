// Package process names processes in files, so that other processes, on this
// machine or on another one that shares the file system, can tell whether the
// process that made something is alive, dead, or out of their sight.
package process

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ID names a process: by its number, by the kernel and the process namespace in which
// that number means something, and by when it started, because numbers are given out
// again, those of namespaces too. IDs can be compared.
type ID struct {
	pid    int
	domain string // "KERNEL-NAMESPACE", or whatever another version of this program wrote
	start  string // "" if it is not known
}

// New names a process that this one can see by its number.
func New(pid int) ID {
	start, _ := look(pid)
	return ID{pid, thisDomain(), start}
}

// Self names the process that runs.
func Self() ID { return New(os.Getpid()) }

// String spells the ID as "PID.KERNEL-NAMESPACE-START", which fits into a file name. The
// last part is missing if it is not known.
func (p ID) String() string {
	if p.start == "" {
		return fmt.Sprintf("%d.%s", p.pid, p.domain)
	}
	return fmt.Sprintf("%d.%s-%s", p.pid, p.domain, p.start)
}

// maxDomain is the length of the longest domain that is read, with the start behind it.
const maxDomain = 64

// Parse reads what [ID.String] spells, with white space around it. Of a process that
// another version of this program has named nothing is known but that.
func Parse(s string) (ID, bool) {
	number, domain, ok := strings.Cut(strings.TrimSpace(s), ".")
	pid, err := strconv.ParseUint(number, 10, 31) // more is no process's, and a group's for kill(2)
	if !ok || err != nil || pid == 0 || !validDomain(domain) {
		return ID{}, false
	}
	start := ""
	if parts := strings.Split(domain, "-"); len(parts) == 3 {
		domain, start = parts[0]+"-"+parts[1], parts[2]
	}
	return ID{int(pid), domain, start}, true
}

func validDomain(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return s != "" && len(s) <= maxDomain
}

// Life is what one process knows of another.
type Life int

// What can be known.
const (
	Unknown Life = iota // it is on another machine or in another container, or the system does not tell
	Alive
	Dead
)

// Life is what p, which is [Self], knows of another process by looking at its number alone.
func (p ID) Life(other ID) Life {
	if !p.shares(other) {
		return Unknown
	}
	start, gone := look(other.pid)
	switch {
	case gone:
		return Dead
	case start == "" || other.start == "":
		return Unknown // the number may have been given out again
	case start != other.start:
		return Dead
	}
	return Alive
}

// shares reports whether the numbers of both processes mean the same.
func (p ID) shares(other ID) bool { return p.domain == other.domain && p.domain != nowhere }

// KnowsDead reports whether another process is surely dead for p, which is [Self].
func (p ID) KnowsDead(other ID) bool { return p.Life(other) == Dead }

// InOtherContainer reports whether another process runs on the same machine, in another
// process namespace.
func (p ID) InOtherContainer(other ID) bool {
	kernel, _, _ := strings.Cut(p.domain, "-")
	theirs, _, ok := strings.Cut(other.domain, "-")
	return ok && kernel == theirs && p.domain != other.domain
}

// Domain names the kernel and the process namespace in which p runs.
func (p ID) Domain() string { return p.domain }

// nowhere is the domain of processes for which the system does not tell which kernel and
// which namespace they are in: on Linux where /proc is missing or restricted. Nobody
// knows anything of them, not even they of each other.
const nowhere = "nowhere-0"

// hashOf shortens what identifies something to what fits a file name.
func hashOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:6])
}
