package transport

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/note"
)

// TestNote holds what is kept of what a server says: nothing that is secret in the
// request.
func TestNote(t *testing.T) {
	const id, key = "11111111-2222-4333-8444-abcdefabcdef", "Write/Key+01234567"
	w := Wire{
		URL:     "https://a.example/v1?token=Query%2FToken1",
		Headers: []manifest.Header{{Name: "Authorization", Value: "Basic V3JpdGUvS2V5KzAxMjM0NTY3Og=="}, {Name: "X-Auth", Value: "HeaderSecret"}, {Name: "X-Plain", Value: "Bearer BearerToken"}, {Name: "X-Shown", Value: "shown"}, {Name: "X-Tab", Value: "Bearer\tTabbed08"}, {Name: "X-Named", Value: "v=1;apikey=Named678"}, {Name: "X-Nested", Value: "https%3A%2F%2Fh%2F%3Ftoken%3DNested78"}},
	}
	h := hiddenOf(w, []string{id})
	for _, c := range [][2]string{
		{"", ""},
		{"plain words", "plain words"},
		{"two\nlines\r\n\tand\x00\x1b[31m \u202eall\u2028this", "two lines and [31m all this"},
		{"bad \xff\xfe bytes", "bad \ufffd bytes"},
		{"no such ID: " + id, "no such ID: ********"},
		{strings.ToUpper(id) + "!", "********!"},
		{"{" + strings.ReplaceAll(id, "-", "") + "}", "{********}"},
		{"urn:uuid:" + id, "urn:uuid:********"},
		{strings.ReplaceAll(id, "-", "%2D"), "********"},
		{strings.ReplaceAll(id, "-", `\u002d`), "********"},
		{strings.ReplaceAll(id, "-", "&#x2D;"), "********"},
		{strings.ReplaceAll(id, "-", ": "), "********"},
		{"cut: " + id[:20], "cut: ********"},
		{"another: 99999999-2222-4444-8444-fedcbafedcba", "another: ********"},
		{"unknown id " + id[:23] + "... ", "unknown id ********..."},
		{"unknown id " + id[:12] + "... ", "unknown id ********..."},
		{"unknown id " + id[5:17] + "!", "unknown id ********!"},
		{"of no use: ..." + id[24:], "of no use: ...********"},
		{"unknown id " + id[:9] + "... ", "unknown id 11111111-..."},
		{strings.Join(strings.Split(id, ""), strings.Repeat(" ", 20)), "********"},
		{"the key: " + key[4:], "the key: ********"},
		{"the key " + key[:13] + "*****", "the key *************"},
		{"in JSON: " + base64.StdEncoding.EncodeToString([]byte(`{"key":"`+key+`"}`)), "in JSON: eyJrZXkiOiJ********ifQ=="},
		{"in JSON: " + base64.URLEncoding.EncodeToString([]byte(` {"key":"`+key+`"}`)), "in JSON: IHsia2V5Ijoi********In0="},
		{"in JSON: " + base64.StdEncoding.EncodeToString([]byte(`  {"key":"`+key+`"}`)), "in JSON: ICB7ImtleSI6Il********yJ9"},
		{"in hex: " + hex.EncodeToString([]byte(key)), "in hex: ********"},
		{"in hex: " + strings.ToUpper(hex.EncodeToString([]byte(id[:20]))), "in hex: ********"},
		{"the key " + key, "the key ********"},
		{"the key Write%2FKey%2B01234567", "the key ********"},
		{"the key V3JpdGUvS2V5KzAxMjM0NTY3Og==", "the key ********=="},
		{"the key V3JpdGUvS2V5KzAxMjM0NTY3", "the key ********"},
		{"HeaderSecret headersecret BearerToken Query/Token1 Query%2FToken1", "********"},
		{"shown", "shown"},
		{"Tabbed08, Named678, Nested78", "********"},
		{`at "https://b.example/?token=other": no`, `at "https://b.example/?token=********": no`},
		{"through http://me:word@proxy.example:3128", "through http://********@proxy.example:3128"},
	} {
		if got := h.Note(c[0]); got != c[1] {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
	if got := []rune(h.Note(strings.Repeat("ä", 1000))); len(got) != note.Max || got[note.Max-1] != '…' {
		t.Errorf("%d characters: %q", len(got), string(got))
	}
	if got := h.Note(strings.Repeat(" ", 1000) + strings.Repeat("x", note.Max)); got != strings.Repeat("x", note.Max) {
		t.Errorf("%q", got)
	}
}
