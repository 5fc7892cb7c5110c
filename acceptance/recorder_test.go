package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is the receiver of these tests: an HTTP server on loopback that keeps each request
// and answers as it is told. An answer is
//
//	a status         with a line of JSON
//	503:7            with Retry-After
//	302:ADDRESS      with Location
//	echo:503         quotes the request
//	page             a web page, as of a network that one has to log into
//	late             200, and the request is kept only after a while
//	hang             none until goOn is called
//	101              switches protocols, and holds the connection
//	close, rubbish   half an answer, and none of HTTP
type recorder struct {
	listener net.Listener
	dir      string // gets a file "NNN.http" for each request, its body in "NNN.body"; "" for none

	mu       sync.Mutex
	answer   func(n int, body string) string // to the n-th request, from 1
	after    string                          // to those that hang, in the end
	requests []*request
	hanging  int
	release  chan struct{} // closed by goOn
}

// request is one HTTP request as it was recorded or captured.
type request struct {
	line   string // "POST /v1/batch"
	header http.Header
	body   []byte
	at     time.Time
	taken  bool // answered with 200
}

// newRecorder starts a recorder that gives the answers in turn, the last one from then on.
func newRecorder(t testing.TB, answers ...string) *recorder {
	t.Helper()
	return newRecorderBy(t, inTurn(answers))
}

// newRecorderBy starts a recorder that asks what to answer.
func newRecorderBy(t testing.TB, answer func(n int, body string) string) *recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r := &recorder{listener: l, answer: answer}
	t.Cleanup(r.start())
	return r
}

func inTurn(answers []string) func(n int, body string) string {
	return func(n int, _ string) string { return answers[min(n, len(answers))-1] }
}

// start answers until stop is called.
func (r *recorder) start() (stop func()) {
	r.after, r.release = "200", make(chan struct{})
	server := &http.Server{Handler: r}
	go server.Serve(r.listener)
	return func() {
		r.goOn()
		server.Close()
	}
}

func (r *recorder) address() string { return r.listener.Addr().String() }
func (r *recorder) url() string     { return "http://" + r.address() }

// hangs has the first n requests hang, and be answered so in the end.
func (r *recorder) hangs(n int, after string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.after = after
	r.answer = func(i int, _ string) string {
		if i <= n {
			return "hang"
		}
		return "200"
	}
}

// goOn answers the requests that hang.
func (r *recorder) goOn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.release:
	default:
		close(r.release)
	}
}

// all are the requests so far.
func (r *recorder) all() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]request, len(r.requests))
	for i, got := range r.requests {
		list[i] = *got
	}
	return list
}

// bodies are the bodies of the requests so far.
func (r *recorder) bodies() []string {
	var list []string
	for _, got := range r.all() {
		list = append(list, string(got.body))
	}
	return list
}

// taken are the bodies of what was answered with 200, by the ID that the document has.
func (r *recorder) taken() map[string][]string {
	byID := map[string][]string{}
	for _, got := range slices.DeleteFunc(r.all(), func(got request) bool { return !got.taken }) {
		var document struct{ ID string }
		_ = json.Unmarshal(got.body, &document) // what holds no ID is kept under ""
		byID[document.ID] = append(byID[document.ID], string(got.body))
	}
	return byID
}

// waiting is how many requests hang.
func (r *recorder) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hanging
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // who sent it died over it
	}
	got := &request{line: req.Method + " " + req.URL.String(), header: req.Header.Clone(), body: body}
	answer := r.keep(got)
	if answer == "hang" {
		if answer = r.wait(req); answer == "" {
			return
		}
	}
	answer, argument, _ := strings.Cut(answer, ":")
	switch answer {
	case "200":
		r.mu.Lock()
		got.taken = true
		r.mu.Unlock()
		fallthrough
	default:
		answerStatus(w, answer, argument)
	case "101":
		r.hold(w)
	case "page":
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!doctype html><title>Log in to the network</title>")
	case "echo":
		w.WriteHeader(statusOf(argument))
		fmt.Fprintf(w, "%s %s %s", req.URL, strings.ToUpper(string(body)), req.Header)
	case "close":
		hijack(w, "HTTP/1.1 200 OK\r\nContent-Le")
	case "rubbish":
		hijack(w, "\x00\xff\x16\x03 not HTTP at all\r\n\r\n")
	}
}

// keep keeps a request, and returns how it is to be answered.
func (r *recorder) keep(got *request) (answer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if answer = r.answer(len(r.requests)+1, string(got.body)); answer == "late" {
		r.mu.Unlock()
		time.Sleep(100 * time.Millisecond) // so that some are under way at any time, and others wait
		r.mu.Lock()
		answer = "200"
	}
	got.at = time.Now()
	r.requests = append(r.requests, got)
	if r.dir != "" {
		var head bytes.Buffer
		fmt.Fprintf(&head, "%s\n", got.line)
		got.header.Write(&head)
		name := filepath.Join(r.dir, fmt.Sprintf("%03d", len(r.requests)))
		os.WriteFile(name+".body", got.body, 0o644)
		os.WriteFile(name+".part", head.Bytes(), 0o644)
		os.Rename(name+".part", name+".http") // who counts files finds whole ones
	}
	return answer
}

// wait keeps a request until goOn is called, and returns the answer then: "" if nobody waits
// for one any more.
func (r *recorder) wait(req *http.Request) (answer string) {
	r.hang(1)
	defer r.hang(-1)
	select {
	case <-r.release:
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.after
	case <-req.Context().Done():
		return ""
	}
}

func (r *recorder) hang(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hanging += n
}

// hold switches protocols, and holds the connection.
func (r *recorder) hold(w http.ResponseWriter) {
	conn, stream, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
	go func() {
		<-r.release
		conn.Close()
	}()
	io.Copy(io.Discard, stream)
}

func answerStatus(w http.ResponseWriter, answer, argument string) {
	status := statusOf(answer)
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

func statusOf(text string) (status int) {
	fmt.Sscan(text, &status)
	return status
}

func hijack(w http.ResponseWriter, answer string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	io.WriteString(conn, answer)
	conn.Close()
}
