//go:build unix && !linux

package cmd

import (
	"os"

	"golang.org/x/sys/unix"
)

// dropTyped discards what was typed at a terminal and not read yet. Whether there was
// something is not found out here.
func dropTyped(f *os.File) bool {
	const read = 1                                                 // FREAD
	_ = unix.IoctlSetPointerInt(int(f.Fd()), unix.TIOCFLUSH, read) // what is no terminal has nothing to discard
	return false
}
