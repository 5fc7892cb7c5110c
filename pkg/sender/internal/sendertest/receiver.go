package sendertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Receiver is a server that notes what it is asked. It is safe for concurrent use.
type Receiver struct {
	*httptest.Server
	// Answer answers a request; it is called for one at a time, and set before the first.
	Answer func(w http.ResponseWriter)
	mu     sync.Mutex
	asked  []Request
}

// Request is what a [Receiver] was asked.
type Request struct {
	Method, Path, Body string
	Header             http.Header
}

// NewReceiver starts a receiver that accepts everything, until the test ends. look, if it
// is not nil, is called before a request is answered.
func NewReceiver(t testing.TB, look func()) *Receiver {
	t.Helper()
	r := &Receiver{Answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) }}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		if look != nil {
			look()
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked = append(r.asked, Request{req.Method, req.URL.Path, string(body), req.Header})
		r.Answer(w)
	}))
	t.Cleanup(r.Close)
	return r
}

// Requests are what the receiver was asked until now.
func (r *Receiver) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

// RoundTrip answers requests where no server listens, so that time need not pass.
type RoundTrip func(*http.Request) (*http.Response, error)

func (f RoundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Says is an answer without a body.
func Says(status int, retryAfter string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {retryAfter}}, Body: io.NopCloser(strings.NewReader(""))}, nil
}
