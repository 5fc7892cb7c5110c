package catalogue_test

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestZeroValues uses what nobody has filled in: nothing panics, and every tool is as
// it is where nothing is set.
func TestZeroValues(t *testing.T) {
	for _, tool := range append(catalogue.All(), catalogue.Tool{}) {
		got := tool.State(catalogue.Machine{})
		if got.By != catalogue.ByDefault && got.By != catalogue.ByStatus {
			t.Errorf("%s: %+v", tool.ID, got)
		}
	}
	if o := catalogue.Obey([]catalogue.Wish{{}, {Off: true}}, false); len(o.Variables)+len(o.Beyond)+len(o.Warnings) > 0 {
		t.Errorf("%+v", o)
	}
	if got := (&catalogue.Variable{}).Read("", false); got != catalogue.Unset {
		t.Errorf("%q", got)
	}
	if tool, left := catalogue.Declared(&manifest.Manifest{}, nil); len(tool.Env)+len(left) > 0 {
		t.Errorf("%+v, %+v", tool, left)
	}
}
