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
// request. A body that broke off is a page if its type says so.
func isPage(contentType string, body []byte, brokeOff bool) bool {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	kind = strings.TrimSpace(kind)
	typed := kind == "text/html" || kind == "application/xhtml+xml"
	switch {
	case brokeOff && typed:
		return true
	case json.Valid(body):
		return false
	case typed && bytes.ContainsRune(body, '<'):
		return true
	}
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), "\t\n\f\r ")
	if strings.HasPrefix(http.DetectContentType(body), "text/html") {
		return true
	}
	start := bytes.ToLower(body[:min(len(body), 1024)])
	return bytes.HasPrefix(start, []byte("<")) && slices.ContainsFunc(pageTags[:], func(tag string) bool { return bytes.Contains(start, []byte(tag)) })
}

// pageTags are what begins a page beside what [http.DetectContentType] knows.
var pageTags = [...]string{"<html", "<head", "<meta", "<body", "<script", "<form", "<title"}
