//go:build unix

package wrap

import (
	"errors"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/usagectl/usagectl/internal/descriptors"
)

// Become replaces this process by the command, and returns only if that fails, with an
// [*Error].
func (c Command) Become() (End, error) {
	likeNew()
	return End{}, c.try(func(path string, argv []string) error { return syscall.Exec(path, argv, c.Env) })
}

// Start starts the command as a child, and has this process let go of what it shares with
// it. Signals that are sent to this process from now on wait for [Child.Wait]. The error is
// an [*Error]; then this process holds what it held.
func (c Command) Start() (*Child, error) {
	child := &Child{changed: make(chan os.Signal, 1), signals: make(chan os.Signal, 256)}
	signal.Notify(child.changed, syscall.SIGCHLD)
	likeNew()
	catch(child.signals, first()...)
	catch(make(chan os.Signal, 1), syscall.SIGTSTP) // to ignore it would have the child ignore it
	err := c.try(func(path string, argv []string) (err error) {
		// os.StartProcess would first start another process to find out whether the kernel
		// knows process file descriptors.
		child.pid, err = syscall.ForkExec(path, argv, &syscall.ProcAttr{Env: c.Env, Files: []uintptr{0, 1, 2}})
		return err
	})
	if err != nil {
		return nil, err
	}
	signal.Ignore(syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU) // it stops as the child does, and because of that
	letGo(c.KeepStderr)
	return child, nil
}

// try starts the command by a function, or a shell with it if it is a script that does not
// name its interpreter, as execvp(3) does.
func (c Command) try(start func(path string, argv []string) error) error {
	err := start(c.Path, c.Argv)
	if errors.Is(err, syscall.ENOEXEC) {
		err = start("/bin/sh", append([]string{"sh", c.Path}, c.Argv[1:]...))
	}
	if err != nil {
		return unstartable(c.Argv[0], err)
	}
	return nil
}

// letGo closes all that this process was started with, and leaves its directory.
func letGo(keepStderr bool) {
	for _, fd := range descriptors.Inherited() {
		_ = unix.Close(fd)
	}
	if null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0); err == nil {
		streams := 3
		if keepStderr {
			streams = 2
		}
		for fd := range streams {
			_ = dup2(int(null.Fd()), fd)
		}
		_ = null.Close()
	}
	_ = os.Chdir("/")
}

// Go's runtime needs a tenth of a millisecond until it hands a signal over, so before the
// command starts this is done for those alone that would end this process. The others, which do
// nothing until then, follow once the command has run for a moment.

// first are the signals that would end this process.
func first() []syscall.Signal {
	return []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM}
}

// others are all others but those that nobody can catch, that stop a process, that Go's runtime
// sends, and that tell of mistakes of this process.
func others() []syscall.Signal {
	except := append(first(), syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU,
		syscall.SIGCHLD, syscall.SIGPIPE, syscall.SIGURG, syscall.SIGPROF,
		syscall.SIGILL, syscall.SIGTRAP, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV, syscall.SIGSYS)
	var list []syscall.Signal
	for s := syscall.Signal(1); s <= lastSignal; s++ {
		if !slices.Contains(except, s) {
			list = append(list, s)
		}
	}
	return list
}

// catch has this process receive signals, but for those that it was started to ignore. What a process
// catches, a program that it starts does not.
func catch(signals chan<- os.Signal, list ...syscall.Signal) {
	for _, s := range list {
		if !ignored(s) {
			signal.Notify(signals, s)
		}
	}
}

// likeNew leaves to a program that is started now what this process ignores on its own
// account, and has it ignore what Go's runtime does not.
func likeNew() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if ignored(syscall.SIGINT) {
		signal.Ignore(syscall.SIGQUIT)
	}
}
