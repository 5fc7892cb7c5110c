package transport

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/sender/internal/note"
)

// utf16 is an ASCII text in UTF-16.
func utf16(text string) string { return strings.Join(strings.Split(text, ""), "\x00") + "\x00" }

// TestPages holds what is taken for a web page, and what is for a deletion request.
func TestPages(t *testing.T) {
	const yes, no, strict = "a page", "no page", "a page for a deletion"
	for _, c := range []struct {
		kind, body string
		brokeOff   bool
		want       string
	}{
		{"text/html", "<html></html>", false, yes},
		{"TEXT/HTML; charset=x", "Please <b>log in</b>", false, yes},
		{"text/html", "Please log in to go on", false, yes},
		{"text/html", "Log in at 10.0.0.1", false, yes},
		{"text/html", "<", false, yes},
		{"text/html, text/plain", "Please log in to go on", false, yes},
		{"text/plain,text/html;charset=utf-8", "Please log in to go on", false, yes},
		{"application/xhtml+xml", `<?xml version="1.0"?><html/>`, false, yes},
		{"application/json", "<!doctype html>", false, yes},
		{"", "\n  <HTML><head>", false, yes},
		{"", "\xef\xbb\xbf<html>", false, yes},
		{"text/plain", `<meta http-equiv="refresh" content="0; url=http://login.example">`, false, yes},
		{"", `<?xml version="1.0"?><!-- x --><html>`, false, yes},
		{"", strings.Repeat("\r\n\t ", 10000) + "<html>", false, yes},
		{"text/plain", strings.Repeat(" ", maxAnswer), false, yes},
		{"text/html", "", true, yes},
		{"text/html", "\x1b\x03\x00\x8f", false, yes}, // in Brotli, say
		{"text/html", "\x28\xb5\x2f\xfd\x04", false, yes},
		{"text/html", "\xff\xfe" + utf16("Please log in to go on"), false, yes},
		{"text/html", utf16("<p>log in"), false, yes},
		{"text/plain", "\xff\xfe" + utf16("<html>"), false, yes},
		{"", "\xfe\xff\x00" + utf16("<!doctype html>"), false, yes},
		{"", utf16(" <html>"), false, yes},
		{"text/html", "OK", false, strict},
		{"text/html", "  accepted\n", false, strict},
		{"text/html", "a < b", false, yes},
		{"text/html", "1234567890123456", false, no}, // which is JSON
		{"text/html", "123456789012345x", false, strict},
		{"text/html", "1234567890123456x", false, yes},
		{"text/html", "", false, no},
		{"text/html", " \r\n", false, strict},
		{"text/plain", " \r\n", false, no},
		{"text/html", `{"text":"a < b"}`, false, no},
		{"application/json", `{"text":"<html>"}`, false, no},
		{"application/json", "", true, no},
		{"text/plain", "ok <3", false, no},
		{"text/plain", "Please log in to go on", false, no},
		{"application/xml", `<?xml version="1.0"?><ok/>`, false, no},
		{"application/x-protobuf", "\x0a\x08\x12\x06<html>", false, no},
		{"", "", false, no},
	} {
		got := no
		switch {
		case isPage(c.kind, []byte(c.body), c.brokeOff, mostPlain):
			got = yes
		case isPage(c.kind, []byte(c.body), c.brokeOff, 0):
			got = strict
		}
		if got != c.want {
			t.Errorf("%q %.60q, broke off %v: %s, want %s", c.kind, c.body, c.brokeOff, got, c.want)
		}
	}
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
		o := judge(status, page, body)
		o.Note = note.Hidden{}.Note(o.Note)
		if want := status >= 200 && status < 300 && !page; (o.Result == Accepted) != want {
			t.Errorf("%d with %q is %v", status, body, o.Result)
		}
		if page && o.Result == Rejected && status != 410 {
			t.Errorf("a page with %d ends a message", status)
		}
		if len([]rune(o.Note)) > note.Max || (o.Result == Accepted) != (o.Note == "") {
			t.Errorf("%d with %q is noted as %q", status, body, o.Note)
		}
	})
}

// TestPageText holds what is said of a web page: how it is called, if that can be told.
func TestPageText(t *testing.T) {
	const before, behind = "with a web page", ", as of a network that wants a login, or a proxy"
	for body, title := range map[string]string{
		"":                       "",
		"<html><p>Log in":        "",
		"<TITLE>Log in</TITLE>":  " \"Log in\"",
		"<title></title>":        "",
		"<title>never ends":      "",
		"\u0130<title>x</title>": "", // which is longer in lower case
		"<title>" + strings.Repeat("x", 99) + "</title>": ` "` + strings.Repeat("x", 60) + `"`,
	} {
		if got := pageText([]byte(body)); got != before+title+behind {
			t.Errorf("%q: %q", body, got)
		}
	}
}
