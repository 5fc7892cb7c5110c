package manifest_test

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestKeepable holds that no tool is taken for a device or for another tool.
func TestKeepable(t *testing.T) {
	for _, id := range []string{"nul", "con", "com1", "lpt9", "mytool.", "mytool.."} {
		if _, err := manifest.ParseID(id); err == nil {
			t.Errorf("%q is taken for a tool", id)
		}
	}
	for _, id := range []string{"null", "my.tool", "console", "com"} {
		if _, err := manifest.ParseID(id); err != nil {
			t.Error(err)
		}
	}
}
