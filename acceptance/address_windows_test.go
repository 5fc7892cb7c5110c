package acceptance

import (
	"net"

	"github.com/rogpeppe/go-internal/testscript"
)

// address takes an address on loopback, in $SERVER, for the next serve. Go makes no
// listener of a Windows socket that is only bound, so until then it is free, but not
// the next that anybody is given.
func address(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: address")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("SERVER", "http://"+l.Addr().String())
	ts.Setenv("SOCKET", l.Addr().String())
	ts.Check(l.Close())
}

// reservedListener listens at the address that "address" has taken; nil if it has
// taken none.
func reservedListener(ts *testscript.TestScript) net.Listener {
	address := ts.Getenv("SOCKET")
	if address == "" {
		return nil
	}
	ts.Setenv("SOCKET", "")
	l, err := net.Listen("tcp", address)
	ts.Check(err)
	return l
}

func usualUmask() {}

func usualSignals() {}
