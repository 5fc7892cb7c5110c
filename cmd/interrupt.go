package cmd

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/usagectl/usagectl/pkg/sender"
)

// interruptible is a context that ends when the person or the system says so.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// How long a command that is told to end lets requests under way go on, for what a server
// has got and was not noted is sent again; and how long it may take to put things in order
// then. A person who presses Ctrl-C waits a second at most. The system waits for 10 seconds
// (Docker) to 90 (systemd) after a SIGTERM.
const (
	personWaits = 500 * time.Millisecond
	systemWaits = 10 * time.Second
	settling    = 400 * time.Millisecond
)

// stopFor is how a delivery ends that is told so by a signal.
func stopFor(s os.Signal) sender.Stop {
	if s == os.Interrupt {
		return sender.Stop{Within: personWaits}
	}
	return sender.Stop{Within: systemWaits}
}

// notify listens to the signals that tell a command to end, but for those that whoever
// started it has it ignore, as nohup does.
func notify() chan os.Signal {
	signals := make(chan os.Signal, 1)
	for _, s := range [...]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	return signals
}

// stoppable is a context that ends by a [sender.Stop] when the person or the system says
// so. A second signal ends the program as if nobody had listened. done ends the listening,
// and returns the signal that came; nil if none did.
func stoppable(ctx context.Context) (_ context.Context, done func() os.Signal) {
	ctx, end := context.WithCancelCause(ctx)
	signals, told := notify(), make(chan os.Signal, 1)
	go func() {
		defer close(told)
		select {
		case s := <-signals:
			signal.Stop(signals)
			told <- s
			end(stopFor(s))
		case <-ctx.Done():
		}
	}()
	return ctx, func() os.Signal {
		signal.Stop(signals)
		end(nil)
		return <-told
	}
}

// untilInterrupted does a command's work. When that is interrupted and does not end,
// as where a file system hangs, it is left alone, and the failure says so. Its context
// ends by a [sender.Stop]; who does not wait for that says so a second time.
func untilInterrupted(ctx context.Context, said string, work func(context.Context) error) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	signals := notify()
	defer signal.Stop(signals)
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	for wait := time.Duration(0); ; {
		var late <-chan time.Time
		ended := ctx.Done()
		if wait > 0 {
			late, ended = time.After(wait), nil
		}
		select {
		case err := <-done:
			return err
		case <-late:
			return fail(exitInterrupted, errors.New(said))
		case <-ended:
			wait = settling
		case s := <-signals:
			stop := stopFor(s)
			if wait > 0 {
				stop.Within = 0
			}
			wait = stop.Within + settling
			end(stop)
		}
	}
}

// raise ends the program by a signal, where there are signals.
func raise(s os.Signal) {
	signal.Reset(s)
	self, err := os.FindProcess(os.Getpid())
	if err == nil && self.Signal(s) == nil {
		time.Sleep(settling) // it comes at once, unless it is blocked
	}
}
