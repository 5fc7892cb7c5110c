package cmd

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestUntilInterrupted holds that a command that is interrupted ends even if its work
// does not, and that what it says of its end counts if it does.
func TestUntilInterrupted(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	stuck := make(chan struct{})
	defer close(stuck)
	said := errors.New("it said so")
	for name, c := range map[string]struct {
		ctx  context.Context
		work func(context.Context) error
		want string
		code int
	}{
		"done":      {t.Context(), func(context.Context) error { return nil }, "", 0},
		"failed":    {t.Context(), func(context.Context) error { return said }, said.Error(), 0},
		"in order":  {ended, func(ctx context.Context) error { <-ctx.Done(); return said }, said.Error(), 0},
		"it hangs":  {ended, func(context.Context) error { <-stuck; return said }, "interrupted", exitInterrupted},
		"in a read": {ended, func(ctx context.Context) error { <-ctx.Done(); <-stuck; return nil }, "interrupted", exitInterrupted},
	} {
		result := make(chan error, 1)
		go func() { result <- untilInterrupted(c.ctx, "interrupted", c.work) }()
		select {
		case err := <-result:
			var f *failure
			if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
			if errors.As(err, &f) != (c.code != 0) || f != nil && f.code != c.code {
				t.Errorf("%s: %+v, want the code %d", name, f, c.code)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s: it does not end", name)
		}
	}
}

// TestStopFor holds how long requests under way go on when a command is told to end, and
// that the time of Ctrl-C and of a service manager is enough for it to end then.
func TestStopFor(t *testing.T) {
	for s, most := range map[os.Signal]time.Duration{os.Interrupt: time.Second, syscall.SIGTERM: 12 * time.Second, syscall.SIGHUP: 12 * time.Second} {
		if within := stopFor(s).Within; within <= 0 || within+settling >= most {
			t.Errorf("%v: %v, want less than %v in all", s, within, most)
		}
	}
	if stopFor(os.Interrupt).Within != 500*time.Millisecond || stopFor(syscall.SIGTERM).Within != 10*time.Second {
		t.Error("the help and docs/architecture.md say half a second, and ten")
	}
}
