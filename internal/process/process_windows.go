package process

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// look finds out when a process has started, "" if the system does not tell, and whether
// it is surely gone.
func look(pid int) (start string, gone bool) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return "", err != windows.ERROR_ACCESS_DENIED
	}
	defer windows.CloseHandle(h)
	var code uint32
	const stillActive = 259
	if windows.GetExitCodeProcess(h, &code) == nil && code != stillActive {
		gone = true
	}
	var created, exited, inKernel, inUser windows.Filetime
	if windows.GetProcessTimes(h, &created, &exited, &inKernel, &inUser) != nil {
		return "", gone
	}
	return fmt.Sprintf("%x", created.Nanoseconds()), gone
}
