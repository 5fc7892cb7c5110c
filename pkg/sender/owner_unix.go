//go:build unix

package sender

import (
	"errors"
	"os"
	"syscall"
)

// processDomain is made of the kernel's boot and the PID namespace on Linux, of
// the host name elsewhere.
func processDomain() string {
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

func processAlive(pid int) bool {
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
