package jsondoc

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestSpelt holds that what would be changed without a word is an error, and nothing else is.
func TestSpelt(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":"ä\u00e4\ud83d\ude00"}`: "",
		`{"a":"\\ud800 \\\\ud800"}`:   "",
		`{"a":"\u0000\u001f"}`:        "",
		"{\"a\":\"\ufffd\"}":          "",
		"{\"a\":\"x\xff\"}":           "byte 8 is no UTF-8",
		"{\"\xed\xa0\x80\":1}":        "byte 3 is no UTF-8",
		`{"a":"\ud800"}`:              `\ud800 is half of a character`,
		`{"a":"\ud800\u0041"}`:        `\ud800 is half of a character`,
		`{"a":"\\\udc00x"}`:           `\udc00 is half of a character`,
	} {
		_, err := ParseObject([]byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzSpelt holds that what is well spelt stays as it is, and that nothing is so by accident.
func FuzzSpelt(f *testing.F) {
	for _, text := range []string{"", "\\", `\u`, `\ud800`, `\ud83d\ude00`, `\\`, "\xff", `x\\\ud800y`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, inside string) {
		text := []byte(`"` + inside + `"`)
		var got string
		if json.Unmarshal(text, &got) != nil {
			_ = spelt(text) // returns
			return
		}
		replaced := strings.Count(got, "\ufffd") > strings.Count(inside, "\ufffd")+strings.Count(strings.ToLower(inside), `\ufffd`)
		if bad := spelt(text) != nil; bad != replaced {
			t.Errorf("%q became %q, and is an error: %v", inside, got, bad)
		}
	})
}
