//go:build !linux && !darwin && !windows

package hostfacts

import (
	"github.com/shirou/gopsutil/v3/host"
	"github.com/shirou/gopsutil/v3/mem"
	"golang.org/x/sys/unix"
)

func (Host) distribution() (name, version string) {
	name, _, version, err := host.PlatformInformation()
	if err != nil {
		return "", ""
	}
	return name, version
}

// memory is the memory in bytes, 0 if it is not known.
func memory() uint64 {
	m, err := mem.VirtualMemory()
	if err != nil {
		return 0
	}
	return m.Total
}

// processors is 0 if it is not known.
func (Host) processors() int64 {
	n, err := unix.SysctlUint32("hw.ncpu")
	if err != nil {
		return 0
	}
	return int64(n)
}
