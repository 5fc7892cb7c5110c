//go:build unix

package consent

import (
	"testing"
	"time"

	"github.com/usagectl/usagectl/internal/testuser"
)

// AsOrdinaryUser runs a test's body as a user whom permissions bind.
func AsOrdinaryUser(t *testing.T, body func(t *testing.T), prepare ...func(dir string) error) {
	t.Helper()
	testuser.Run(t, body, prepare...)
}

// Within fails the test if f hangs. f must not end the test itself.
func Within(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("not done after %v", limit)
	}
}
