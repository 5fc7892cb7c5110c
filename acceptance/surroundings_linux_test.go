//go:build linux

package acceptance

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// private gives the rest of the test, and the processes it starts, namespaces of
// their own. They belong to the test's thread, which ends with the test because
// it is never unlocked.
func private(t testing.TB, flags int) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(flags); err != nil {
		t.Skipf("no namespaces can be had: %v", err)
	}
	if flags&unix.CLONE_NEWNS != 0 {
		must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	}
}

// inOwnMounts has a command be started in a mount namespace of its own, root's or not.
func inOwnMounts(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		c.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
	}
}

func mountTmpfs(t testing.TB, dir, options string) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o700))
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, options+",mode=0700")) // without it everybody may write there
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })        // it goes with the namespace anyway
}

// fillSpace writes until there is no room for one byte more.
func fillSpace(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filling"))
	must(t, err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
}

// fillInodes makes files until there can be no more.
func fillInodes(t *testing.T, dir string) {
	t.Helper()
	for i := 0; ; i++ {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint("filling", i)))
		if errors.Is(err, unix.ENOSPC) {
			return
		}
		must(t, err)
		must(t, f.Close())
	}
}

// inShell runs commands in this test's namespaces.
func inShell(t *testing.T, script string) {
	t.Helper()
	if out, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		t.Skipf("the network cannot be set up: %v\n%s", err, out)
	}
}

// deafNameServer makes a socket the name server of this test's namespaces, which
// never answers. asked is closed at the first question.
func deafNameServer(t *testing.T) (asked chan struct{}) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:53")
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	asked = make(chan struct{})
	go func() {
		question := make([]byte, 512)
		if n, _, err := conn.ReadFrom(question); err == nil && bytes.Contains(question[:n], []byte("invalid-host")) {
			close(asked)
		}
	}()
	own := filepath.Join(t.TempDir(), "resolv.conf")
	mustWrite(t, own, "nameserver 127.0.0.1\n")
	system, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil {
		t.Skipf("there is no resolv.conf to replace: %v", err)
	}
	must(t, unix.Mount(own, system, "", unix.MS_BIND, ""))
	t.Cleanup(func() { _ = unix.Unmount(system, unix.MNT_DETACH) }) // it goes with the namespace anyway
	return asked
}

// blackHole is a port on loopback that takes no more connections, and does not
// say so: the queue of those that nobody accepted is full.
type blackHole struct {
	address string
	fd      int
	conns   []net.Conn
}

func digBlackHole(t *testing.T) *blackHole {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	must(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, unix.Listen(fd, 0))
	name, err := unix.Getsockname(fd)
	must(t, err)
	h := &blackHole{address: fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port), fd: fd}
	t.Cleanup(h.close)
	for range 20 {
		conn, err := net.DialTimeout("tcp", h.address, 500*time.Millisecond)
		if err != nil {
			return h
		}
		h.conns = append(h.conns, conn)
	}
	t.Skip("the queue of connections cannot be filled")
	return nil
}

func (h *blackHole) close() {
	for _, conn := range h.conns {
		conn.Close()
	}
	if h.fd >= 0 {
		unix.Close(h.fd)
	}
	h.conns, h.fd = nil, -1
}

// heal puts a receiver in the hole's place.
func (h *blackHole) heal(t *testing.T) *recorder {
	t.Helper()
	h.close()
	var l net.Listener
	eventually(t, "the port is free", func() (ok bool) {
		var err error
		l, err = net.Listen("tcp", h.address)
		return err == nil
	})
	r := &recorder{listener: l, answer: inTurn([]string{"200"})}
	t.Cleanup(r.start())
	return r
}

// closedPort is an address on loopback where nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// brokenPipe is a pipe that nobody reads any more.
func brokenPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { w.Close() })
	must(t, r.Close())
	return w
}

// fullDevice is where no write succeeds.
func fullDevice(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}
