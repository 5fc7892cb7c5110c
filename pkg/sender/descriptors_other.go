//go:build unix && !freebsd

package sender

// countDescriptors is how many descriptors this process has open; nobody knows here.
func countDescriptors() int { return -1 }
