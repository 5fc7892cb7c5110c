//go:build !linux && !darwin

package statefile

// renameDir renames a directory to a name that is free. Windows replaces no directory; on
// other systems of the Unix kind one that somebody else has made this moment, and that is empty yet, is replaced.
func renameDir(from, to string) error { return Rename(from, to) }
