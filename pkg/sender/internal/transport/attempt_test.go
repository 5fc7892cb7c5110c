package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// ceiling is how long a test waits for something that must happen.
const ceiling = 60 * time.Second

func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(ceiling); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", ceiling, what)
		}
	}
}

// hostile is a server on loopback that does with each connection what it likes.
type hostile struct {
	net.Listener
	made   atomic.Int32
	work   sync.WaitGroup
	closed chan struct{} // the test is over
}

func newHostile(t testing.TB, serve func(h *hostile, c net.Conn)) *hostile {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{Listener: l, closed: make(chan struct{})}
	h.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			h.made.Add(1)
			h.work.Go(func() {
				defer c.Close()
				serve(h, c)
			})
		}
	})
	return h
}

func (h *hostile) end() {
	close(h.closed)
	h.Listener.Close()
	h.work.Wait()
}

// hold keeps the connection until the other side closes it.
func (h *hostile) hold(c net.Conn) {
	go func() {
		<-h.closed
		c.Close()
	}()
	io.Copy(io.Discard, c)
}

// says answers each request with a text, and holds the connection then.
func saying(answer string) func(*hostile, net.Conn) {
	return func(h *hostile, c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			io.WriteString(c, answer)
			h.hold(c)
		}
	}
}

// dripping sends a beginning, and then a piece again and again.
func dripping(beginning, piece string, pause time.Duration) func(*hostile, net.Conn) {
	return func(_ *hostile, c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		_, err := io.WriteString(c, beginning)
		for err == nil {
			_, err = io.WriteString(c, piece)
			time.Sleep(pause)
		}
	}
}

