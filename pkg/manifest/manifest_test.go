package manifest_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

func TestLookUps(t *testing.T) {
	m, err := manifest.Parse("mytool.toml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.EventNames(), []string{"run.start", "run.end"}; !slices.Equal(got, want) {
		t.Errorf("events: got %q, want %q", got, want)
	}
	if e, ok := m.Event("run.end"); !ok || e.Level != 2 {
		t.Errorf("run.end: got %v, %t", e, ok)
	}
	if e, ok := m.Event("run"); ok {
		t.Errorf("run: got %v", e)
	}
	if f, ok := m.Field("run.end"); ok {
		t.Errorf("field run.end: got %v", f)
	}
	for event, want := range map[string][]string{
		"run.start": {"duration", "features", "shape", "version", "source", "at", "user"},
		"run.end":   {"exit_code", "duration", "features", "shape", "version", "source", "at", "user"},
	} {
		var got []string
		for _, f := range m.FieldsOf(event) {
			got = append(got, f.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", event, got, want)
		}
	}
}

// TestIsLocal holds which endpoints are on this machine.
func TestIsLocal(t *testing.T) {
	for _, c := range []struct {
		transport manifest.Transport
		endpoint  string
		want      bool
	}{
		{manifest.File, "~/.t/x.log", true},
		{manifest.UDP, "127.0.0.1:1", true},
		{manifest.UDP, "udp://[::1]:1", true},
		{manifest.UDP, "localhost.example:1", false},
		{manifest.UDP, "", false},
		{manifest.HTTP, "http://localhost:1/x", true},
		{manifest.HTTP, "https://127.0.0.1.example/", false},
		{manifest.OTLP, "https://[::ffff:127.0.0.1]/", true},
	} {
		if got := (manifest.Send{Transport: c.transport, Endpoint: c.endpoint}).IsLocal(); got != c.want {
			t.Errorf("%s %s: %t", c.transport, c.endpoint, got)
		}
	}
}

func TestTerms(t *testing.T) {
	f := manifest.Field{Name: "exit_code", Type: manifest.Int, From: manifest.FromCaller}
	if got, want := f.Terms(), "exit_code (int from caller)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConst(t *testing.T) {
	for text, want := range map[string]struct {
		kind manifest.Type
		json string
	}{
		`value = "a<b"`:                        {manifest.String, `"a<b"`},
		`value = ""`:                           {manifest.String, `""`},
		`value = 9223372036854775807`:          {manifest.Int, `9223372036854775807`},
		`value = 1.0`:                          {manifest.Float, `1.0`},
		`value = false`:                        {manifest.Bool, `false`},
		`value = ["64bit", "ELF"]`:             {manifest.JSON, `["64bit","ELF"]`},
		`value = {}`:                           {manifest.JSON, `{}`},
		`value = {b = [1.0], a = 2}`:           {manifest.JSON, `{"a":2,"b":[1.0]}`},
		`type = "float", value = 1`:            {manifest.Float, `1.0`},
		`type = "strings", value = ["a"]`:      {manifest.Strings, `["a"]`},
		`type = "json", value = "null"`:        {manifest.JSON, `null`},
		`type = "json", value = '{"b":1e400}'`: {manifest.JSON, `{"b":1e400}`},
	} {
		m, err := manifest.Parse("t.toml", []byte(small+`field = [{name = "c", purpose = "p", from = "const", `+text+"}]\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		v, err := jsondoc.Parse([]byte(want.json))
		if err != nil {
			t.Fatal(err)
		}
		if f := m.Fields[0]; f.Type != want.kind || !reflect.DeepEqual(f.Const, v) {
			t.Errorf("%s: got %s %#v, want %s %#v", text, f.Type, f.Const, want.kind, v)
		}
	}
}

func TestSources(t *testing.T) {
	for _, s := range manifest.Sources() {
		if hash := strings.HasSuffix(string(s), "_hash"); s.IsHash() != hash {
			t.Errorf("%s is a hash: %t", s, s.IsHash())
		}
	}
}
