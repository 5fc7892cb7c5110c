package transport

import (
	"context"
	"net"
	"time"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/note"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// udpTransport sends one datagram a document, as Parsl's usage tracking does.
// Sent is sent: nobody answers.
type udpTransport struct {
	Config
	send manifest.Send
}

// udpPause lies between two datagrams, because receivers lose those of a burst
// that does not fit into their socket's buffer.
const udpPause = time.Millisecond

// Limits keeps batches short: consent is asked before each.
func (t udpTransport) Limits() (int, int) { return 64, 64 * payload.MaxSize }

func (t udpTransport) Wire(messages []Message) (Wire, error) {
	body, err := t.datagram(messages[0])
	address, addressErr := manifest.UDPAddress(t.send.Endpoint)
	if err == nil {
		err = addressErr
	}
	return Wire{Method: "UDP", URL: "udp://" + address, Body: body, Text: string(body)}, err
}

func (t udpTransport) datagram(m Message) ([]byte, error) {
	return jsondoc.Append([]byte(t.send.Prefix), m.Document)
}

func (t udpTransport) Send(ctx context.Context, messages []Message) []Outcome {
	address, err := manifest.UDPAddress(t.send.Endpoint)
	if err != nil {
		return all(messages, Outcome{Result: Rejected, Note: err.Error()})
	}
	ctx, cancel := context.WithTimeout(ctx, AttemptTimeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", address)
	if err != nil {
		return all(messages, Outcome{Result: Retry, Note: note.Hidden(privateOf(messages)).Note(explain(err, address))})
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	return t.each(ctx, messages, func(m Message) Outcome {
		defer time.Sleep(udpPause)
		return t.write(conn, m)
	})
}

func (t udpTransport) write(conn net.Conn, m Message) Outcome {
	data, err := t.datagram(m)
	if err != nil {
		return Outcome{Result: Rejected, Note: err.Error()}
	}
	_, err = conn.Write(data)
	if err != nil {
		// An ICMP answer to an earlier datagram shows up here, in place of this
		// one, which is sent at the second try.
		_, err = conn.Write(data)
	}
	if err != nil {
		return Outcome{Result: Retry, Note: explain(err, conn.RemoteAddr().String())}
	}
	return Outcome{Result: Accepted, Wrote: true}
}
