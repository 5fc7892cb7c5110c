package note

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/secret"
)

// FuzzNote holds that what a server says is kept as one short line of text that does
// not spell what was hidden from it, and that it stays as it is when it is kept again.
func FuzzNote(f *testing.F) {
	for _, text := range []string{
		"", "400 Bad Request", "unknown ID ", "\x1b[2J\u202e\n", "\xff", "see https://t.example/?token=abc&id=", `{"error": "`, strings.Repeat("x", 195), "https://user:", "%2d", "日本語 ",
	} {
		f.Add(text, []byte("0123456789abcdef"), "is not known")
	}
	f.Fuzz(func(t *testing.T, before string, random []byte, after string) {
		id, err := uuid.FromBytes(random)
		if err != nil {
			t.Skip(err)
		}
		h := Hidden{id.String()}
		part := id.String()[int(random[0])%20:]
		for _, spelled := range []string{part, part[:int(random[1])%len(part)], base64.StdEncoding.EncodeToString([]byte(before + id.String())), id.String(), strings.ToUpper(id.String()), strings.ReplaceAll(id.String(), "-", ""), strings.ReplaceAll(id.String(), "-", "%2D"), id.URN()} {
			note := h.Note(before + spelled + after)
			if len([]rune(note)) > Max || !utf8.ValidString(note) || strings.TrimSpace(note) != note ||
				strings.ContainsFunc(note, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsGraphic(r) }) {
				t.Errorf("the note is %q", note)
			}
			digits := strings.Map(func(r rune) rune {
				if r < unicode.MaxASCII && (unicode.IsDigit(r) || unicode.IsLetter(r)) {
					return unicode.ToLower(r)
				}
				if r == '|' {
					return r
				}
				return -1
			}, strings.ReplaceAll(note, secret.Mask, "|"))
			for plain := strings.ReplaceAll(id.String(), "-", ""); len(plain) >= 10; plain = plain[1:] {
				if strings.Contains(digits, plain[:10]) {
					t.Errorf("the note tells %s: %q", id, note)
				}
			}
			if again := h.Note(note); again != note {
				t.Errorf("%q became %q", note, again)
			}
		}
	})
}

// TestUUIDs holds that no note has a UUID, whosever it is, and that other numbers stay.
func TestUUIDs(t *testing.T) {
	const id = "3f2b8c1e-9d4a-4f6b-8a27-0c5d1e9b7f60"
	plain := strings.ReplaceAll(id, "-", "")
	for _, spelled := range []string{id, strings.ToUpper(id), plain, "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", "%2D"), id + id} {
		note := Hidden{}.Note("503 the installation " + spelled + " is unknown")
		if strings.Contains(strings.ToLower(note), "3f2b8c1e") || !strings.HasPrefix(note, "503 the installation ") || !strings.HasSuffix(note, " is unknown") {
			t.Errorf("%s: %q", spelled, note)
		}
	}
	for _, text := range []string{"at 2026-11-28 23:54:41 from 10.0.0.1:443, 1234567890123456", "decade - feed", "deadbeef-cafe-deadbeef-cafe-0000"} {
		if note := (Hidden{}).Note(text); note != text {
			t.Errorf("%q became %q", text, note)
		}
	}
	if note := (Hidden{}).Note("x" + strings.Repeat(" ", maxSaid-20) + id); note != "x" {
		t.Errorf("cut in between: %q", note)
	}
}
