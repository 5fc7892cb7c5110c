package transport

// The policy of an attempt, which is one request and its answer. This is the one
// place that bounds it:
//
//   - it ends after [AttemptTimeout], when its caller's context ends, or when
//     consent is withdrawn, whatever the server does: all of its connections are
//     closed then, under whatever protocol, handshake, header or body is on them
//   - what is still buffered then does not leave
//   - it makes a few connections at most
//   - consent is asked again once a connection is ready, before the first byte of
//     the request, and over and over until the answer is there
//   - it is recorded in between, so that nothing leaves without a trace
//   - nothing of it goes on when it has ended
//
// HTTP/1.1 alone is spoken. It has one request on a connection at a time, so that
// closing the connection ends that request and no other.

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// AttemptTimeout covers one attempt: name look-up, connecting, TLS, sending, and
// a slow answer.
const AttemptTimeout = 10 * time.Second

// AskInterval is how often consent is asked again while a request is under way.
const AskInterval = 200 * time.Millisecond

// attempt is one request under way.
type attempt struct {
	ctx  context.Context // ends with the attempt
	end  func(cause error)
	done func()                      // has the end of ctx close nothing any more
	may  func(context.Context) error // see [Config.Allow]
	once func()                      // tells, the first time, that a byte is about to leave

	made   atomic.Int32 // connections
	ready  atomic.Bool  // TLS is agreed on
	closed bool         // the receiver closes the connection behind its answer
	wrote  atomic.Bool  // a byte of the request was handed to a connection
	work   sync.WaitGroup

	mu    sync.Mutex
	conns []*conn // made or used
}

type attemptKey struct{}

// begin starts an attempt, and calls begun before its first byte leaves. Whoever calls
// it calls [attempt.finish].
func begin(ctx context.Context, may func(context.Context) error, begun func()) *attempt {
	a := &attempt{may: may, once: sync.OnceFunc(begun)}
	ctx, stopClock := context.WithTimeout(ctx, AttemptTimeout)
	ctx, end := context.WithCancelCause(ctx)
	a.end = func(cause error) {
		end(cause)
		stopClock()
	}
	ctx = context.WithValue(ctx, attemptKey{}, a)
	a.ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:          a.got,
		TLSHandshakeDone: func(tls.ConnectionState, error) { a.ready.Store(true) },
	})
	aborted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(aborted)
		a.closeAll()
	})
	a.done = func() {
		if !stop() {
			<-aborted
		}
	}
	if may != nil {
		a.work.Go(a.keepAsking)
	}
	return a
}

// finish ends the attempt, and keeps a connection that can be used again. It
// reports whether a byte of the request may have left.
func (a *attempt) finish(https bool) bool {
	a.done()
	if a.ctx.Err() == nil {
		a.leave(https)
	}
	a.end(context.Canceled)
	a.work.Wait()
	return a.wrote.Load()
}

// leave gives up the attempt's connections to the next one.
func (a *attempt) leave(https bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.conns {
		if https && !c.used.Load() && !a.ready.Load() {
			c.Close() // its handshake would go on
		}
		c.by.CompareAndSwap(a, nil)
	}
}

// stopped says that consent was withdrawn while an attempt was under way.
type stopped struct{ why error }

func (s *stopped) Error() string { return s.why.Error() }

// ask asks for consent, and ends the attempt without it.
func (a *attempt) ask() {
	if a.may == nil {
		return
	}
	if err := a.may(a.ctx); err != nil {
		a.end(&stopped{err})
	}
}

func (a *attempt) keepAsking() {
	tick := time.NewTicker(AskInterval)
	defer tick.Stop()
	for {
		select {
		case <-a.ctx.Done():
			return
		case <-tick.C:
			a.ask()
		}
	}
}

// got is called when a connection is ready for the request, of which nothing is
// written yet.
func (a *attempt) got(info httptrace.GotConnInfo) {
	if c := underlying(info.Conn); c != nil {
		c.by.Store(a)
		c.used.Store(true)
		a.add(c)
	}
	a.ask()
	if a.ctx.Err() == nil {
		a.once()
	}
}

func (a *attempt) add(c *conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conns = append(a.conns, c)
}

// closeAll closes the attempt's connections, but for those that another one has
// taken over since.
func (a *attempt) closeAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.conns {
		if c.by.Load() == a {
			c.Close()
		}
	}
}
