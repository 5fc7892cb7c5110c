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
		if _, err := io.Copy(io.Discard, r.Body); err == nil && r.Method == http.MethodPost {
			s.posts.Add(1)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	go func() { _ = s.http.Serve(l) }() // ends when it is closed
	return s, nil
}

// answered waits until there was another POST.
func (s *server) answered(want int64) error {
	for range 5000 {
		if n := s.posts.Load(); n >= s.seen+want {
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
	url     string
	closers []io.Closer
}

func newHole() (*hole, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hole{"http://" + l.Addr().String(), []io.Closer{l}}
	err = shortenBacklog(l.(*net.TCPListener))
	for i := 0; err == nil && i < 64; i++ {
		c, full := net.DialTimeout("tcp", l.Addr().String(), 200*time.Millisecond)
		if full != nil {
			return h, nil
		}
		h.closers = append(h.closers, c)
	}
	h.close()
	return nil, errors.Join(err, errors.New("the backlog of a listener could not be filled"))
}

func (h *hole) close() {
	for _, c := range h.closers {
		c.Close()
	}
}
