package process

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// ParentName is the file name of the program that started this one: "pwsh.exe"; "" if
// that is not known.
func ParentName() string {
	all, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return ""
	}
	defer windows.CloseHandle(all)
	parent := uint32(os.Getppid())
	p := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	for err = windows.Process32First(all, &p); err == nil; err = windows.Process32Next(all, &p) {
		if p.ProcessID == parent {
			return windows.UTF16ToString(p.ExeFile[:])
		}
	}
	return ""
}
