package transport

import (
	"crypto/tls"
	"net/http"
	"time"
)

// maxHeaders is how much of an answer's headers is taken, in bytes.
const maxHeaders = 64 << 10

// idleTimeout is how long a connection is kept for the next request.
const idleTimeout = 90 * time.Second

// NewClient is the HTTP client for deliveries: HTTP/1.1, TLS 1.2 or later, the
// system's roots, proxies from the environment, and no redirect away from where
// the person agreed to send. It works for the transports of this package only.
func NewClient() *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Client{CheckRedirect: checkRedirect, Transport: &http.Transport{
		Proxy:                  proxyOf,
		DialContext:            dial,
		Protocols:              &protocols,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    AttemptTimeout,
		IdleConnTimeout:        idleTimeout,
		OnProxyConnectResponse: askedProxy,
		MaxIdleConnsPerHost:    ParallelPosts,
		MaxResponseHeaderBytes: maxHeaders,
	}}
}

// checkRedirect follows a redirect only if it repeats the POST at the same host
// and is no less safe. Any other is the answer itself, which is no success.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) >= 5 || next.Method != first.Method || next.URL.Host != first.URL.Host || next.URL.Scheme != first.URL.Scheme {
		return http.ErrUseLastResponse
	}
	return nil
}
