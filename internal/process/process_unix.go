//go:build unix

package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// thisDomain is made of the kernel's boot and the PID namespace on Linux, of
// the host name elsewhere.
func thisDomain() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return hostDomain()
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return hostDomain()
	}
	return domainOf(string(boot), namespace)
}

// Alive reports whether a process runs. On Linux one that has ended and that
// nobody collects, as in most containers, is known by its state.
func Alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	// proc_pid_stat(5): "pid (name) state …", where the name can hold anything.
	_, state, _ := bytes.Cut(stat[max(0, bytes.LastIndexByte(stat, ')')):], []byte(" "))
	return !bytes.HasPrefix(state, []byte("Z")) && !bytes.HasPrefix(state, []byte("X"))
}
