package sender

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// maxAnswer is how much of an answer is read, in bytes; OTLP has its own bound.
const maxAnswer = 64 << 10

// maxHeaders is how much of an answer's headers is taken, in bytes.
const maxHeaders = 64 << 10

// idleTimeout is how long a connection is kept for the next request.
const idleTimeout = 90 * time.Second

// NewClient is the HTTP client for deliveries: HTTP/1.1, TLS 1.2 or later, the
// system's roots, proxies from the environment, and no redirect away from where
// the person agreed to send. It works for a [Sender] only.
func NewClient() *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Client{CheckRedirect: checkRedirect, Transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dial,
		Protocols:              &protocols,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    attemptTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    parallelPosts,
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

// answer is what a server said, or why it said nothing.
type answer struct {
	status     int
	retryAfter time.Duration
	page       bool // it is a web page
	body       []byte
	err        error // nil if there is a status
	wrote      bool  // a byte of the request may have left
	hide       hidden
}

// post makes one attempt at sending one request, and reads at most limit bytes of
// the answer. What the answer says is shown without the secrets of the request and
// without private, such as the source ID.
func (m medium) post(ctx context.Context, w Wire, limit int64, private ...string) answer {
	a := begin(ctx, m.may)
	got := m.try(a, w, limit)
	got.wrote = a.finish(strings.HasPrefix(w.URL, "https:"))
	got.hide = hiddenOf(w, private)
	return got
}

// try is the request and its answer. A failure of the answer's body is not an error
// once the status is there.
func (m medium) try(a *attempt, w Wire, limit int64) answer {
	req, err := http.NewRequestWithContext(a.ctx, w.Method, w.URL, bytes.NewReader(w.Body))
	if err != nil {
		return answer{err: err}
	}
	for _, h := range w.Headers {
		req.Header.Set(h.Name, h.Value)
	}
	resp, err := m.client.Do(req)
	if err != nil {
		var stop *stopped
		if errors.As(context.Cause(a.ctx), &stop) {
			err = stop
		}
		return answer{err: err}
	}
	defer resp.Body.Close()
	got := answer{status: resp.StatusCode, retryAfter: retryAfter(resp.Header.Get("Retry-After"), m.now())}
	if got.status >= 200 { // after 101 comes another protocol, without an end
		got.body, err = io.ReadAll(io.LimitReader(resp.Body, limit)) // what was read is what there is to show
		most := mostPlain
		if m.strict {
			most = 0
		}
		got.page = isPage(strings.Join(resp.Header.Values("Content-Type"), ","), got.body, err != nil, most)
	}
	return got
}

// retryAfter reads the header's two forms, seconds and a date (RFC 9110, section 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(value)); err == nil || errors.Is(err, strconv.ErrRange) { // then it is the nearest int
		return time.Duration(max(0, min(seconds, int(maxRetryAfter/time.Second)))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, min(at.Sub(now), maxRetryAfter))
	}
	return 0
}

// outcome judges an answer, by the rules that all HTTP receivers share.
func (a answer) outcome() outcome {
	o := outcome{status: a.status, retryAfter: a.retryAfter, wrote: a.wrote}
	var stop *stopped
	var failed *url.Error
	switch {
	case errors.As(a.err, &stop) && a.wrote:
		o.result, o.note = interrupted, a.hide.note(stop.Error())
	case errors.As(a.err, &stop):
		o.result, o.note = withheld, a.hide.note(stop.Error())
	case errors.As(a.err, &failed): // which would repeat the address
		o.result, o.note = retry, a.hide.note(failed.Err.Error())
	case a.err != nil:
		o.result, o.note = retry, a.hide.note(a.err.Error())
	case resultOf(a.status) != accepted:
		o.result, o.note = resultOf(a.status), a.text(string(a.body))
	case a.page:
		o.result, o.note = retry, a.text("with a web page, as of a network that wants a login")
	}
	return o
}

// text is the answer for people: its status, and what the server said.
func (a answer) text(said string) string {
	return a.hide.note(fmt.Sprintf("%d %s %s", a.status, http.StatusText(a.status), said))
}

// userAgent says who is speaking where a manifest does not.
func (m medium) userAgent() manifest.Header {
	name := "usagectl"
	if m.version != "" {
		name += "/" + m.version
	}
	return manifest.Header{Name: "User-Agent", Value: name}
}
