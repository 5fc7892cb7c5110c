package hostfacts

import (
	"github.com/shirou/gopsutil/v3/mem"
	"golang.org/x/sys/windows"
)

// distribution leaves out the edition and the patches, which tell more of a machine
// than a fact is for.
func (h Host) distribution() (name, version string) { return "windows", h.KernelVersion() }

// memory is the memory in bytes, 0 if it is not known.
func memory() uint64 {
	m, err := mem.VirtualMemory()
	if err != nil {
		return 0
	}
	return m.Total
}

// processors counts those of all groups, as Python does; 0 if it is not known.
func (Host) processors() int64 {
	return int64(windows.GetActiveProcessorCount(windows.ALL_PROCESSOR_GROUPS))
}
