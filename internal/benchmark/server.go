package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// server is an HTTP server on loopback that takes everything.
type server struct {
	url   string
	http  http.Server
	posts atomic.Int64
	seen  int64 // by answered
}

func newServer() (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + l.Addr().String()}
	s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodPost && err == nil {
			s.posts.Add(1)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	go s.http.Serve(l) // ends with close
	return s, nil
}

func (s *server) close() { s.http.Close() }

// answered waits until there was another POST.
func (s *server) answered() error {
	for range 5000 {
		if n := s.posts.Load(); n > s.seen {
			s.seen = n
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("nothing was posted")
}

// hole is a loopback address at which connections are neither taken nor refused:
// a listener whose backlog is full.
type hole struct {
	url      string
	listener net.Listener
	callers  []net.Conn
}

func newHole() (*hole, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hole{url: "http://" + l.Addr().String(), listener: l}
	if err := shortenBacklog(l.(*net.TCPListener)); err != nil {
		h.close()
		return nil, err
	}
	for range 64 {
		c, err := net.DialTimeout("tcp", l.Addr().String(), 200*time.Millisecond)
		if err != nil {
			return h, nil
		}
		h.callers = append(h.callers, c)
	}
	h.close()
	return nil, errors.New("the backlog of a listener could not be filled")
}

func (h *hole) close() {
	for _, c := range h.callers {
		c.Close()
	}
	h.listener.Close()
}
