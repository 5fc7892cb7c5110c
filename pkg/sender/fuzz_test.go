package sender

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// FuzzRetryAfter holds that a server asks for no more than a day and no less than
// nothing, and that seconds are what they are as numbers of any size.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{
		"", "0", "1", " 120 ", "-1", "+5", "86400", "86401", "9223372036854775807", "-9223372036854775808", "-9223372037", "18446744073709551617",
		"1.5", "1e3", "0x10", "soon", noon.Add(time.Hour).Format(http.TimeFormat), noon.Add(-time.Hour).Format(http.TimeFormat),
		"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
	} {
		f.Add(value)
	}
	seconds := regexp.MustCompile(`^[+-]?[0-9]+$`)
	day := big.NewInt(24 * 60 * 60)
	f.Fuzz(func(t *testing.T, value string) {
		got := retryAfter(value, noon)
		if got < 0 || got > 24*time.Hour {
			t.Fatalf("%q is %v", value, got)
		}
		trimmed := strings.TrimSpace(value)
		n, ok := new(big.Int).SetString(trimmed, 10)
		if !ok || !seconds.MatchString(trimmed) {
			return
		}
		if n.Sign() < 0 {
			n.SetInt64(0)
		}
		if n.Cmp(day) > 0 {
			n.Set(day)
		}
		if want := time.Duration(n.Int64()) * time.Second; got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	})
}

// FuzzFill holds that a header's value is the template with values in the places
// that a regular expression finds, once, or that there is no header, and that no
// value brings in what a header cannot hold.
func FuzzFill(f *testing.F) {
	for _, template := range []string{"", "Bearer {a}", "{a}{b}", "{a}{a}", "{b", "}{a}", "{{a}}", "{c}", "{}", "x{a}{"} {
		f.Add(template, "value", int64(1))
	}
	f.Add("{a}", "{b}", int64(2))
	f.Add("{a}", "a\r\nHost: b", int64(3))
	f.Add("{a}", "ü\x7f", int64(4))
	f.Add("{a}{b}", "", int64(-5))
	braces := regexp.MustCompile(`\{([^}]*)\}`)
	f.Fuzz(func(t *testing.T, template, text string, number int64) {
		field := func(name string) *manifest.Field { return &manifest.Field{Name: name} }
		p := Payload{Fields: []FieldValue{
			{Field: field("a"), Value: text},
			{Field: field("b"), Value: jsondoc.Int(number)},
			{Field: field("withheld"), Value: "secret", Withheld: "it is above the level"},
			{Field: field("list"), Value: []any{"x"}},
			{Field: field("nothing")},
		}}
		values := map[string]string{"b": strconv.FormatInt(number, 10)}
		if !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }) {
			values["a"] = text
		}
		want, complete := "", true
		want = braces.ReplaceAllStringFunc(template, func(found string) string {
			value := values[found[1:len(found)-1]]
			complete = complete && value != ""
			return value
		})
		got, ok := p.fill(template)
		if ok != complete || ok && got != want {
			t.Errorf("%q with %q is %q, %t, want %q, %t", template, text, got, ok, want, complete)
		}
	})
}

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
		h := hidden{id.String()}
		part := id.String()[int(random[0])%20:]
		for _, spelled := range []string{part, part[:int(random[1])%len(part)], base64.StdEncoding.EncodeToString([]byte(before + id.String())), id.String(), strings.ToUpper(id.String()), strings.ReplaceAll(id.String(), "-", ""), strings.ReplaceAll(id.String(), "-", "%2D"), id.URN()} {
			note := h.note(before + spelled + after)
			if len([]rune(note)) > maxNote || !utf8.ValidString(note) || strings.TrimSpace(note) != note ||
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
			if again := h.note(note); again != note {
				t.Errorf("%q became %q", note, again)
			}
		}
	})
}

// FuzzAnswer holds that only a status of success that brings no web page is taken for
// an acceptance, and that JSON is no web page.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{"", "{}", "ok", "<!DOCTYPE html><html>", " \n<HTML>", `"<html>"`, "\xef\xbb\xbf<head>", "<?xml version=\"1.0\"?>", "<", "\x1b]0;<html>\x07"} {
		for _, kind := range []string{"", "text/html; charset=utf-8", "application/json"} {
			f.Add(200, kind, []byte(body), false)
		}
	}
	f.Add(101, "", []byte("<html>"), true)
	f.Add(302, "text/html", []byte("<html>"), false)
	f.Add(-1, "TEXT/HTML", []byte("<"), true)
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte, brokeOff bool) {
		page := isPage(kind, body, brokeOff, mostPlain)
		if page && !isPage(kind, body, brokeOff, 0) {
			t.Errorf("%q is a web page, but not for a deletion", body)
		}
		if page && !brokeOff && json.Valid(body) {
			t.Errorf("%q is a web page", body)
		}
		o := answer{status: status, page: page, body: body}.outcome()
		if want := status >= 200 && status < 300 && !page; (o.result == accepted) != want {
			t.Errorf("%d with %q is %v", status, body, o.result)
		}
		if len([]rune(o.note)) > maxNote || (o.result == accepted) != (o.note == "") {
			t.Errorf("%d with %q is noted as %q", status, body, o.note)
		}
	})
}
