//go:build !linux && !darwin

package statefile

// renameDir renames a directory to a name that is free. Windows replaces no directory. FreeBSD
// replaces an empty one, which somebody else may have just made, and has no call that does not.
func renameDir(from, to string) error { return Rename(from, to) }
