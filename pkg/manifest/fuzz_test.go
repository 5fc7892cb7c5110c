package manifest_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add(small)
	files, err := filepath.Glob("builtin/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := manifest.Parse("f.toml", []byte(text))
		if err != nil {
			checkErrors(t, text, err)
			return
		}
		checkAccepted(t, m)
	})
}

// checkErrors holds that every error has a place within the file.
func checkErrors(t *testing.T, text string, err error) {
	t.Helper()
	var list manifest.Errors
	if !errors.As(err, &list) || len(list) == 0 {
		t.Fatalf("%T: %v", err, err)
	}
	lines := strings.Split(text, "\n")
	for _, e := range list {
		if e.Line < 1 || e.Line > len(lines) || e.Column < 1 || e.Column > len(lines[e.Line-1])+1 {
			t.Errorf("%s: there is no such place", e)
		}
	}
}

func checkAccepted(t *testing.T, m *manifest.Manifest) {
	t.Helper()
	if m.Tool.ID.IsZero() || strings.TrimSpace(m.Tool.Purpose) == "" || len(m.Events) == 0 || len(m.Consent.Levels) == 0 {
		t.Errorf("incomplete: %+v", m)
	}
	keys := map[string]bool{}
	for i, f := range m.Fields {
		if key := f.Key.String(); keys[key] {
			t.Errorf("two fields at %s", key)
		} else {
			keys[key] = true
		}
		if strings.TrimSpace(f.Purpose) == "" {
			t.Errorf("field %s has no purpose", f.Name)
		}
		if got, ok := m.Field(f.Name); !ok || got != &m.Fields[i] {
			t.Errorf("field %s is not the only one of that name", f.Name)
		}
		if f.Default != nil {
			if _, err := f.Check(f.Default); err != nil {
				t.Errorf("the default of field %s: %v", f.Name, err)
			}
		}
	}
}
