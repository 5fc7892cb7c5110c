//go:build !linux && !darwin && !freebsd && !windows

package process

import (
	"errors"
	"os"
	"syscall"
)

// thisDomain is made of the machine's name.
func thisDomain() string {
	name, _ := os.Hostname()
	return hashOf(name) + "-0"
}

// Kernel names the kernel that runs.
func Kernel() string { return thisDomain() }

// Network names the network that this process has. Here all of a machine have the same.
func Network() string { return "" }

// look finds out whether a process is surely gone. When it has started is not known.
func look(pid int) (start string, gone bool) {
	return "", errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
