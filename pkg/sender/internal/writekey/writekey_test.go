package writekey_test

import (
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/writekey"
)

func TestName(t *testing.T) {
	one, _ := manifest.ParseID("one")
	two, _ := manifest.ParseID("two")
	name := writekey.Name(one, "T_KEY", "secret")
	if !writekey.IsName(name) || writekey.Variable(name) != "T_KEY" || strings.Contains(name, "secret") || len(name) != len("T_KEY=1a2b") {
		t.Errorf("%q", name)
	}
	if !writekey.Is(name, one, "secret") || !writekey.Is(writekey.Name(one, "OTHER", "secret"), one, "secret") {
		t.Error("the same key in another variable is another one")
	}
	if writekey.Is(name, one, "other") || writekey.Is(name, two, "secret") || writekey.Is(writekey.Name(one, "T_KEY", ""), one, "") {
		t.Error("another key, the key of another tool or none is the same")
	}
}

func TestIsName(t *testing.T) {
	for name, want := range map[string]bool{
		"K=0a1f": true, "": false, "=0a1f": false, "K": false, "K=": false, "K=0a1": false, "K=0a1f0": false, "K=0A1F": false, "K=0a1g": false,
		"K\n=0a1f": false, strings.Repeat("K", 33<<10) + "=0a1f": false,
	} {
		if writekey.IsName(name) != want {
			t.Errorf("%.20q: %v", name, !want)
		}
	}
}
