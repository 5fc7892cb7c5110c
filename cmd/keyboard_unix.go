//go:build unix

package cmd

import (
	"os"

	"golang.org/x/sys/unix"
)

// foreground reports whether this process may read from a terminal. The system stops a job in the
// background that tries to read from the terminal that controls it; from another one all may read.
func foreground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}
