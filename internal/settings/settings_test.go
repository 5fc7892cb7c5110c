package settings_test

import (
	"errors"
	"testing"

	"github.com/usagectl/usagectl/internal/settings"
)

func TestRead(t *testing.T) {
	for _, test := range []struct{ format, document, key, want string }{
		{"json", `{"telemetry": {"enabled": false}}`, "/telemetry/enabled", "false"},
		{"json", `{"a": "word"}`, "/a", "word"},
		{"jsonc", "{\n  // as editors allow\n  \"a.b\": \"off\", /* and */\n}", "/a.b", "off"},
		{"json", `{"a": 1}`, "/a", "1"},
		{"json", `{"a": 1.5}`, "/a", "1.5"},
		{"json", `{"a/b": {"c~d": true}}`, "/a~1b/c~0d", "true"},
		{"toml", "[browser]\ngatherUsageStats = false\n", "/browser/gatherUsageStats", "false"},
		{"toml", "enable = 1\n", "/enable", "1"},
		{"yaml", "telemetry:\n  enabled: no\n", "/telemetry/enabled", "no"},
		{"yaml", "telemetry:\n  enabled: false\n", "/telemetry/enabled", "false"},
		{"yaml", "send_metrics: \"off\"\n", "/send_metrics", "off"},
		{"yaml", "level: 3\n", "/level", "3"},
		{"yaml", "# comment\nmongosh:\n  forceDisableTelemetry: true\n", "/mongosh/forceDisableTelemetry", "true"},
		{"yaml", "---\n\"quoted key\": 'it''s'\n", "/quoted key", "it's"},
		{"yaml", "{a: {b: 1.5}}\n", "/a/b", "1.5"},
		{"yaml", "\ufeffa: true\n", "/a", "true"},
		{"yaml", "---\n# ----------\na: true\n# ----------\n", "/a", "true"},
		{"yaml", "1: x\na: true\n", "/a", "true"},
		{"ini", "[core]\ncollect_telemetry = no\n", "/core/collect_telemetry", "no"},
		{"ini", "[core]\n# comment\n; another\nanalytics=False\nbare\n", "/core/analytics", "False"},
		{"ini", "[core]\r\na = no\r\n[other]\r\na: yes\r\n", "/core/a", "no"},
		{"ini", "top = 1\n[core]\ntop = 2\n", "/top", "1"},
		{"json", `{"a": "False"}`, "/a", `"False"`},
		{"toml", "a = \"true\"\n", "/a", `"true"`},
		{"yaml", "a: 'false'\n", "/a", `"false"`},
		{"yaml", "a: FALSE\n", "/a", "FALSE"},
		{"ini", "[core]\na = \"no\"\nb = no ; why\nc = no # why\nd = no\n", "/core/a", `"no"`},
		{"ini", "[core]\na = no ; why\nb = no\n", "/core/a", "no ; why"},
		{"ini", "[core]\na = no # why\nb = no\n", "/core/a", "no # why"},
		{"configobj", "[core]\n    remote = x\n    analytics = false\n", "/core/analytics", "false"},
		{"dotenv", "B=1\nexport A='false' # why\n", "/A", "false"},
		{"text", "off 2026-11-22\n", "", "off"},
		{"text", "opt-out", "/ignored", "opt-out"},
		{"text", "", "", ""},
	} {
		got, err := settings.Read(test.format, []byte(test.document), test.key)
		if got != test.want || err != nil {
			t.Errorf("%s %q %s: got %q, %v; want %q", test.format, test.document, test.key, got, err, test.want)
		}
	}
}

func TestNothingThere(t *testing.T) {
	for _, test := range []struct{ format, document, key string }{
		{"json", `{}`, "/a"},
		{"json", `{"a": 1}`, "/a/b"},
		{"json", `{"a": null}`, "/a"},
		{"json", `[1]`, "/0"},
		{"toml", "", "/a"},
		{"yaml", "", "/a"},
		{"yaml", "- a\n- b\n", "/a"},
		{"yaml", "a: &x {b: 1}\n", "/a/c"},
		{"yaml", "a:\n", "/a"},
		{"ini", "", "/core/a"},
		{"ini", "[core]\n", "/core/a"},
		{"dotenv", "B=1", "/A"},
		{"dotenv", "# A=1", "/A"},
	} {
		if got, err := settings.Read(test.format, []byte(test.document), test.key); got != "" || !errors.Is(err, settings.ErrNone) {
			t.Errorf("%s %q %s: got %q, %v", test.format, test.document, test.key, got, err)
		}
	}
}

