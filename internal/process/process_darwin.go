package process

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// thisDomain is made of the kernel's boot.
func thisDomain() string {
	boot, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		boot, _ = os.Hostname()
	}
	return hashOf(boot) + "-0"
}

// look finds out when a process has started, "" if the system does not tell, and whether
// it is surely gone.
func look(pid int) (start string, gone bool) {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return "", true
	}
	p, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return "", false
	}
	const zombie = 5 // SZOMB, sys/proc.h
	at := p.Proc.P_starttime
	return fmt.Sprintf("%x", at.Nano()), p.Proc.P_stat == zombie
}
