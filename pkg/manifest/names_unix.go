//go:build unix

package manifest

// keepable reports whether files can be named by a tool's ID. Here all can.
func keepable(string) bool { return true }
