package manifest_test

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestZeroValues calls every method of what nobody has filled in: none panics, and
// none of them finds, refuses or grants anything.
func TestZeroValues(t *testing.T) {
	var m manifest.Manifest
	if _, ok := m.Event(""); ok || m.IsDeletion("run") || len(m.EventNames()) > 0 || len(m.FieldsOf("")) > 0 {
		t.Error("an empty manifest has events")
	}
	if f, ok := m.Field(""); ok || f != nil {
		t.Errorf("an empty manifest has the field %+v", f)
	}
	var f manifest.Field
	if _, err := f.Check("x"); err == nil {
		t.Error("a value fits a field without a type")
	}
	if _, err := f.ParseText("x"); err == nil {
		t.Error("a text fits a field without a type")
	}
	t.Logf("%q %v %v", f.Terms(), f.In("run"), f.InDeletion())
	var rule manifest.EnvRule
	if rule.Grants("x") || rule.Refuses("x") {
		t.Error("an empty rule says something")
	}
	t.Logf("%q %v", rule.Describe(""), rule.Plain())
	if err := (manifest.Send{}).Check(); err == nil {
		t.Error("nothing can be sent nowhere")
	}
	t.Log((manifest.Forget{}).Check())
	t.Logf("%q %q", manifest.Errors(nil).Error(), (&manifest.Error{}).Error())
	var id manifest.ID
	if data, err := id.MarshalJSON(); !id.IsZero() || err != nil || string(data) != `""` {
		t.Errorf("%s, %v", data, err)
	}
	if id.UnmarshalJSON([]byte(`""`)) == nil {
		t.Error("the empty text is an ID")
	}
	var l manifest.Library
	if _, err := l.Find(id); err == nil || len(l.Added()) > 0 || len(l.IDs()) == 0 {
		t.Error("the built-in manifests are not all that there is")
	}
	if p := (manifest.Pointer{}); p.String() != "" || p.Above(nil) {
		t.Errorf("%q", p)
	}
	if s := manifest.Source(""); s.IsHash() {
		t.Error("no source is a hash")
	}
}
