//go:build unix

package acceptance

import (
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// mkfifo FILE makes a FIFO.
func mkfifo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mkfifo FILE")
	}
	ts.Check(syscall.Mkfifo(ts.MkAbs(args[0]), 0o600))
}
