//go:build unix

package acceptance

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// address takes an address on loopback, in $SERVER, for the next serve. Until then
// nobody listens there, and nobody else can have it: whoever connects is refused.
func address(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: address")
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	ts.Check(err)
	ts.Check(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	name, err := syscall.Getsockname(fd)
	ts.Check(err)
	ts.Setenv("SERVER", fmt.Sprintf("http://127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port))
	ts.Setenv("SOCKET", strconv.Itoa(fd))
	ts.Defer(func() {
		if ts.Getenv("SOCKET") != "" {
			syscall.Close(fd)
		}
	})
}

// reservedListener listens at the address that "address" has taken; nil if it has
// taken none.
func reservedListener(ts *testscript.TestScript) net.Listener {
	text := ts.Getenv("SOCKET")
	if text == "" {
		return nil
	}
	ts.Setenv("SOCKET", "")
	fd := atoi(ts, text)
	ts.Check(syscall.Listen(fd, syscall.SOMAXCONN))
	f := os.NewFile(uintptr(fd), "reserved")
	defer f.Close() // the listener has a descriptor of its own
	l, err := net.FileListener(f)
	ts.Check(err)
	return l
}

func usualUmask() { syscall.Umask(0o022) }

// usualSignals has programs that tests start not ignore a hang-up, as they would where the tests were
// started by nohup.
func usualSignals() { signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) }
