package transport

import (
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/note"
)

// Masked is the wire without secrets: those of its address and its headers are masked.
func (w Wire) Masked() Wire {
	headers := make([]manifest.Header, len(w.Headers))
	for i, h := range w.Headers {
		h.Value = secret.Header(h.Name, h.Value)
		headers[i] = h
	}
	w.URL, w.Headers = secret.URL(w.URL), headers
	return w
}

// hiddenOf is what a note on the answer to a request must not contain: what is secret in
// the request, and private texts in it such as the source ID.
func hiddenOf(w Wire, private []string) note.Hidden {
	h := append(note.Hidden(secret.InURL(w.URL)), private...)
	for _, header := range w.Headers {
		h = append(h, note.InHeader(header.Name, header.Value)...)
	}
	return h
}
