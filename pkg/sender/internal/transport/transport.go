package sender

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// parcel is a payload on its way. Only newParcel makes one, of an event and the
// permit that lets it go, and [DeletionRequest], which a person asked for.
type parcel struct {
	event   string
	eventID uuid.UUID
	runID   uuid.UUID
	takenAt time.Time
	payload Payload
	filled  bool // the transport's headers are filled in already

	sourceID string // of a deletion request
}

// newParcel refuses an entry that the permit does not cover: one for another
// endpoint, or queued under an agreement that was withdrawn since.
func newParcel(p consent.Permit, e Entry, payload Payload) (parcel, error) {
	if !p.Covers(e.Tool, e.Event, e.Endpoint, e.Grant) {
		return parcel{}, fmt.Errorf("%w to deliver %q of %s", consent.ErrNoConsent, e.Event, e.Tool)
	}
	return parcel{event: e.Event, eventID: e.EventID, runID: e.RunID, takenAt: e.TakenAt, payload: payload}, nil
}

// document is the parcel's payload.
func (p parcel) document() *jsondoc.Object { return p.payload.Document() }

// result is what became of a parcel.
type result int

const (
	accepted    result = iota
	retry              // try again later
	rejected           // never try again
	withheld           // consent was withdrawn, and nothing of it left
	interrupted        // consent was withdrawn while it was being sent: it may have arrived
)

// outcome is the result for one parcel and what the receiver said.
type outcome struct {
	result     result
	retryAfter time.Duration // the receiver's wish; 0 if it has none
	status     int           // of HTTP; 0 if there was none
	wrote      bool          // a part of it may have left
	note       string
}

// single reports whether a failure may be about single events, and not the receiver:
// it has answered, or has got a part of the request. One that is asked too often, or
// wants to be left alone for a while, is not asked for the others.
func (o outcome) single() bool {
	return o.result == retry && o.retryAfter == 0 && o.status != http.StatusTooManyRequests && (o.status != 0 || o.wrote)
}

// answered reports whether the receiver took it or refused it.
func (o outcome) answered() bool { return o.result == accepted || o.result == rejected }

// withoutConsent reports whether consent was withdrawn while it was under way.
func (o outcome) withoutConsent() bool { return o.result == withheld || o.result == interrupted }

// transport moves parcels to a receiver.
type transport interface {
	// limits says how many parcels and bytes of payload go together at most.
	limits() (parcels, bytes int)
	// wire is what the parcels look like on their way, and nothing is sent.
	wire(parcels []parcel) (Wire, error)
	// carry sends the parcels and returns one outcome for each.
	carry(ctx context.Context, parcels []parcel) []outcome
}

// Wire is what goes out on the network, or to the file, for people to read.
type Wire struct {
	Method  string // "POST"; "UDP" and "APPEND" where there is no method
	URL     string
	Headers []manifest.Header
	Body    []byte // as it is sent
	Text    string // the body, readable: of OTLP, decoded to JSON
}

// Masked is the wire without secrets.
func (w Wire) Masked() Wire {
	headers := make([]manifest.Header, len(w.Headers))
	for i, h := range w.Headers {
		h.Value = secret.Header(h.Name, h.Value)
		headers[i] = h
	}
	w.URL, w.Headers = secret.URL(w.URL), headers
	return w
}

// medium is what transports need of their surroundings.
type medium struct {
	client  *http.Client
	env     consent.Env
	home    string
	version string
	now     func() time.Time
	split   bool // the last two attempts failed too: see [bisection]
	strict  bool // what is called HTML is no acceptance, however short

	// may is asked for consent before each request, datagram or line, and again
	// while a request is under way; nil asks nobody. An error says why not. It is
	// called from several goroutines at once.
	may func(context.Context) error
}

// allowed asks for consent.
func (m medium) allowed(ctx context.Context) error {
	if m.may == nil {
		return nil
	}
	return m.may(ctx)
}

// transportOf is the transport that a manifest asks for.
func (m medium) transportOf(d *manifest.Manifest) transport {
	switch d.Send.Transport {
	case manifest.HTTP:
		return httpTransport{m, d}
	case manifest.UDP:
		return udpTransport{m, d.Send}
	case manifest.OTLP:
		return otlpTransport{m, d}
	case manifest.Segment:
		return segmentTransport{m, d.Send}
	}
	return fileTransport{m, m.expand(d.Send.Endpoint)}
}

// expand puts the home in the place of a leading "~/"; "" if it is not known.
func (m medium) expand(path string) string {
	rest, ok := strings.CutPrefix(path, "~/")
	switch {
	case !ok:
		return filepath.FromSlash(path)
	case m.home == "":
		return ""
	}
	return filepath.Join(m.home, filepath.FromSlash(rest))
}

// each sends messages one after the other, as long as ctx goes on and consent holds.
func (m medium) each(ctx context.Context, parcels []parcel, send func(parcel) outcome) []outcome {
	outcomes := make([]outcome, 0, len(parcels))
	for i, p := range parcels {
		if err := ctx.Err(); err != nil {
			return append(outcomes, all(parcels[i:], outcome{result: retry, note: err.Error()})...)
		}
		if err := m.allowed(ctx); err != nil {
			return append(outcomes, all(parcels[i:], outcome{result: withheld, note: err.Error()})...)
		}
		outcomes = append(outcomes, send(p))
	}
	return outcomes
}

// all is the same outcome for every parcel.
func all(parcels []parcel, o outcome) []outcome {
	list := make([]outcome, len(parcels))
	for i := range list {
		list[i] = o
	}
	return list
}
