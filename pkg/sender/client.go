package sender

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// maxAnswer is how much of an answer is read, in bytes; OTLP has its own bound.
const maxAnswer = 64 << 10

// maxHeaders is how much of an answer's headers is taken, in bytes.
const maxHeaders = 64 << 10

// NewClient is the HTTP client for deliveries: TLS 1.2 or later, the system's
// roots, proxies from the environment, and no redirect away from where the
// person agreed to send.
func NewClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	t.MaxIdleConnsPerHost = parallelPosts
	t.MaxResponseHeaderBytes = maxHeaders
	return &http.Client{Transport: t, CheckRedirect: checkRedirect}
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

// answer is what a server said.
type answer struct {
	status     int
	retryAfter time.Duration
	body       []byte
}

// post sends one request, made anew for each attempt, and reads at most limit
// bytes of the answer. A failure of the answer's body is not an error once the
// status is there.
func post(ctx context.Context, client *http.Client, w Wire, limit int64, now time.Time) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, w.Method, w.URL, bytes.NewReader(w.Body))
	if err != nil {
		return answer{}, err
	}
	for _, h := range w.Headers {
		req.Header.Set(h.Name, h.Value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, retryAfter: retryAfter(resp.Header.Get("Retry-After"), now)}
	a.body, _ = io.ReadAll(io.LimitReader(resp.Body, limit)) // what was read is what there is to show
	return a, nil
}

// retryAfter reads the header's two forms, seconds and a date (RFC 9110, section 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
		return max(0, min(time.Duration(seconds), maxRetryAfter/time.Second)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, min(at.Sub(now), maxRetryAfter))
	}
	return 0
}

// outcome judges an answer by the rules that all HTTP receivers share: success
// as the caller defines it, 429, 502, 503 and 504 again later, the rest never.
func (a answer) outcome(success func(status int) bool) outcome {
	o := outcome{retryAfter: a.retryAfter, status: a.status, note: a.text()}
	switch {
	case success(a.status):
		return outcome{result: accepted}
	case a.status == http.StatusTooManyRequests, a.status == http.StatusBadGateway,
		a.status == http.StatusServiceUnavailable, a.status == http.StatusGatewayTimeout:
		o.result = retry
	default:
		o.result = rejected
	}
	return o
}

// text is the answer for people, cut to what fits on a screen.
func (a answer) text() string {
	const most = 1000
	body := strings.TrimSpace(strings.ToValidUTF8(string(a.body), "\ufffd"))
	if len(body) > most {
		body = strings.ToValidUTF8(body[:most], "") + "…"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", a.status, http.StatusText(a.status), body))
}

func is2xx(status int) bool { return status >= 200 && status < 300 }

// userAgent says who is speaking where a manifest does not.
func (m medium) userAgent() manifest.Header {
	name := "usagectl"
	if m.version != "" {
		name += "/" + m.version
	}
	return manifest.Header{Name: "User-Agent", Value: name}
}
