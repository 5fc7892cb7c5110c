package sender

import (
	"net/http"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// What a caller says of an event, and what is made of it.
type (
	// Request is what a caller says about an event.
	Request = payload.Request
	// Setting is one value given as text.
	Setting = payload.Setting
	// Sources are the places from which values come that the caller does not give.
	Sources = payload.Sources
	// Problem is a mistake of the caller.
	Problem = payload.Problem
	// Draft is what a caller says of an event, checked.
	Draft = payload.Draft
	// Prepared is an event that can be queued.
	Prepared = payload.Prepared
	// Payload is what is sent for one event.
	Payload = payload.Payload
	// FieldValue is what became of one field.
	FieldValue = payload.FieldValue
	// MissingError says that a required field is missing or withheld.
	MissingError = payload.MissingError
	// Wire is what goes out on the network, for people to read.
	Wire = transport.Wire
)

// MaxPayload is the size, in bytes, of the largest payload that is taken.
const MaxPayload = payload.MaxSize

// ErrTooLarge says that a payload is larger than [MaxPayload].
var ErrTooLarge = payload.ErrTooLarge

// Check reads what a caller says of an event: see [Draft.Prepare] for what comes next.
func Check(m *manifest.Manifest, r Request) (Draft, []Problem) { return payload.Check(m, r) }

// Build makes the payload of an event from the values collected for it.
func Build(m *manifest.Manifest, event string, terms consent.Terms, values *jsondoc.Object) Payload {
	return payload.Build(m, event, terms, values)
}

// NewClient is the HTTP client for deliveries. It works for a [Sender] only.
func NewClient() *http.Client { return transport.NewClient() }

// object makes one of names and values in turn.
func object(pairs ...any) *jsondoc.Object { return jsondoc.NewObject(pairs...) }
