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

// interruptible is a context that ends when the person or the system says so. Nothing that
// is said after that counts, until stop is called. It is for the background, where nobody reads
// what Go prints of its goroutines on a SIGQUIT: that ends it likewise.
func interruptible(ctx context.Context) (_ context.Context, stop func()) {
	ctx, end := context.WithCancel(ctx)
	signals := notifyOf(append(enders(), syscall.SIGQUIT)...)
	go func() {
		select {
		case <-signals:
			end()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		end()
	}
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
func notify() chan os.Signal { return notifyOf(enders()...) }

func enders() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} }

func notifyOf(those ...os.Signal) chan os.Signal {
	signals := make(chan os.Signal, 1)
	for _, s := range those {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	return signals
}

// stoppable is a context that ends by a [sender.Stop] when the person or the system says
// so. A second signal ends the program as if nobody had listened, but for a SIGHUP, which
// systemd sends beside a SIGTERM if it is told to (SendSIGHUP=yes); it can come first. done
// ends the listening, and returns the signal that came last; nil if none did.
func stoppable(ctx context.Context) (_ context.Context, done func() os.Signal) {
	ctx, end := context.WithCancelCause(ctx)
	signals, hangups := notify(), notifyOf(syscall.SIGHUP) // nobody reads the second one
	over, told := make(chan struct{}), make(chan os.Signal, 1)
	go func() {
		var last os.Signal
		defer func() { told <- last }()
		for last == nil || last == syscall.SIGHUP {
			select {
			case last = <-signals:
				end(stopFor(last))
			case <-over:
				return
			}
		}
		signal.Stop(signals)
	}()
	return ctx, func() os.Signal {
		signal.Stop(signals)
		signal.Stop(hangups)
		close(over)
		end(nil)
		return <-told
	}
}

// untilInterrupted does a command's work. When that is interrupted and does not end,
// as where a file system hangs, it is left alone, and the failure says so. Its context
// ends by a [sender.Stop]; who does not wait for that says so a second time, but not by a
// SIGHUP (see [stoppable]).
func untilInterrupted(ctx context.Context, said string, work func(context.Context) error) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	signals := notify()
	defer signal.Stop(signals)
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	var late <-chan time.Time
	told := false // by other than a SIGHUP
	for ended := ctx.Done(); ; {
		select {
		case err := <-done:
			return err
		case <-late:
			return fail(exitInterrupted, errors.New(said))
		case <-ended:
			late, ended, told = time.After(settling), nil, true
		case s := <-signals:
			if told && s == syscall.SIGHUP {
				continue
			}
			stop := stopFor(s)
			if told {
				stop.Within = 0
			}
			told = s != syscall.SIGHUP
			late, ended = time.After(stop.Within+settling), nil
			end(stop)
		}
	}
}
