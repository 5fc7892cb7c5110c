package transport

import "net/http"

// resultOf is what becomes of a message or a deletion request that got a status of
// HTTP, of every kind of receiver. What somebody can repair, at the receiver or on
// the way to it, is tried again; docs/collecting.md has the same table.
func resultOf(status int) Result {
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
		return Retry
	case http.StatusNotImplemented, // 501: it will not learn the method
		http.StatusHTTPVersionNotSupported: // 505: nor the version
		return Rejected
	}
	switch {
	case status < 200: // it went on in another protocol, or not at all
		return Retry
	case status < 300:
		return Accepted // whichever word it has for it: to send it again would be to send it twice
	case status < 400: // a redirect that must not be followed
		return Rejected
	case status < 500: // the message is wrong (400, 413, 414, 415, 422), or the receiver is gone for good (410)
		return Rejected
	}
	return Retry // the server failed, or said what HTTP does not know (RFC 9110, section 15)
}
