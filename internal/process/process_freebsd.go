package process

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// thisDomain is made of the machine's name and its ID. A jail has a name of its own, and
// may have an ID.
func thisDomain() string {
	name, _ := os.Hostname()
	id, _ := unix.Sysctl("kern.hostuuid")
	return hashOf(name, id) + "-0"
}

// The members of struct kinfo_proc (sys/user.h) where a pointer has 64 bits, by their offsets.
const (
	kinfoSize  = 1088
	kinfoPID   = 72
	kinfoStart = 336 // a timeval
	kinfoEnd   = kinfoStart + 16
)

// look finds out when a process has started, "" if the system does not tell, and whether
// it is surely gone.
func look(pid int) (start string, gone bool) {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return "", true
	}
	p, err := unix.SysctlRaw("kern.proc.pid", pid)
	if err != nil || len(p) < kinfoEnd || binary.NativeEndian.Uint32(p) != kinfoSize || int(binary.NativeEndian.Uint32(p[kinfoPID:])) != pid {
		return "", false
	}
	return fmt.Sprintf("%x", p[kinfoStart:kinfoEnd]), false
}
