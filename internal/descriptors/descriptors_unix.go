//go:build unix

// Package descriptors finds the file descriptors that this process was started with, behind
// its three streams.
package descriptors

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// firstInherited is the first descriptor behind the three streams.
const firstInherited = 3

// Inherited lists the descriptors behind the streams with which this process was started,
// such as the locks of a script ("exec 9>lock; flock -n 9"), the pipe of a "3>&1 | cat" and
// the job server of make. They are those that a program which is started now would get: what
// Go opens, no program gets.
func Inherited() []int {
	return slices.DeleteFunc(openDescriptors(), func(fd int) bool {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		return err != nil || flags&unix.FD_CLOEXEC != 0
	})
}

// Withhold has a program that is started next get no descriptor but its streams, and
// returns a function that has later ones get them again. A background process would keep
// the last end of them open. A program that another goroutine starts in between gets
// nothing either.
func Withhold() (restore func()) {
	marked := Inherited()
	for _, fd := range marked {
		syscall.CloseOnExec(fd)
	}
	return func() {
		for _, fd := range marked {
			_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0) // closed in between, or it was open and can be marked
		}
	}
}

// openDescriptors lists the descriptors behind the streams that are open, and perhaps some
// that are not.
func openDescriptors() []int {
	dir := "/dev/fd"
	if runtime.GOOS == "linux" {
		dir = "/proc/self/fd" // /dev/fd leads there, where it is not missing
	}
	if list, ok := listDescriptors(dir); ok {
		return list
	}
	return probeDescriptors(countDescriptors())
}

// listDescriptors reads the directory in which the system shows a process its
// descriptors. FreeBSD shows the streams alone there unless fdescfs(5) is mounted, and
// reports false.
func listDescriptors(dir string) (list []int, ok bool) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	for _, name := range names {
		fd, err := strconv.Atoi(name)
		if err == nil && fd >= firstInherited && fd != int(f.Fd()) {
			list = append(list, fd)
		}
		ok = ok || err == nil && fd == int(f.Fd())
	}
	return list, ok && err == nil
}

// mostProbed is how many descriptors are probed at most where they can be neither listed
// nor counted: some milliseconds' worth.
const mostProbed = 1 << 16

// probeDescriptors tries one descriptor after the other until it has found as many as are
// open, streams included; a negative number stands for one that is not known.
func probeDescriptors(open int) (list []int) {
	var limit unix.Rlimit
	most := uint64(mostProbed)
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err == nil && open < 0 {
		most = min(most, uint64(limit.Cur))
	} else if open >= 0 {
		most = 1 << 31
	}
	for fd := 0; uint64(fd) < most && open != 0; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
			continue
		}
		open--
		if fd >= firstInherited {
			list = append(list, fd)
		}
	}
	return list
}
