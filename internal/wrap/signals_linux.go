package wrap

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lastSignal is the last one that can be caught; those from 32 on are for real time.
const lastSignal syscall.Signal = 64

// disposition is what the kernel is told to do with a signal, see rt_sigaction(2). All zero
// stands for the signal's default on every processor.
type disposition [8]uintptr

// layout is the size of the kernel's set of signals, in bytes, and where a disposition has
// its handler. MIPS has twice as many signals, and flags before it.
func layout() (sigset uintptr, handler int) {
	if strings.HasPrefix(runtime.GOARCH, "mips") {
		return 16, 1
	}
	return 8, 0
}

// dispose changes what happens with a signal, behind the back of Go's runtime, which has no
// word for the default. It returns what happened before. Either may be nil.
func dispose(s syscall.Signal, now, before *disposition) {
	sigset, _ := layout()
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(now)), uintptr(unsafe.Pointer(before)), sigset, 0, 0)
}

// ignored reports whether this process ignores a signal.
func ignored(s syscall.Signal) bool {
	const ignore = 1 // SIG_IGN
	var now disposition
	dispose(s, nil, &now)
	_, handler := layout()
	return now[handler] == ignore
}

// raise has a signal do what it does by default, to this process, and returns once it has
// gone on.
func raise(s syscall.Signal) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before disposition
	dispose(s, &disposition{}, &before)
	var only, mask unix.Sigset_t
	bits := uint(unsafe.Sizeof(only.Val[0]) * 8)
	only.Val[(uint(s)-1)/bits] |= 1 << ((uint(s) - 1) % bits)
	_ = unix.PthreadSigmask(unix.SIG_UNBLOCK, &only, &mask)
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), s)
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &mask, nil)
	dispose(s, &before, nil)
}

// stop stops this process as the child was stopped, until it is told to go on.
func stop(s syscall.Signal) { raise(s) }

// Die ends this process by a signal, without another dump of core. It returns if the signal
// ends no process.
func Die(s os.Signal) {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) // a program that takes dumps is started whatever the limit
	if s, ok := s.(syscall.Signal); ok {
		raise(s)
	}
}

func dup2(from, to int) error { return unix.Dup3(from, to, 0) }
