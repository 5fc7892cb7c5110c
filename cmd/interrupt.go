package cmd

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// interruptible is a context that ends when the person or the system says so.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// grace is how long a command that is interrupted may take to put things in order.
// A person who presses Ctrl-C waits a second at most.
const grace = 700 * time.Millisecond

// untilInterrupted does a command's work. When that is interrupted and does not end,
// as where a file system hangs, it is left alone, and the failure says so.
func untilInterrupted(ctx context.Context, said string, work func(context.Context) error) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(grace):
		return fail(exitInterrupted, errors.New(said))
	}
}
