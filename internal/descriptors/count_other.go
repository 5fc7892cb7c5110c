//go:build unix && !freebsd

package descriptors

// countDescriptors is how many descriptors this process has open; nobody knows here.
func countDescriptors() int { return -1 }
