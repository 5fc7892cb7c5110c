package dirs

import (
	"slices"
	"testing"
)

// TestMachinePlace holds where the refusals for everybody are.
func TestMachinePlace(t *testing.T) {
	const want = "/Library/Application Support/usagectl/consent"
	if got := Default().SystemConsent(); !slices.Contains(got, want) {
		t.Errorf("%q, without %s", got, want)
	}
}
