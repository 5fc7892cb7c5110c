//go:build unix

package main

import (
	"errors"
	"net"
	"syscall"
)

func shortenBacklog(l *net.TCPListener) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), 1) })
	return errors.Join(err, failed)
}
