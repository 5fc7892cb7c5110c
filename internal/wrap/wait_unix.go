//go:build unix

package wrap

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Child is a command that runs as a child of this process.
type Child struct {
	pid     int
	changed chan os.Signal // says that a child has ended, stopped or gone on
	signals chan os.Signal // what was sent to this process

	stopped bool // it has stopped, and not gone on
}

// moment is how long a command has run before every signal is passed on.
const moment = 10 * time.Millisecond

// Wait stands in for the child until it has ended. It is done by one goroutine, so that no
// signal is sent to a process number that is nobody's any more. It also collects other
// children: what this process started in the background and, where it is the first process of a
// container, whatever has lost its parent.
func (c *Child) Wait() End {
	rest, next := others(), time.After(moment)
	for {
		if end, ended := c.collect(); ended {
			return end
		}
		select {
		case <-c.changed:
		case <-next: // one by one, for the child may end
			catch(c.signals, rest[0])
			if rest = rest[1:]; len(rest) > 0 {
				next = time.After(0)
			}
		case s := <-c.signals:
			c.pass(s.(syscall.Signal))
		}
	}
}

// collect finds out what has become of the child since it was asked last.
func (c *Child) collect() (end End, ended bool) {
	woken := false // this process was stopped, and is not any more
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG|syscall.WUNTRACED|unix.WCONTINUED, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil: // there is no child, which cannot be
			return End{Code: CannotExecute}, true
		case pid == 0:
			if woken && c.stopped { // only this process was told to go on
				c.giveTerminal()
				c.pass(syscall.SIGCONT)
			}
			return End{}, false
		case pid != c.pid:
		case status.Exited():
			return End{Code: status.ExitStatus()}, true
		case status.Signaled():
			s := status.Signal()
			return End{Code: 128 + int(s), Signal: s, Name: unix.SignalName(s)}, true
		case status.Continued():
			c.stopped = false
		case status.Stopped():
			c.stopped = true
			if woken = jobControl(); woken {
				stop(status.StopSignal())
			}
		}
	}
}

// pass passes a signal on that was sent to this process, unless the child has got it too.
// Go does not tell who sent it, so it is taken for the terminal's where a terminal would have
// sent it: to the process group that is in the foreground.
func (c *Child) pass(s syscall.Signal) {
	switch s {
	case syscall.SIGCONT:
		if !c.stopped {
			return
		}
		c.stopped = false
	case syscall.SIGINT, syscall.SIGQUIT, syscall.SIGWINCH:
		if inForeground() {
			return
		}
	}
	_ = syscall.Kill(c.pid, s) // it may have ended, and is not collected yet
}

// inForeground reports whether the terminal sends its signals to this process's group.
func inForeground() bool {
	group := 0
	atTerminal(func(terminal int) { group, _ = unix.IoctlGetInt(terminal, unix.TIOCGPGRP) })
	return group == unix.Getpgrp()
}

// giveTerminal brings the child's process group to the foreground, where this process's is, if
// it is another one: a shell makes its own.
func (c *Child) giveTerminal() {
	group, err := unix.Getpgid(c.pid)
	if err == nil && group != unix.Getpgrp() && inForeground() {
		atTerminal(func(terminal int) { _ = unix.IoctlSetPointerInt(terminal, unix.TIOCSPGRP, group) })
	}
}

// atTerminal opens the terminal, if there is one.
func atTerminal(do func(terminal int)) {
	terminal, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err == nil {
		do(terminal)
		_ = unix.Close(terminal)
	}
}

// jobControl reports whether this process was started by a shell that controls jobs: it leads
// another process group of the session. Anybody else would not see that this process stops, and
// might have the child alone go on.
func jobControl() bool {
	parent := os.Getppid()
	group, err := unix.Getpgid(parent)
	session, err2 := unix.Getsid(parent)
	own, err3 := unix.Getsid(0)
	return err == nil && err2 == nil && err3 == nil && group != unix.Getpgrp() && session == own
}
