package hostfacts

import "golang.org/x/sys/unix"

// distribution asks the kernel. It is not left to gopsutil, which starts sw_vers.
func (Host) distribution() (name, version string) {
	version, err := unix.Sysctl("kern.osproductversion")
	if err != nil {
		return "darwin", ""
	}
	return "darwin", version
}

// memory is the memory in bytes, 0 if it is not known. It is not left to gopsutil,
// which starts vm_stat.
func memory() uint64 {
	size, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return size
}

// processors is 0 because Go asks for the machine's here: macOS ties no process to some.
func (Host) processors() int64 { return 0 }
