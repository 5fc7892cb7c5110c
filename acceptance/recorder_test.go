package acceptance

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is an HTTP server on loopback that keeps each request in a file of
// its own and answers as it is told.
type recorder struct {
	dir      string // "NNN.http" a request, its body in "NNN.body"; "" for none
	listener net.Listener
	server   *http.Server

	mu      sync.Mutex
	answers []string
	n       int
	bodies  [][]byte
	headers []http.Header
	stop    chan struct{}
}

func newRecorder(answers []string) *recorder {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return newRecorderOn(l, "", answers)
}

func newRecorderOn(l net.Listener, dir string, answers []string) *recorder {
	r := &recorder{dir: dir, listener: l, answers: answers, stop: make(chan struct{})}
	r.server = &http.Server{Handler: r}
	go r.server.Serve(l)
	return r
}

func (r *recorder) url() string { return "http://" + r.listener.Addr().String() }

func (r *recorder) close() {
	close(r.stop)
	r.server.Close()
}

func (r *recorder) record(req *http.Request) (answer string, body []byte) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	answer = r.answers[min(r.n, len(r.answers)-1)]
	r.n++
	if err != nil {
		return answer, nil
	}
	r.bodies, r.headers = append(r.bodies, body), append(r.headers, req.Header.Clone())
	if r.dir != "" {
		var head bytes.Buffer
		fmt.Fprintf(&head, "%s %s\n", req.Method, req.URL)
		req.Header.Write(&head)
		name := filepath.Join(r.dir, fmt.Sprintf("%03d", r.n))
		os.WriteFile(name+".body", body, 0o644)
		os.WriteFile(name+".http", head.Bytes(), 0o644)
	}
	return answer, body
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	told, got := r.record(req)
	answer, argument, _ := strings.Cut(told, ":")
	switch answer {
	case "hang":
		select {
		case <-r.stop:
		case <-req.Context().Done():
		case <-time.After(patience):
		}
	case "101":
		conn, stream, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
		go func() {
			<-r.stop
			conn.Close()
		}()
		io.Copy(io.Discard, stream)
	case "page":
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!doctype html><title>Log in to the network</title>")
	case "echo":
		var status int
		fmt.Sscan(argument, &status)
		w.WriteHeader(status)
		fmt.Fprintf(w, "%s %s %s", req.URL, strings.ToUpper(string(got)), req.Header)
	case "close", "rubbish":
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		if answer == "rubbish" {
			conn.Write([]byte("\x00\xff\x16\x03 not HTTP at all\r\n\r\n"))
		} else {
			conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Le"))
		}
		conn.Close()
	default:
		var status int
		fmt.Sscan(answer, &status)
		switch {
		case argument != "" && status/100 == 3:
			w.Header().Set("Location", argument)
		case argument != "":
			w.Header().Set("Retry-After", argument)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"status": "%d"}`, status)
	}
}

// startRecorder starts a recorder that keeps request lines too.
func startRecorder(t testing.TB, answers ...string) *recorder {
	t.Helper()
	r := newRecorder(answers)
	r.dir = t.TempDir()
	t.Cleanup(r.close)
	return r
}

// request is one HTTP request as it was recorded or captured.
type request struct {
	line   string // "POST /v1/batch"
	header http.Header
	body   []byte
}

// requests are what was recorded so far.
func (r *recorder) requests(t testing.TB) []request {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	heads, err := filepath.Glob(filepath.Join(r.dir, "*.http"))
	if err != nil || len(heads) != len(r.bodies) {
		t.Fatalf("%d files for %d requests: %v", len(heads), len(r.bodies), err)
	}
	list := make([]request, len(heads))
	for i, name := range heads {
		head, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(string(head), "\n")
		list[i] = request{line, r.headers[i], r.bodies[i]}
	}
	return list
}
