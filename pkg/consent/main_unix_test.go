//go:build unix

package consent_test

import (
	"os"
	"syscall"
	"testing"
)

// TestMain runs the tests under the usual umask: an ordinary user has to reach their
// directories. Tests about a umask set their own.
func TestMain(m *testing.M) {
	syscall.Umask(0o022)
	os.Exit(m.Run())
}
