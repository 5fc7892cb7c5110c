package sender

import (
	"context"
	"errors"
	"io"
	"testing"
)

// TestRunPipeInterrupted has a sender that neither writes nor goes away.
func TestRunPipeInterrupted(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done := make(chan error, 1)
	go func() { done <- Sender{}.RunPipe(ctx, r) }()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
