package sender

import (
	"context"
	"net"
	"time"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// udpTransport sends one datagram a document, as Parsl's usage tracking does.
// Sent is sent: nobody answers.
type udpTransport struct {
	medium
	send manifest.Send
}

// udpPause lies between two datagrams, because receivers lose those of a burst
// that does not fit into their socket's buffer.
const udpPause = time.Millisecond

// limits keeps batches short: consent is asked before each.
func (t udpTransport) limits() (int, int) { return 64, 64 * MaxPayload }

func (t udpTransport) wire(parcels []parcel) (Wire, error) {
	body, err := t.datagram(parcels[0])
	address, addressErr := manifest.UDPAddress(t.send.Endpoint)
	if err == nil {
		err = addressErr
	}
	return Wire{Method: "UDP", URL: "udp://" + address, Body: body, Text: string(body)}, err
}

func (t udpTransport) datagram(p parcel) ([]byte, error) {
	return jsondoc.Append([]byte(t.send.Prefix), p.document())
}

func (t udpTransport) carry(ctx context.Context, parcels []parcel) []outcome {
	address, err := manifest.UDPAddress(t.send.Endpoint)
	if err != nil {
		return all(parcels, outcome{result: rejected, note: err.Error()})
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", address)
	if err != nil {
		return all(parcels, outcome{result: retry, note: hidden(private(parcels)).note(err.Error())})
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	return t.each(ctx, parcels, func(p parcel) outcome {
		defer time.Sleep(udpPause)
		return t.write(conn, p)
	})
}

func (t udpTransport) write(conn net.Conn, p parcel) outcome {
	data, err := t.datagram(p)
	if err != nil {
		return outcome{result: rejected, note: err.Error()}
	}
	_, err = conn.Write(data)
	if err != nil {
		// An ICMP answer to an earlier datagram shows up here, in place of this
		// one, which is sent at the second try.
		_, err = conn.Write(data)
	}
	if err != nil {
		return outcome{result: retry, note: err.Error()}
	}
	return outcome{result: accepted, wrote: true}
}
