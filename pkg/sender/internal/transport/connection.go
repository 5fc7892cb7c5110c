package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
)

// maxConnections is how many connections an attempt makes at most.
const maxConnections = 3

// conn is a connection that knows which attempt it works for.
type conn struct {
	net.Conn
	by   atomic.Pointer[attempt] // nil while it is idle
	used atomic.Bool             // for a request, not only for a handshake
}

var errTooManyConnections = fmt.Errorf("one request needed more than %d connections", maxConnections)

// dial makes a connection for the attempt of ctx. Its own end does not end ctx: a
// [http.Transport] keeps making connections for requests to come.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return nil, errors.New("a connection is made only for an attempt")
	}
	if a.made.Add(1) > maxConnections {
		return nil, errTooManyConnections
	}
	made, err := (&net.Dialer{}).DialContext(a.ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: made}
	c.by.Store(a)
	a.add(c)
	if a.ctx.Err() != nil { // it may have ended before the connection was added
		c.Close()
		return nil, context.Cause(a.ctx)
	}
	return c, nil
}

// Write writes nothing any more once the attempt has ended.
func (c *conn) Write(p []byte) (int, error) {
	if a := c.by.Load(); a != nil {
		if a.ctx.Err() != nil {
			return 0, context.Cause(a.ctx)
		}
		if c.used.Load() {
			a.wrote.Store(true)
		}
	}
	return c.Conn.Write(p)
}

// Close takes back what was not sent yet if the attempt was aborted.
func (c *conn) Close() error {
	a := c.by.Load()
	tcp, ok := c.Conn.(*net.TCPConn)
	if ok && a != nil && a.ctx.Err() != nil {
		_ = tcp.SetLinger(0) // if that fails it is closed all the same
	}
	return c.Conn.Close()
}

// underlying is the connection below TLS, or nil if it is none of [dial].
func underlying(c net.Conn) *conn {
	for {
		switch wrapped := c.(type) {
		case *conn:
			return wrapped
		case interface{ NetConn() net.Conn }:
			c = wrapped.NetConn()
		default:
			return nil
		}
	}
}
