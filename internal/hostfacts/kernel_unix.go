//go:build unix

package hostfacts

import "golang.org/x/sys/unix"

// KernelRelease is what "uname -r" prints. It is not left to gopsutil, whose package
// for it compiles regular expressions whenever a program starts.
func (Host) KernelRelease() string {
	return uname(func(u *unix.Utsname) []byte { return u.Release[:] })
}

// KernelVersion is what "uname -v" prints.
func (Host) KernelVersion() string {
	return uname(func(u *unix.Utsname) []byte { return u.Version[:] })
}

// uname is a part of what the kernel says of itself.
func uname(part func(*unix.Utsname) []byte) string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return Unknown
	}
	return known(unix.ByteSliceToString(part(&u)), nil)
}
