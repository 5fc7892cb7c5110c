package manifest_test

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

func TestBuiltinManifestsAreValid(t *testing.T) {
	library := manifest.Library{}
	want := map[string]bool{
		"demo": true, "parsl": true, "parsl-2023": true, "parsl-2024": true, "parsl-legacy": true,
		"flwr": true, "flwr-datasets": true, "nannyml": true, "stripepy": true,
	}
	for _, id := range library.IDs() {
		m, err := library.Find(id)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		delete(want, id.String())
		for _, f := range m.Fields {
			if len(f.Purpose) < 20 {
				t.Errorf("%s: the purpose of field %s says too little: %q", id, f.Name, f.Purpose)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("not built in: %v", want)
	}
}

func BenchmarkFind(b *testing.B) {
	id, err := manifest.ParseID("stripepy")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := (manifest.Library{}).Find(id); err != nil {
			b.Fatal(err)
		}
	}
}
