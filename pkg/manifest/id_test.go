package manifest_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

func TestParseID(t *testing.T) {
	for text, want := range map[string]bool{
		"a": true, "0": true, "flwr-datasets": true, "a.b_c-d": true, "a..": runtime.GOOS != "windows", "a-": true, "alls": true,
		strings.Repeat("a", 64): true,
		"":                      false, "all": false, "ALL": false, "A": false, "../x": false, "..": false, ".a": false, "-rf": false, "_a": false,
		"a/b": false, `a\b`: false, "a b": false, "a\n": false, "a\x00": false, "ä": false, "a:b": false,
		strings.Repeat("a", 65): false,
	} {
		id, err := manifest.ParseID(text)
		if (err == nil) != want || id.IsZero() == want {
			t.Errorf("%q: %v, %v", text, id, err)
		}
		if want && id.String() != text {
			t.Errorf("%q is spelled %q", text, id)
		}
	}
}

func TestIDAsJSON(t *testing.T) {
	var id manifest.ID
	if err := json.Unmarshal([]byte(`"demo"`), &id); err != nil || id.String() != "demo" {
		t.Errorf("got %q, %v", id, err)
	}
	if b, err := json.Marshal(id); err != nil || string(b) != `"demo"` {
		t.Errorf("got %s, %v", b, err)
	}
	for _, text := range []string{`"../x"`, `"all"`, `""`, `1`, `null`} {
		if err := json.Unmarshal([]byte(text), &id); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"a\x1b[31m\n":              `"a\x1b[31m\n"`,
		strings.Repeat("ä", 60):    `"` + strings.Repeat("ä", 60) + `"`,
		strings.Repeat("ä", 61):    `"` + strings.Repeat("ä", 60) + `"… (122 bytes)`,
		"\xff":                     `"\xff"`,
		strings.Repeat("\xff", 61): `"` + strings.Repeat(`\xff`, 60) + `"… (61 bytes)`,
	} {
		if got := manifest.Quote(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
