package hostfacts

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// KernelVersion is the version of Windows, "10.0.22631", as Python's
// platform.version gives it.
func (Host) KernelVersion() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}
