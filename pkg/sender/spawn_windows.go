package sender

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// Spawn starts a program detached from this one: without a console window, in a
// process group of its own, with the system's directory as its own, so that it keeps
// nobody from removing another, and with no streams but stdin, if that is not nil. It
// inherits no other handle, inheritable or not: os.StartProcess names those that it may
// in a list (PROC_THREAD_ATTRIBUTE_HANDLE_LIST). Spawn returns the process ID without waiting.
func Spawn(exe string, argv []string, env []string, stdin *os.File) (int, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	if stdin == nil {
		stdin = null
	}
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return 0, err
	}
	p, err := os.StartProcess(exe, argv, &os.ProcAttr{
		Dir:   dir,
		Env:   env,
		Files: []*os.File{stdin, null, null},
		Sys: &syscall.SysProcAttr{
			HideWindow:    true,
			CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP,
		},
	})
	if err != nil {
		return 0, err
	}
	pid := p.Pid // Release forgets it
	return pid, p.Release()
}
