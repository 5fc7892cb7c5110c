//go:build unix

package hostfacts

import "golang.org/x/sys/unix"

// KernelVersion is what "uname -v" prints.
func (Host) KernelVersion() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return Unknown
	}
	return known(unix.ByteSliceToString(u.Version[:]), nil)
}
