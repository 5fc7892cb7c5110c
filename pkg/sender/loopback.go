package sender

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Testing one's telemetry. The event is made and sent by the code that always does it, to an
// address of this machine in place of the manifest's. Nobody is asked, for nothing leaves the
// machine: a [Loopback] takes the place of the permit. Nothing is kept and nothing is made, and
// the person's source ID and key are not looked at: what stands for them is random.

// Loopback is an address of this machine to which a test sends: a numeric address in
// 127.0.0.0/8, or ::1, and a port. [ParseLoopback] makes one. Nothing can be sent to the zero
// value.
type Loopback struct {
	scheme string // "http", "udp" or ""
	at     netip.AddrPort
}

// ErrNoLoopback says that an address is not a [Loopback].
var ErrNoLoopback = errors.New("it is no numeric loopback address with a port")

// ParseLoopback reads "127.0.0.1:8765" or "[::1]:8765", with "http://" or "udp://" before it if
// that is wanted. A name is none, not even localhost: where it leads would have to be looked up.
// Nor is an address without a port, where any server may listen, or one with a path: the path is
// the manifest's. The error wraps [ErrNoLoopback].
func ParseLoopback(text string) (Loopback, error) {
	scheme, address, found := strings.Cut(text, "://")
	if !found {
		scheme, address = "", text
	}
	at, err := netip.ParseAddrPort(strings.TrimSuffix(address, "/"))
	ip := at.Addr()
	switch {
	case err != nil, at.Port() == 0, !ip.IsLoopback(), ip.Is4In6(), ip.Zone() != "", found && scheme != "http" && scheme != "udp":
		return Loopback{}, fmt.Errorf("%s: %w", manifest.Quote(text), ErrNoLoopback)
	}
	return Loopback{scheme, at}, nil
}

// String is the address, with its port.
func (l Loopback) String() string { return l.at.String() }

// send is what a manifest says of sending, with this address for the host and port of its
// endpoint. The path stays, so that it is tested too.
func (l Loopback) send(s manifest.Send) (manifest.Send, error) {
	scheme := "http"
	switch {
	case !l.at.IsValid():
		return s, ErrNoLoopback
	case s.Transport == manifest.File:
		return s, errors.New("its events are appended to a file, and there is no receiver to test")
	case s.Transport == manifest.UDP:
		scheme = "udp"
	}
	if l.scheme != "" && l.scheme != scheme {
		return s, fmt.Errorf("its events do not go by %s but by %s", l.scheme, scheme)
	}
	if scheme == "udp" {
		s.Endpoint = l.String()
		return s, nil
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return s, err
	}
	u.Scheme, u.Host = scheme, l.String()
	s.Endpoint = u.String()
	return s, nil
}

// loopbackTime is how long a test tries to deliver an event if [Event.Wait] is 0.
const loopbackTime = 5 * time.Second

// ForTest is a sender for the tests of a program: its [Sender.Take] sends each event to an
// address of this machine in place of the manifest's host and port, whatever was decided, with
// every field up to the highest level, or up to [Event.Level]. The outcome is [Tested] once the receiver has accepted the
// event, or, by UDP, once it was sent; until then Take tries again, for [Event.Wait] or else 5
// seconds. Such a sender finds manifests as s does, and knows no other directory: nothing is kept,
// and what else it is asked ends with [ErrNoState].
func (s Sender) ForTest(to Loopback) Sender {
	s.at = &dirs.Dirs{DataHome: s.dirs().DataHome, DataDirs: s.dirs().DataDirs}
	s.test, s.deliver = &to, nil
	return s
}

// takeForTest sends an event to the loopback address. It makes and keeps nothing.
func (s Sender) takeForTest(ctx context.Context, e Event, event manifest.Event, m *manifest.Manifest, draft payload.Draft, taken time.Time, flawed bool) Result {
	if e.Strict && flawed {
		return dropped(RuleData, errors.New("the data do not fit"))
	}
	level := len(m.Consent.Levels)
	if e.Level > 0 {
		level = min(level, e.Level)
	}
	terms := consent.Offer(m, level)
	if why := terms.WithheldEvent(event); why != "" {
		return result(Off, RuleEvent, why)
	}
	src := s.sources(m, e, taken, false)
	src.SourceID, src.HashKey = inventedID()
	ready, err := draft.Prepare(terms, src)
	if err != nil {
		return dropped(RuleData, err)
	}
	document, err := jsondoc.Append(nil, ready.Payload.Document())
	if err != nil {
		return dropped(RuleData, err)
	}
	message := loopbackMessage(m, outbox.Entry{Event: e.Name, EventID: src.EventID, RunID: src.RunID, TakenAt: taken.UTC()}, ready.Payload)
	out := s.toLoopback(ctx, e.Wait, m, message)
	out.EventID, out.Document = src.EventID, document
	return out
}

// inventedID is a source ID and a key of hashes as those of somebody whom nobody has seen yet.
func inventedID() (id func() string, key func() ([]byte, error)) {
	someone, secret := uuid.NewString(), make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails
	return func() string { return someone }, func() ([]byte, error) { return secret, nil }
}

// toLoopback sends a message to the loopback address, and tries again while there is time.
func (s Sender) toLoopback(ctx context.Context, wait time.Duration, m *manifest.Manifest, message transport.Message) Result {
	send, err := s.test.send(m.Send)
	if err != nil {
		return dropped(RuleData, err)
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(wait, loopbackTime))
	defer cancel()
	s = s.online().finishing(ctx)
	t := transport.New(s.transportConfig(), transport.Target{Send: send, Scope: m.Tool.ID.String()})
	for again := patienceWithOne(); ; {
		out := t.Send(s.underway(ctx), []transport.Message{message})[0]
		switch {
		case out.Result == transport.Retry && again.pause(ctx, out.RetryAfter):
		case out.Result != transport.Accepted:
			return resultOf(out, nil)
		case send.Transport == manifest.UDP:
			return result(Tested, RuleTest, "sent to "+s.test.String()+", and nobody answers: ask the receiver whether it arrived")
		default:
			return result(Tested, RuleTest, s.test.String()+" took it")
		}
	}
}
