package cmd

import (
	"os"

	"golang.org/x/sys/unix"
)

// dropTyped discards what was typed at a terminal and not read yet, and reports whether there
// was something.
func dropTyped(f *os.File) bool {
	n, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCINQ)
	_ = unix.IoctlSetInt(int(f.Fd()), unix.TCFLSH, unix.TCIFLUSH) // what is no terminal has nothing to discard
	return err == nil && n > 0
}
