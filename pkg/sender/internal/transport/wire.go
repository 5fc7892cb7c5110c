package transport

import "github.com/usagectl/usagectl/pkg/manifest"

// Wire is what goes out on the network, or to the file, for people to read. It holds
// secrets: see [Wire.Masked].
type Wire struct {
	Method  string // "POST"; "UDP" and "APPEND" where there is no method
	URL     string
	Headers []manifest.Header
	Body    []byte // as it is sent
	Text    string // the body, readable: of OTLP, decoded to JSON
}
