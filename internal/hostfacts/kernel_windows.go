package hostfacts

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// KernelRelease is "10" or "11", as Python's platform.release gives it.
func (Host) KernelRelease() string {
	v := windows.RtlGetVersion()
	if v.MajorVersion == 10 && v.BuildNumber >= 22000 { // Windows 11 calls itself 10.0 there
		return "11"
	}
	return fmt.Sprint(v.MajorVersion)
}

// KernelVersion is the version of Windows, "10.0.22631", as Python's
// platform.version gives it.
func (Host) KernelVersion() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}
