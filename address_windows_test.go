package main

import (
	"net"

	"github.com/rogpeppe/go-internal/testscript"
)

// address cannot be had: Go makes no listener of a Windows socket.
func address(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("address: not on Windows")
}

func reservedListener(*testscript.TestScript) net.Listener { return nil }
