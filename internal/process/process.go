// Package process names processes in files, so that other processes, on this
// machine or on another one that shares the file system, can tell whether the
// process that made something is surely dead.
package process

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ID names a process. Its domain names the kernel and the process namespace in
// which its number means something, so that hosts and containers that share a
// home do not take each other's processes for dead. IDs can be compared.
type ID struct {
	pid    int
	domain string
}

// New names a process of this machine by its number.
func New(pid int) ID { return ID{pid, thisDomain()} }

// Self names the process that runs.
func Self() ID { return New(os.Getpid()) }

// String spells the ID as "PID.DOMAIN", which fits into a file name.
func (p ID) String() string { return fmt.Sprintf("%d.%s", p.pid, p.domain) }

// maxDomain is the length of the longest domain that is read.
const maxDomain = 64

// Parse reads what [ID.String] spells, with white space around it.
func Parse(s string) (ID, bool) {
	number, domain, ok := strings.Cut(strings.TrimSpace(s), ".")
	pid, err := strconv.ParseUint(number, 10, 31) // more is no process's, and a group's for kill(2)
	if !ok || err != nil || pid == 0 || !validDomain(domain) {
		return ID{}, false
	}
	return ID{int(pid), domain}, true
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

// Sees reports whether p could tell that other is dead: they are of one domain.
func (p ID) Sees(other ID) bool { return other.domain == p.domain }

// KnowsDead reports whether other is surely dead: a process of p's domain that is
// no more. A number that was given out again only makes the wait longer.
func (p ID) KnowsDead(other ID) bool {
	return p.Sees(other) && !Alive(other.pid)
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
