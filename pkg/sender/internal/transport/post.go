package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/note"
)

// maxAnswer is how much of an answer is read, in bytes; OTLP has its own bound.
const maxAnswer = 64 << 10

// post makes one attempt at sending one request. It returns what became of it, by the
// rules that all HTTP receivers share, and at most limit bytes of what the server said.
// The note is without what is hidden. begun is called before the first byte leaves.
func (c Config) post(ctx context.Context, w Wire, limit int64, hide note.Hidden, begun func()) (Outcome, []byte) {
	a := begin(ctx, c.Allow, begun)
	start := time.Now()
	o, body, err := c.try(a, w, limit)
	c.Pace.note(exchange{o.Status != 0, a.closed, a.made.Load() > 0, time.Since(start)})
	wrote := a.finish(strings.HasPrefix(w.URL, "https:"))
	if err != nil {
		o = failure(err, wrote, hostOf(w.URL))
	}
	o.Wrote, o.Note = wrote, hide.Note(o.Note)
	return o, body
}

// try is the request and its answer. A failure of the answer's body is not an error
// once the status is there.
func (c Config) try(a *attempt, w Wire, limit int64) (Outcome, []byte, error) {
	req, err := http.NewRequestWithContext(a.ctx, w.Method, w.URL, bytes.NewReader(w.Body))
	if err != nil {
		return Outcome{}, nil, err
	}
	for _, h := range w.Headers {
		req.Header.Set(h.Name, h.Value)
	}
	resp, err := c.Client.Do(req)
	if err != nil {
		var stop *stopped
		if errors.As(context.Cause(a.ctx), &stop) {
			err = stop
		}
		return Outcome{}, nil, err
	}
	defer resp.Body.Close()
	a.closed = resp.Close
	var body []byte
	page := false
	if resp.StatusCode >= 200 { // after 101 comes another protocol, without an end
		body, err = io.ReadAll(io.LimitReader(resp.Body, limit)) // what was read is what there is to show
		most := mostPlain
		if c.Strict {
			most = 0
		}
		page = isPage(strings.Join(resp.Header.Values("Content-Type"), ","), body, err != nil, most)
	}
	o := judge(resp.StatusCode, page, body)
	o.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), c.Now())
	return o, body, nil
}

// judge is what an answer makes of a message. page tells that it is a web page.
func judge(status int, page bool, body []byte) Outcome {
	o := Outcome{Result: resultOf(status, page), Status: status, Page: page}
	switch {
	case page:
		o.Note = statusText(status, pageText(body))
	case o.Result != Accepted:
		o.Note = statusText(status, string(body))
	}
	return o
}

// failure is what becomes of a message where there is no answer. wrote tells that a part
// of the request to a host may have been sent.
func failure(err error, wrote bool, to string) Outcome {
	var stop *stopped
	switch {
	case errors.As(err, &stop) && wrote:
		return Outcome{Result: Interrupted, Note: stop.Error()}
	case errors.As(err, &stop):
		return Outcome{Result: Withheld, Note: stop.Error()}
	}
	return Outcome{Result: Retry, Note: explain(err, to)}
}

// hostOf is the host of an address, with its port if it has one, and nothing secret.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "the receiver"
	}
	return u.Host
}

// statusText is an answer for people: its status, and what the server said.
func statusText(status int, said string) string {
	return fmt.Sprintf("%d %s %s", status, http.StatusText(status), said)
}

// userAgent says who is speaking where a manifest does not.
func (c Config) userAgent() manifest.Header {
	name := "usagectl"
	if c.Version != "" {
		name += "/" + c.Version
	}
	return manifest.Header{Name: "User-Agent", Value: name}
}
