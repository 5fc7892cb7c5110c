package process

import (
	"os"

	"golang.org/x/sys/unix"
)

// ParentName is what the program that started this one is called, as far as the kernel
// keeps it: "fish"; "" if that is not known.
func ParentName() string {
	parent, err := unix.SysctlKinfoProc("kern.proc.pid", os.Getppid())
	if err != nil {
		return ""
	}
	return unix.ByteSliceToString(parent.Proc.P_comm[:])
}
