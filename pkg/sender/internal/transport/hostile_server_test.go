package transport

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestHostileAnswers holds how much of an answer is taken in, however much a server
// sends: neither headers without end nor a small body that unpacks to a large one.
func TestHostileAnswers(t *testing.T) {
	bomb := gzipped(t, 64<<20)
	mux := http.NewServeMux()
	mux.HandleFunc("/headers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 2*maxHeaders))
	})
	mux.HandleFunc("/bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	if out, _ := posted(t, server.URL+"/headers"); out.Result != Retry || out.Status != 0 {
		t.Errorf("headers without end: %+v", out)
	}
	if out, body := posted(t, server.URL+"/bomb"); out.Status != 200 || len(body) != maxAnswer || body[0] != 'a' {
		t.Errorf("a body of %d bytes: %+v, %d bytes", len(bomb), out, len(body))
	}
}

// TestHostileOTLPAnswers holds how much of an OTLP answer is taken in, unpacked: what it
// says in its last byte counts up to the bound and not behind it.
func TestHostileOTLPAnswers(t *testing.T) {
	lost := appendBytes(nil, 1, appendVarint(nil, 1, 1)) // one event was rejected
	for size, want := range map[int]Result{maxAnswer + 1: Rejected, maxOTLPAnswer: Rejected, maxOTLPAnswer + 1: Accepted, 16 << 20: Accepted} {
		padding := bytes.Repeat(appendVarint(nil, 9, 1), (size-len(lost))/2)
		if len(padding)+len(lost) < size {
			padding = append(padding[2:], appendVarint(nil, 9, 1<<7)...)
		}
		body := append(padding, lost...)
		if len(body) != size {
			t.Fatalf("%d bytes, and not %d", len(body), size)
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(body)
			z.Close()
		}))
		out := users(t)["otlp"](t.Context(), NewClient(), server.URL)
		server.Close()
		if out.Result != want {
			t.Errorf("%d bytes: %+v, want %v", len(body), out, want)
		}
	}
}

// TestHostileTLS holds that nothing is sent to a server whose certificate the
// system does not know, or that speaks only what was broken long ago.
func TestHostileTLS(t *testing.T) {
	for name, config := range map[string]*tls.Config{"unknown": {}, "old": {MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}} {
		var asked atomic.Int32
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
		server.TLS, server.Config.ErrorLog = config, log.New(io.Discard, "", 0)
		server.StartTLS()
		client := NewClient()
		if name == "old" { // whose certificate is known, so that only its age is wrong
			client.Transport.(*http.Transport).TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		}
		out, _ := Config{Client: client, Now: time.Now}.post(t.Context(), Wire{Method: "POST", URL: server.URL, Body: []byte("{}")}, maxAnswer, nil, func() {})
		server.Close()
		if out.Result != Retry || out.Status != 0 || out.Wrote || asked.Load() != 0 {
			t.Errorf("%s: %+v, %d requests", name, out, asked.Load())
		}
	}
}

func posted(t *testing.T, address string) (Outcome, []byte) {
	t.Helper()
	return Config{Client: NewClient(), Now: time.Now}.post(t.Context(), Wire{Method: "POST", URL: address, Body: []byte("{}")}, maxAnswer, nil, func() {})
}

// gzipped is a compressed text that unpacks to so many bytes.
func gzipped(t *testing.T, size int) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	for range size >> 10 {
		if _, err := w.Write(bytes.Repeat([]byte("a"), 1<<10)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}
