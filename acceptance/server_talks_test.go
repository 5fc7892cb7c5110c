package acceptance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

// TestServerThatTalksOn has a server send more than its answer. Nobody who sends an event is
// told, in words that the server chose.
func TestServerThatTalksOn(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				from := bufio.NewReader(c)
				for {
					r, err := http.ReadRequest(from)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					fmt.Fprint(c, "HTTP/1.1 204 No Content\r\n\r\n{\"a word\":1}")
				}
			}()
		}
	}()
	p := newPersonIn(t, t.TempDir())
	p.declare("mytool", fmt.Sprintf(recordedTool, "http://"+l.Addr().String()))
	p.must("", "enable", "-q", "mytool")
	for range 10 {
		if out, msg, code := p.run("", "send", "mytool", "run", "--wait=30s"); out+msg != "" || code != 0 {
			t.Errorf("%q, %q, %d", out, msg, code)
		}
	}
}
