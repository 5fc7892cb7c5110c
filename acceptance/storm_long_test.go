//go:build unix && long

package acceptance

import "testing"

// TestStormLong is TestStormWithKills with many more events.
func TestStormLong(t *testing.T) { stormWithKills(t, 3000) }
