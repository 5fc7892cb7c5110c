//go:build unix

package sender

import (
	"os"
	"syscall"
)

// Spawn starts a program detached from this one: in a session of its own, with
// the root as its directory so that it holds no other, and with no streams but
// stdin, if that is not nil. It returns the process ID without waiting.
func Spawn(exe string, argv []string, env []string, stdin *os.File) (int, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	if stdin == nil {
		stdin = null
	}
	p, err := os.StartProcess(exe, argv, &os.ProcAttr{
		Dir:   "/",
		Env:   env,
		Files: []*os.File{stdin, null, null},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, err
	}
	pid := p.Pid // Release forgets it
	return pid, p.Release()
}