// hostileAnswers are servers that keep whoever asks them for as long as they can. The
// scheme is https where they need no certificate for that.
var hostileAnswers = []struct {
	name, scheme string
	serve        func(*hostile, net.Conn)
}{
	{"says nothing", "http", func(h *hostile, c net.Conn) { h.hold(c) }},
	{"says nothing after the request", "http", saying("")},
	{"never ends the handshake", "https", func(h *hostile, c net.Conn) { h.hold(c) }},
	{"begins the handshake", "https", func(h *hostile, c net.Conn) {
		c.Write([]byte{22, 3, 3, 0x40, 0}) // a record, of which nothing follows
		h.hold(c)
	}},
	{"switches protocols", "http", saying("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")},
	{"switches and talks", "http", dripping("HTTP/1.1 101 Switching Protocols\r\n\r\n", "x", time.Millisecond)},
	{"goes on with 100", "http", dripping("", "HTTP/1.1 100 Continue\r\n\r\n", time.Millisecond)},
	{"goes on with 103", "http", dripping("", "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", 50*time.Millisecond)},
	{"half a status", "http", saying("HTTP/1.1 20")},
	{"drips headers", "http", dripping("HTTP/1.1 200 OK\r\n", "X: y\r\n", 20*time.Millisecond)},
	{"drips a header", "http", dripping("HTTP/1.1 200 OK\r\nX: ", "y", 20*time.Millisecond)},
	{"drips a refusal", "http", dripping("HTTP/1.1 400 Bad Request\r\n\r\n", "x", 20*time.Millisecond)},
	{"drips chunks", "http", dripping("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 20*time.Millisecond)},
	{"owes the body", "http", saying("HTTP/1.1 503 Busy\r\nContent-Length: 10\r\n\r\n")},
	{"owes the rest of a page", "http", saying("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 10\r\n\r\n")},
	{"owes a chunk", "http", saying("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n")},
	{"owes a trailer", "http", saying("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX:")},
	{"owes the gzip", "http", saying("HTTP/1.1 503 Busy\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08")},
	{"hangs up", "http", func(*hostile, net.Conn) {}},
	{"hangs up after the request", "http", func(_ *hostile, c net.Conn) { http.ReadRequest(bufio.NewReader(c)) }},
	{"sends it round and round", "http", func(_ *hostile, c net.Conn) {
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, "HTTP/1.1 308 Again\r\nLocation: /\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	}},
	{"speaks HTTP/2", "http", func(h *hostile, c net.Conn) {
		goAway := "\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		io.WriteString(c, "\x00\x00\x00\x04\x00\x00\x00\x00\x00"+goAway)
		h.hold(c)
	}},
}

// TestHostileAnswersEnd holds that an attempt ends with its caller's time whatever a
// server does: without a success, with a few connections, and with nothing going on.
func TestHostileAnswersEnd(t *testing.T) {
	const given = 100 * time.Millisecond
	for name, use := range users(t) {
		for _, c := range hostileAnswers {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				before := runtime.NumGoroutine()
				h := newHostile(t, c.serve)
				client := NewClient()
				ctx, cancel := context.WithTimeout(t.Context(), given)
				start := time.Now()
				out := use(ctx, client, c.scheme+"://"+h.Addr().String())
				if took := time.Since(start); took >= AttemptTimeout {
					t.Errorf("it took %v, and was given %v", took, given)
				}
				cancel()
				if out.Result == Accepted || out.Result == Rejected && out.Status/100 < 3 {
					t.Errorf("the outcome is %+v", out)
				}
				client.CloseIdleConnections()
				h.end() // which waits for the connections: they are closed
				if n := h.made.Load(); n > maxConnections {
					t.Errorf("%d connections were made", n)
				}
				eventually(t, "nothing goes on", func() bool { return runtime.NumGoroutine() <= before })
			})
		}
	}
}

// TestAttemptsEndByThemselves holds that an attempt ends though its caller has time.
func TestAttemptsEndByThemselves(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for _, c := range hostileAnswers {
		h := newHostile(t, c.serve)
		defer h.end()
		wg.Go(func() {
			out, _ := Config{Client: NewClient(), Now: time.Now}.post(context.Background(), Wire{Method: "POST", URL: c.scheme + "://" + h.Addr().String(), Body: []byte("{}")}, maxAnswer, nil, func() {})
			if out.Result == Accepted {
				t.Errorf("%s: %+v", c.name, out)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(AttemptTimeout + ceiling):
		t.Fatal("an attempt does not end")
	}
}

// secure is a TLS server whose certificate the client believes.
func secure(t testing.TB, config func(*tls.Config), serve func(h *hostile, c *tls.Conn)) (h *hostile, client *http.Client) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	s.Close()
	settings := &tls.Config{Certificates: s.TLS.Certificates}
	if config != nil {
		config(settings)
	}
	client = NewClient()
	client.Transport.(*http.Transport).TLSClientConfig.RootCAs = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return newHostile(t, func(h *hostile, c net.Conn) { serve(h, tls.Server(c, settings)) }), client
}

// TestHTTP2IsNotSpoken holds that a server that offers HTTP/2 is spoken to with one
// request on a connection, so that nothing of HTTP/2 makes connections or goes on.
func TestHTTP2IsNotSpoken(t *testing.T) {
	t.Parallel()
	frames := map[string]string{
		"GOAWAY":     "\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"RST_STREAM": "\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x07",
		"nothing":    "",
	}
	for name, frame := range frames {
		h, client := secure(t, func(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} }, func(h *hostile, c *tls.Conn) {
			if c.Handshake() != nil {
				return
			}
			if p := c.ConnectionState().NegotiatedProtocol; p == "h2" {
				t.Errorf("%s: %q is spoken", name, p)
			}
			io.WriteString(c, "\x00\x00\x00\x04\x00\x00\x00\x00\x00"+frame)
			h.hold(c)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		out := users(t)["http"](ctx, client, "https://"+h.Addr().String())
		cancel()
		h.end()
		if n := h.made.Load(); out.Result != Retry || n > maxConnections {
			t.Errorf("%s: %+v, %d connections", name, out, n)
		}
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			w.WriteHeader(400)
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client := NewClient()
	client.Transport.(*http.Transport).TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	if out := users(t)["http"](t.Context(), client, server.URL); out.Result != Accepted {
		t.Errorf("a server of both: %+v", out)
	}
}

// TestConnectionsAreKept holds that a backlog does not make a connection an event.
func TestConnectionsAreKept(t *testing.T) {
	var made atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "{}")
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			made.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := Config{Client: NewClient(), Now: time.Now, Allow: func(context.Context) error { return nil }}
	for range 20 {
		if out, _ := c.post(t.Context(), Wire{Method: "POST", URL: server.URL, Body: []byte("{}")}, maxAnswer, nil, func() {}); out.Status != 200 {
			t.Fatalf("%+v", out)
		}
	}
	if n := made.Load(); n != 1 {
		t.Errorf("%d connections were made", n)
	}
}

var errNo = errors.New("consent was withdrawn")

// gate is consent that is withdrawn at some moment.
type gate struct{ closed atomic.Bool }

func (g *gate) may(context.Context) error {
	if g.closed.Load() {
		return errNo
	}
	return nil
}

// TestNothingLeavesWithoutConsent holds that a server that delays its handshake gets
// no byte of a request once consent is withdrawn.
func TestNothingLeavesWithoutConsent(t *testing.T) {
	for name, send := range map[string]string{
		"http": `transport = "http"`, "segment": `transport = "segment", write_key = "k"`, "otlp": `transport = "otlp", signal = "traces"`,
	} {
		t.Run(name, func(t *testing.T) {
			var g gate
			began, goOn := make(chan struct{}), make(chan struct{})
			var got atomic.Int64
			h, client := secure(t, nil, func(_ *hostile, c *tls.Conn) {
				close(began)
				<-goOn
				n, _ := io.Copy(io.Discard, c)
				got.Add(n)
			})
			c := config(t)
			c.Client, c.Allow = client, g.may
			var outs []Outcome
			done := make(chan struct{})
			go func() {
				defer close(done)
				outs = New(c, target(t, send, "https://"+h.Addr().String())).Send(t.Context(), []Message{message(1)})
			}()
			<-began
			g.closed.Store(true)
			close(goOn)
			<-done
			h.end()
			if got.Load() != 0 || outs[0].Result != Withheld || outs[0].Wrote || outs[0].Note != errNo.Error() {
				t.Errorf("%d bytes, %+v", got.Load(), outs)
			}
		})
	}
}

// TestConsentIsAskedAtTheConnection holds that what is asked when the connection is
// ready counts, also where the connection was there before.
func TestConsentIsAskedAtTheConnection(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	client := NewClient()
	w := Wire{Method: "POST", URL: server.URL, Body: []byte("{}")}
	for i, no := range []error{nil, nil, errNo, nil} {
		c := Config{Client: client, Now: time.Now, Allow: func(context.Context) error { return no }}
		out, _ := c.post(t.Context(), w, maxAnswer, nil, func() {})
		want := Accepted
		if no != nil {
			want = Withheld
		}
		if out.Result != want || out.Wrote != (no == nil) {
			t.Errorf("%d: %+v", i, out)
		}
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("%d requests arrived", n)
	}
}

// TestConsentInterrupts holds that a request that is under way is broken off when
// consent is withdrawn: the server sees the connection reset.
func TestConsentInterrupts(t *testing.T) {
	var g gate
	ended := make(chan error, 1)
	h := newHostile(t, func(_ *hostile, c net.Conn) {
		r := bufio.NewReader(c)
		req, err := http.ReadRequest(r)
		if err == nil {
			_, err = io.Copy(io.Discard, req.Body)
		}
		if err != nil {
			t.Error(err)
		}
		g.closed.Store(true)
		_, err = r.ReadByte()
		ended <- err
	})
	defer h.end()
	c := Config{Client: NewClient(), Now: time.Now, Allow: g.may}
	out, _ := c.post(t.Context(), Wire{Method: "POST", URL: "http://" + h.Addr().String(), Body: []byte("{}")}, maxAnswer, nil, func() {})
	if out.Result != Interrupted || !out.Wrote {
		t.Errorf("%+v", out)
	}
	if err := <-ended; err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the connection ended with %v; what was buffered may have left", err)
	}
}

// TestConsentEndsBisection holds that the rest of a refused batch is not sent once
// consent is withdrawn.
func TestConsentEndsBisection(t *testing.T) {
	for name, send := range map[string]string{"segment": `transport = "segment", write_key = "k"`, "otlp": `transport = "otlp", signal = "logs"`} {
		var g gate
		var asked atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			if asked.Add(1) == 3 { // the batch, its half, and the half of that
				g.closed.Store(true)
			}
			w.WriteHeader(400)
		}))
		c := config(t)
		c.Allow = g.may
		outs := New(c, target(t, send, server.URL)).Send(t.Context(), []Message{message(1), message(2), message(3), message(4)})
		server.Close()
		if n := asked.Load(); n != 3 {
			t.Errorf("%s: %d requests", name, n)
		}
		for i, out := range outs {
			want := Withheld
			if i == 0 {
				want = Rejected
			}
			if out.Result != want {
				t.Errorf("%s: message %d: %+v", name, i, out)
			}
		}
	}
}

// TestConsentBetweenMessages holds that consent is asked before each datagram and line.
func TestConsentBetweenMessages(t *testing.T) {
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no UDP here, as under wine: %v", err)
	}
	defer packets.Close()
	for name, send := range map[string]string{
		"udp":  `transport = "udp", endpoint = "` + packets.LocalAddr().String() + `"`,
		"file": `transport = "file", endpoint = "~/usage.log"`,
	} {
		for _, ended := range []bool{false, true} {
			c := config(t)
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			c.Allow = func(context.Context) error {
				if n++; n == 2 {
					if ended {
						cancel()
						return nil
					}
					return errNo
				}
				return nil
			}
			outs := New(c, target(t, send, "")).Send(ctx, []Message{message(1), message(2), message(3)})
			cancel()
			var results []Result
			for _, out := range outs {
				results = append(results, out.Result)
			}
			want := fmt.Sprint([]Result{Accepted, Withheld, Withheld})
			if ended { // the second was allowed, and left or not
				want = fmt.Sprint([]Result{Accepted, results[1], Retry})
			}
			if fmt.Sprint(results) != want {
				t.Errorf("%s, ended %v: %v, want %s", name, ended, results, want)
			}
		}
	}
}

// TestAttemptTextIsShort holds that a network's error says what happened and not where.
func TestAttemptTextIsShort(t *testing.T) {
	out := users(t)["http"](t.Context(), NewClient(), "http://127.0.0.1:1")
	if out.Result != Retry || out.Wrote || !strings.Contains(out.Note, "refused") || strings.Contains(out.Note, "/v1") {
		t.Errorf("%+v", out)
	}
}
