//go:build unix

package consent_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/usagectl/usagectl/pkg/consent"
)

// TestNowhere holds that a link that leads nowhere, as to a share that is not mounted, may hide a
// refusal, wherever it is on the way to a decision, the person's or the machine's.
func TestNowhere(t *testing.T) {
	grant := map[string]string{"MYTOOL_TELEMETRY": "1"}
	m := parse(t, `grant = [{ env = "MYTOOL_TELEMETRY", when = "1" }]`, fields)
	for _, at := range []string{"", "usagectl", "usagectl/consent"} {
		for _, place := range []string{"person", "machine"} {
			d := places(t)
			base := d.ConfigHome
			if place == "machine" {
				base = d.System
			}
			if v := decide(t, m, d, grant); !v.On() {
				t.Fatalf("before: %+v", v.Reason)
			}
			link := filepath.Join(base, filepath.FromSlash(at))
			if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(link)
			if err := os.Symlink(filepath.Join(base, "..", "nowhere"), link); err != nil {
				t.Fatal(err)
			}
			if v := decide(t, m, d, grant); v.Reason.Rule != consent.Unreadable {
				t.Errorf("%s's %q: %+v", place, at, v.Reason)
			}
		}
	}
}
