package cmd

import (
	"os"

	"golang.org/x/sys/windows"
)

// foreground reports whether this process may read from its console, which every process
// that has one may.
func foreground(*os.File) bool { return true }

// dropTyped discards what was typed at a console and not read yet. Whether there was something
// is not found out: keys that are let go of count too.
func dropTyped(f *os.File) bool {
	_ = windows.FlushConsoleInputBuffer(windows.Handle(f.Fd())) // what is no console has nothing to discard
	return false
}
