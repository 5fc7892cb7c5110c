//go:build unix && !linux

package wrap

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// lastSignal is the last one that is passed on.
const lastSignal syscall.Signal = 31

// ignored reports whether this process ignores a signal, as far as Go's runtime tells.
func ignored(s syscall.Signal) bool { return signal.Ignored(s) }

// stop stops this process until it is told to go on.
func stop(syscall.Signal) { _ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) }

// Die ends this process by a signal, without another dump of core. It returns if that cannot
// be. A shell does it, because Go's runtime has no word for the default of a signal.
func Die(s os.Signal) {
	number, ok := s.(syscall.Signal)
	if !ok {
		return
	}
	signal.Notify(make(chan os.Signal, 1), number) // what is caught does what it does by default in another program
	_ = syscall.Exec("/bin/sh", []string{"sh", "-c", fmt.Sprintf("ulimit -c 0; kill -%d $$; exit %d", number, 128+number)}, os.Environ())
}

func dup2(from, to int) error { return unix.Dup2(from, to) }
