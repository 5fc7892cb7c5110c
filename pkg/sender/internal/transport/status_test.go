package sender

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// kept are the statuses that somebody can repair, which are tried again.
var kept = []int{401, 403, 404, 407, 408, 421, 423, 425, 429}

// wanted is the table once more: what becomes of a message that got a status.
func wanted(status int) result {
	switch {
	case status == 501, status == 505:
		return rejected
	case status < 200, status >= 500, slices.Contains(kept, status):
		return retry
	case status < 300:
		return accepted
	}
	return rejected
}

// TestStatuses holds what every status makes of a message, for everybody who makes
// requests, with a web page, JSON or nothing as the answer.
func TestStatuses(t *testing.T) {
	answers := map[string]struct{ kind, body string }{
		"page": {"text/html; charset=utf-8", "<!DOCTYPE html><title>Log in</title>"}, "json": {"application/json", `{"text":"<html>"}`}, "empty": {"", ""},
	}
	for user, use := range users(t) {
		for kind, answer := range answers {
			for status := 100; status < 600; status++ {
				client := &http.Client{CheckRedirect: checkRedirect, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {answer.kind}}, Body: io.NopCloser(strings.NewReader(answer.body))}, nil
				})}
				want := wanted(status)
				if want == accepted && kind == "page" {
					want = retry
				}
				if out := use(t.Context(), client, nowhere); out.result != want || out.status != status || (out.note == "") != (want == accepted) {
					t.Fatalf("%s, %s, %d: %+v, want the result %v", user, kind, status, out, want)
				}
			}
		}
	}
}

// TestStatusTable holds that the table in the documentation is the one that counts.
func TestStatusTable(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "collecting.md"))
	if err != nil {
		t.Fatal(err)
	}
	said := map[int]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([1-9][^|]*) \| (accepted|tried again|rejected) \|`).FindAllSubmatch(page, -1) {
		for _, part := range strings.Split(string(row[1]), ",") {
			part = strings.TrimSpace(part)
			if class, ok := strings.CutSuffix(part, "xx"); ok {
				n, err := strconv.Atoi(class)
				if err != nil {
					t.Fatal(err)
				}
				for status := n * 100; status < n*100+100; status++ {
					if said[status] == "" { // single statuses stand above their class
						said[status] = string(row[2])
					}
				}
				continue
			}
			n, err := strconv.Atoi(part)
			if err != nil || said[n] != "" {
				t.Fatalf("%q: %v, %q", part, err, said[n])
			}
			said[n] = string(row[2])
		}
	}
	for status := 100; status < 600; status++ {
		if want := [...]string{accepted: "accepted", retry: "tried again", rejected: "rejected"}[resultOf(status)]; said[status] != want {
			t.Errorf("%d: the page says %q, the program does %q", status, said[status], want)
		}
	}
}

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

// TestStrictDeletions holds that the short answer of a naive receiver is taken for an
// event's acceptance, and never for a deletion's, by either method.
func TestStrictDeletions(t *testing.T) {
	for body, want := range map[string]result{"OK": retry, "{}": accepted, "": accepted} {
		client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/plain", "text/html"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})}
		if out := users(t)["http"](t.Context(), client, nowhere); out.result != accepted {
			t.Errorf("an event, %q: %+v", body, out)
		}
		s := newSender(t)
		s.Client = client
		d := filed(t, s, toolAt(t, "mytool", nowhere, byHTTP(nowhere)))
		byEvent := s.quietMedium().transportOf(sending(t, `transport = "http"`, nowhere)).carry(t.Context(), []parcel{aMessage(1)})[0]
		for method, out := range map[string]outcome{"http": s.askOne(t.Context(), &d, d.Requests[0]), "event": byEvent} {
			if out.result != want {
				t.Errorf("a deletion by %s, %q: %+v", method, body, out)
			}
		}
	}
}

// TestNote holds what is kept of what a server says.
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
		{"another: 99999999-2222-4444-8444-fedcbafedcba", "another: 99999999-2222-4444-8444-fedcbafedcba"},
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
		if got := h.note(c[0]); got != c[1] {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
	if got := []rune(h.note(strings.Repeat("ä", 1000))); len(got) != maxNote || got[maxNote-1] != '…' {
		t.Errorf("%d characters: %q", len(got), string(got))
	}
	if got := h.note(strings.Repeat(" ", 1000) + strings.Repeat("x", maxNote)); got != strings.Repeat("x", maxNote) {
		t.Errorf("%q", got)
	}
}

// TestPartialSuccessIsShort holds that what a collector says of a batch is kept short.
func TestPartialSuccessIsShort(t *testing.T) {
	partial := appendBytes(nil, 1, appendBytes(appendVarint(nil, 1, 1), 2, strings.Repeat("no ", 1<<20)+sampleID))
	client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(partial))}, nil
	})}
	out := users(t)["otlp"](t.Context(), client, nowhere)
	if out.result != rejected || len([]rune(out.note)) != maxNote || !strings.HasPrefix(out.note, "the receiver rejected 1 of 1: no") {
		t.Errorf("%v", fmt.Sprint(out))
	}
}
