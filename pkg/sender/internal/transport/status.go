package sender

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// resultOf is what becomes of a message or a deletion request that got a status of
// HTTP, of every kind of receiver. What somebody can repair, at the receiver or on
// the way to it, is tried again; docs/collecting.md has the same table.
func resultOf(status int) result {
	switch status {
	case http.StatusUnauthorized, // 401: a key is not known yet, or has run out
		http.StatusForbidden,          // 403: a firewall, or rights that are not given yet
		http.StatusNotFound,           // 404: the service is not deployed, or a route is missing
		http.StatusProxyAuthRequired,  // 407: a proxy on the way wants to know who asks
		http.StatusRequestTimeout,     // 408: the request was too slow
		http.StatusMisdirectedRequest, // 421: another server has answered
		http.StatusLocked,             // 423: it is busy with the same
		http.StatusTooEarly,           // 425: it wants to see the request once more
		http.StatusTooManyRequests:    // 429: it wants to be asked later
		return retry
	case http.StatusNotImplemented, // 501: it will not learn the method
		http.StatusHTTPVersionNotSupported: // 505: nor the version
		return rejected
	}
	switch {
	case status < 200: // it went on in another protocol, or not at all
		return retry
	case status < 300:
		return accepted // whichever word it has for it: to send it again would be to send it twice
	case status < 400: // a redirect that must not be followed
		return rejected
	case status < 500: // the message is wrong (400, 413, 414, 415, 422), or the receiver is gone for good (410)
		return rejected
	}
	return retry // the server failed, or said what HTTP does not know (RFC 9110, section 15)
}

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

// mostPlain is how many plain characters called HTML are no page: "OK", not a sentence.
const mostPlain = 16

// pageTags are what begins a page beside what [http.DetectContentType] knows.
var pageTags = [...]string{"<html", "<head", "<meta", "<body", "<script", "<form", "<title"}
