//go:build unix

package hostfacts

import (
	"github.com/shirou/gopsutil/v3/host"
	"golang.org/x/sys/unix"
)

// KernelRelease is what "uname -r" prints.
func (Host) KernelRelease() string {
	release, err := host.KernelVersion()
	return known(release, err)
}

// KernelVersion is what "uname -v" prints.
func (Host) KernelVersion() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return Unknown
	}
	return known(unix.ByteSliceToString(u.Version[:]), nil)
}
