package main

import "net"

// shortenBacklog has nothing to do: it is short enough, and cannot be changed.
func shortenBacklog(*net.TCPListener) error { return nil }
