package transport

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// isPage reports whether an answer is a web page, which no receiver of telemetry
// sends: what sits between, such as the login of a hotel's network, has taken the
// request. What is called HTML is a page, be it in an encoding that cannot be read or
// cut short, unless it is nothing, JSON or at most most plain characters, as of
// receivers whose language has HTML for a default.
func isPage(contentType string, body []byte, brokeOff bool, most int) bool {
	typed := strings.Contains(strings.ToLower(contentType), "html") // or XHTML, or one of several
	text := bytes.ReplaceAll(body, []byte{0}, nil)                  // ASCII, if it was UTF-16
	for _, mark := range [...]string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		text = bytes.TrimPrefix(text, []byte(mark))
	}
	text = bytes.TrimSpace(text)
	switch {
	case brokeOff && typed, len(text) == 0 && len(body) >= maxAnswer:
		return true
	case len(body) == 0 || json.Valid(text):
		return false
	case typed:
		odd := func(r rune) bool { return r < ' ' || r > '~' || r == '<' }
		return most == 0 || len(text) > most || bytes.ContainsFunc(text, odd)
	}
	if strings.HasPrefix(http.DetectContentType(text), "text/html") {
		return true
	}
	start := bytes.ToLower(text[:min(len(text), 1024)])
	return bytes.HasPrefix(start, []byte("<")) && slices.ContainsFunc(pageTags[:], func(tag string) bool { return bytes.Contains(start, []byte(tag)) })
}

// pageText says that an answer is a web page, and how that is called.
func pageText(body []byte) string {
	title := ""
	lower := bytes.ToLower(body)
	if start := bytes.Index(lower, []byte("<title>")); start >= 0 && len(lower) == len(body) {
		start += len("<title>")
		if length := bytes.Index(lower[start:], []byte("</title>")); length > 0 {
			title = " \"" + string(body[start:start+min(length, 60)]) + "\""
		}
	}
	return "with a web page" + title + ", as of a network that wants a login, or a proxy"
}

// mostPlain is how many plain characters called HTML are no page: "OK", not a sentence.
const mostPlain = 16

// pageTags are what begins a page beside what [http.DetectContentType] knows.
var pageTags = [...]string{"<html", "<head", "<meta", "<body", "<script", "<form", "<title"}
