package process

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// initialTime is the time namespace in which the kernel has started
// (enum init_ns_ino, linux/nsfs.h).
const initialTime = "time:[4026531834]"

// Kernel names the boot of the kernel that runs; "" where that is not known. In a time
// namespace of one's own processes have started at other times, so it counts as another.
func Kernel() string {
	boot := readProc("/proc/sys/kernel/random/boot_id")
	if boot == "" {
		return ""
	}
	if time, err := os.Readlink("/proc/self/ns/time"); err == nil && time != initialTime {
		return hashOf(boot, time)
	}
	return hashOf(boot)
}

// thisDomain is made of the kernel's boot and the number of the process namespace.
func thisDomain() string {
	k := Kernel()
	namespace, err := os.Readlink("/proc/self/ns/pid") // "pid:[4026531836]"
	if k == "" || err != nil {
		return nowhere
	}
	return k + "-" + strings.Trim(namespace, "pid:[]")
}

// Network names the network namespace of this process; "" where that is not known. Machines
// that run the same kernel have the same name for their first one.
func Network() string {
	name, _ := os.Readlink("/proc/self/ns/net")
	return name
}

// look finds out when a process has started, in ticks since the boot, "" if the system
// does not tell, and whether it is surely gone. One that has ended and that nobody
// collects, as in most containers, is.
func look(pid int) (start string, gone bool) {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return "", true
	}
	number := strconv.Itoa(pid)
	// "unshare --pid" alone leaves the /proc of another namespace, with other numbers.
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
		return "", false
	}
	// Not /proc/PID/stat, which says the same: QEMU, as it runs programs of another architecture in the
	// building of images, makes up that file for the process itself, with another start.
	state, start := parseStat(readProc("/proc/" + number + "/task/" + number + "/stat"))
	return start, state == "Z" || state == "X"
}

// parseStat finds a process's state and start in what proc_pid_stat(5) describes:
// "pid (name) state …", where the name can hold anything. "" stands for what is not there.
func parseStat(stat string) (state, start string) {
	_, rest, _ := strings.Cut(stat[max(0, strings.LastIndexByte(stat, ')')):], " ")
	const startField = 22 - 3 // the first of the rest is the third of all
	fields := strings.Fields(rest)
	if len(fields) <= startField+1 { // the last one may be cut off
		return "", ""
	}
	return fields[0], fields[startField]
}

// readProc reads the beginning of a file in /proc; "" if it cannot be read. It takes
// three system calls, a third of what [os.ReadFile] takes, and each "send" pays for it.
func readProc(path string) string {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer syscall.Close(fd)
	var buf [1024]byte
	n, _ := syscall.Read(fd, buf[:])
	return string(buf[:max(0, n)])
}
