package acceptance

import "github.com/rogpeppe/go-internal/testscript"

// mkfifo cannot be had: Windows has no FIFO in the file system.
func mkfifo(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("mkfifo: not on Windows")
}
