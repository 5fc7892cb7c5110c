package cmd

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"syscall"
)

// answer is stdout. It remembers why it could not be written to, so that no command has to
// look after each line, and every one ends the same way: see [app.unprinted].
type answer struct {
	out io.Writer

	mu  sync.Mutex
	err error
}

func (a *answer) Write(p []byte) (int, error) {
	n, err := a.out.Write(p)
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.err == nil {
			a.err = err
		}
	}
	return n, err
}

// failure is why the answer, or a part of it, could not be printed. It is nil if all was
// printed, or if the reader stopped early, as "head" does.
func (a *answer) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if readerGone(a.err) {
		return nil
	}
	return a.err
}

// taken reports whether stdout took all that was printed so far.
func (a *answer) taken() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err == nil
}

// readerGone reports whether an error says that nobody reads from a pipe any more.
func readerGone(err error) bool {
	if errors.Is(err, syscall.EPIPE) {
		return true
	}
	const brokenPipe, noData = syscall.Errno(109), syscall.Errno(232) // ERROR_BROKEN_PIPE, ERROR_NO_DATA
	return runtime.GOOS == "windows" && (errors.Is(err, brokenPipe) || errors.Is(err, noData))
}

// unprinted reports that the answer could not be printed, and finds the exit code. What
// went wrong before counts more. The caller of "send" must not fail because of its
// telemetry, unless it asks to.
func (a *app) unprinted(code int) int {
	err := a.answer.failure()
	if err == nil || a.neverFails {
		return code
	}
	a.tell(&failure{err: fmt.Errorf("the answer could not be printed: %w", err)})
	if code == exitOK {
		return exitIO
	}
	return code
}
