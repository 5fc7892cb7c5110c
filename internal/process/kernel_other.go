//go:build !linux

package process

// Kernel names the kernel that runs.
func Kernel() string { return thisDomain() }

// Network names the network that this process has. Here all of a machine have the same.
func Network() string { return "" }
