package process

import (
	"fmt"
	"os"
	"strings"
)

// ParentName is what the program that started this one is called, as far as the kernel
// keeps it: "fish"; "" if that is not known.
func ParentName() string {
	// proc_pid_comm(5): at most 15 bytes, then a line feed.
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", os.Getppid()))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(name), "\n")
}
