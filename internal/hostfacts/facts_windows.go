package hostfacts

import "github.com/shirou/gopsutil/v3/mem"

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
