package descriptors

import "golang.org/x/sys/unix"

// countDescriptors is how many descriptors this process has open, or -1. The number
// behind the name stands for this process; see sysctl_kern_proc_nfds in FreeBSD's
// sys/kern/kern_descrip.c.
func countDescriptors() int {
	n, err := unix.SysctlUint32Args("kern.proc.nfds", 0)
	if err != nil {
		return -1
	}
	return int(n)
}
