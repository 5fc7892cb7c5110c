//go:build unix

package sender

import (
	"os"
	"syscall"

	"github.com/usagectl/usagectl/internal/descriptors"
)

// Spawn starts a program detached from this one: in a session of its own, with
// the root as its directory so that it holds no other, and with no streams but
// stdin, if that is not nil. It inherits no descriptor of this process, whatever its
// number. Spawn returns the process ID without waiting.
func Spawn(exe string, argv []string, env []string, stdin *os.File) (int, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	if stdin == nil {
		stdin = null
	}
	defer descriptors.Withhold()()
	// os.StartProcess would first start another process to find out whether the
	// kernel knows process file descriptors, which nobody here needs.
	return syscall.ForkExec(exe, argv, &syscall.ProcAttr{
		Dir:   "/",
		Env:   env,
		Files: []uintptr{stdin.Fd(), null.Fd(), null.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
}
