package hostfacts_test

import (
	"regexp"
	"testing"

	"github.com/usagectl/usagectl/internal/hostfacts"
)

// TestWindows holds that Windows is told by its version, without edition and patches.
func TestWindows(t *testing.T) {
	h := hostfacts.Host{}
	if got := h.Platform(); !regexp.MustCompile(`^Windows-(10|11)-(x86_64|arm64)-with-windows10\.0\.\d{5}$`).MatchString(got) {
		t.Errorf("platform: %q", got)
	}
}
