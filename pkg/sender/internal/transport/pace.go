package transport

import (
	"sync"
	"time"
)

// Pace is how many requests to one receiver are under way at once. It begins with one, and
// every answer lets one more begin, up to [ParallelPosts]. A receiver that closes each
// connection, as Python's http.server does, has to accept one for each request, and keeps
// few waiting (socketserver.TCPServer.request_queue_size is 5): of connections that it has
// no room for, the system drops the first packet, which is sent again a second later. Such
// a receiver gets fewer. So does one that did not answer, or took a second longer than it
// can over a new connection. A Pace is safe for concurrent use.
type Pace struct {
	mu       sync.Mutex
	free     sync.Cond // of mu
	most     int       // at once
	underway int
	best     time.Duration // the quickest answer; 0 if there was none
}

const (
	mostClosed = 4                      // requests at once to a receiver that closes each connection
	dropped    = 900 * time.Millisecond // longer than usual: a packet was dropped, for RFC 6298 repeats it after a second
)

// NewPace is the pace at which deliveries to a receiver begin.
func NewPace() *Pace {
	p := &Pace{most: 1}
	p.free.L = &p.mu
	return p
}

// begin waits until one more request may begin.
func (p *Pace) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.underway >= p.most {
		p.free.Wait()
	}
	p.underway++
}

// end is called when a request that has begun has ended, or was not made.
func (p *Pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.underway--
	p.free.Broadcast()
}

// exchange is a request and its answer, as far as they say what the receiver can bear.
type exchange struct {
	answered bool
	closed   bool // the receiver closes the connection
	fresh    bool // the connection was made for it
	took     time.Duration
}

// note adapts the pace. A nil Pace notes nothing.
func (p *Pace) note(x exchange) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !x.answered, x.fresh && p.best > 0 && x.took > p.best+dropped:
		p.most = max(1, p.most/2)
		return
	case x.closed:
		p.most = min(p.most+1, mostClosed)
	default:
		p.most = min(p.most+1, ParallelPosts)
	}
	if p.best == 0 || x.took < p.best {
		p.best = x.took
	}
	p.free.Broadcast()
}
