package transport

// resultOf is what becomes of a message or a deletion request that was answered with a
// status of HTTP, with a web page or not. A page is no receiver's own answer (see
// [isPage]): a proxy, a network that wants a login, or a web server before the receiver
// has made it, with whatever status, and knows nothing of the message. So it ends none: a
// message is tried again, which costs an attempt now and then, where rejecting it would
// lose what was taken in a hotel. But a service that was closed for good (410) says so
// by the page of the web server that is left, and no network that lies on the way does.
func resultOf(status int, page bool) Result {
	if page && status != 410 {
		return Retry
	}
	return resultOfStatus(status)
}

// resultOfStatus is the result where the receiver itself has answered. It is the one table of this, for every kind of receiver; that of
// docs/collecting.md is the same.
//
// What somebody can repair, at the receiver or on the way to it, is tried again, up to
// the age bound of the outbox: rejecting it would lose what was taken while it was
// broken. Rejected is only what will never be accepted as it is; it is moved aside, and
// "flush --rejected" tries it again.
//
// The OTLP specification ("OTLP/HTTP Response") has its clients drop what is answered
// with anything but 429, 502, 503 and 504. It is not followed in that: a receiver that
// answers 500 or 401 for an hour would lose that hour.
func resultOfStatus(status int) Result {
	switch status {
	case 401: // Unauthorized: a key is not known yet, or has run out
		return Retry
	case 403: // Forbidden: a firewall, or rights that are not given yet
		return Retry
	case 404: // Not Found: the service is being moved, is not deployed, or a route is missing
		return Retry
	case 407: // Proxy Authentication Required: a proxy on the way wants to know who asks
		return Retry
	case 408: // Request Timeout: the request was too slow
		return Retry
	case 421: // Misdirected Request: another server has answered
		return Retry
	case 423: // Locked: it is busy with the same
		return Retry
	case 425: // Too Early: it wants to see the request once more
		return Retry
	case 429: // Too Many Requests: it wants to be asked later
		return Retry
	case 501: // Not Implemented: it will not learn the method
		return Rejected
	case 505: // HTTP Version Not Supported: nor the version
		return Rejected
	}
	switch {
	case status < 200: // the answer to the request never came: it goes on in another protocol, or not at all
		return Retry
	case status < 300: // whichever word it has for it: sending it again would be sending it twice
		return Accepted
	case status < 400: // a redirect that is not followed: only the host that was agreed to gets an event
		return Rejected
	case status < 500:
		// The message is wrong (400, 411, 413, 414, 415, 422, 431), the receiver takes none there
		// (405, 410, 451), or it asks for what no message has (402, 406, 409, 412, 416, 417, 424,
		// 426, 428). A class that says no more is what 400 is (RFC 9110, section 15).
		return Rejected
	}
	return Retry // the server failed (500, 502, 503, 504, 511 …), or said what HTTP does not know
}
