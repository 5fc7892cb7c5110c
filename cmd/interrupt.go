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

// How long a command that is interrupted may take to put things in order. A person who
// presses Ctrl-C waits a second at most. The system, which says so with SIGTERM and waits
// for 10 seconds (Docker) to 90 (systemd), lets requests under way be finished, for what a
// server has got and was not noted is sent again.
const (
	grace     = 700 * time.Millisecond
	termGrace = 12 * time.Second
)

// untilInterrupted does a command's work. When that is interrupted and does not end,
// as where a file system hangs, it is left alone, and the failure says so. The context of
// one that is terminated ends by [sender.ErrStopping]; whoever does not wait for it interrupts it.
func untilInterrupted(ctx context.Context, said string, work func(context.Context) error) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
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
			wait = grace
		case s := <-signals:
			if s == syscall.SIGTERM && wait == 0 {
				wait = termGrace
				end(sender.ErrStopping)
			} else {
				wait = grace
				end(nil)
			}
		}
	}
}