// TestNotPlain holds that what is there and no plain value is not taken for not there.
func TestNotPlain(t *testing.T) {
	for _, test := range []struct{ format, document, key string }{
		{"json", `{"a": {}}`, "/a"},
		{"json", `{"a": [false]}`, "/a"},
		{"toml", "a = [false]", "/a"},
		{"toml", "a = 2026-01-01", "/a"},
		{"yaml", "a: {b: 1}\n", "/a"},
		{"yaml", "a: [false]\n", "/a"},
		{"yaml", "x: &x false\na: *x\n", "/a"},
		{"yaml", "x: &x {b: false}\na: *x\n", "/a/b"},
		{"yaml", "x: &x {b: false}\na:\n  <<: *x\n", "/a/b"},
		{"ini", "[core]\na = no\n  more\nb = no\n", "/core/a"},
		{"configparser", "[core]\na: no\n", "/core/a"},
		{"ini", "[core]\n\"a\" = no\n", "/core/a"},
		{"ini", "[core]\nA = no\n", "/core/a"},
		{"ini", "[Core]\na = no\n", "/core/a"},
		{"ini", "[core] # why\na = no\n", "/core/a"},
		{"ini", "[DEFAULT]\na = no\n", "/core/a"},
		{"ini", "[core]\na = no\na = yes\n", "/core/a"},
		{"ini", "[core]\nx = C:\\d\\\na = no\n", "/core/a"},
		{"ini", "[core]\rx = 1\ra = no\r", "/core/a"},
		{"ini", "[core]\na\n", "/core/a"},
		{"dotenv", "A=1\nA=0\n", "/A"},
		{"yaml", "---\n---\na: false\n", "/a"},
		{"ini", "[core]\na = yes\n  b = no\n", "/core/b"},
		{"yaml", "? a\n: false\n", "/a"},
		{"yaml", "&k a: false\n", "/a"},
		{"yaml", "!!str a: false\n", "/a"},
		{"yaml", "---\nb: 1\n---\na: false\n", "/a"},
		{"dotenv", "B=\"C:\\x\\\"\nA=\"true\"\n", "/A"},
	} {
		if got, err := settings.Read(test.format, []byte(test.document), test.key); got != "" || !errors.Is(err, settings.ErrNotPlain) {
			t.Errorf("%s %q %s: got %q, %v", test.format, test.document, test.key, got, err)
		}
	}
	for document, want := range map[string]string{"a: &x false\n": "false", "x: &x {b: 1}\na:\n  <<: *x\n  b: 2\n": "2"} {
		key := map[bool]string{true: "/a", false: "/a/b"}[want == "false"]
		if got, err := settings.Read("yaml", []byte(document), key); got != want || err != nil {
			t.Errorf("%q: got %q, %v; want %q", document, got, err, want)
		}
	}
}

func TestBadDocuments(t *testing.T) {
	for _, test := range []struct{ format, document string }{
		{"json", "{"}, {"json", "{\"a\": 1,}"}, {"json", "{\"a\": 1 // why\n}"}, {"json", "\ufeff{\"a\": 1}"}, {"json", "{'a': 1}"}, {"toml", "= 1"}, {"yaml", "a: [1"}, {"xml", "<a/>"}, {"", ""},
	} {
		got, err := settings.Read(test.format, []byte(test.document), "/a")
		if got != "" || err == nil || errors.Is(err, settings.ErrNone) {
			t.Errorf("%s %q: got %q, %v", test.format, test.document, got, err)
		}
	}
	if _, err := settings.Read("xml", nil, "/a"); !errors.Is(err, settings.ErrFormat) {
		t.Error(err)
	}
}

// FuzzRead holds that no file of another program makes this one fail.
func FuzzRead(f *testing.F) {
	for _, format := range []string{"json", "toml", "yaml", "ini", "configparser", "configobj", "dotenv", "jsonc", "text"} {
		f.Add(format, []byte("a: &a [*a]\n[b]\nc=1"), "/b/c")
	}
	f.Fuzz(func(t *testing.T, format string, data []byte, key string) {
		if value, err := settings.Read(format, data, key); err != nil && value != "" {
			t.Errorf("a value and an error: %q, %v", value, err)
		}
	})
}
