package sender

import (
	"fmt"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// What a transport sends is a [transport.Message], which no package but those below
// pkg/sender can make, as the compiler holds. Here newMessage alone makes one that is
// sent of an event, and takes the permit that lets it go; a preview's is only shown;
// loopbackMessage makes that of a test, which stays on this machine; and
// [deletionMessage] makes that of a deletion request, which a person asked for.
// TestMessagesAreMadeHere holds that there are no other makers.

// newMessage refuses an entry that the permit does not cover: one for another
// endpoint, or queued under an agreement that was withdrawn since.
func newMessage(p consent.Permit, m *manifest.Manifest, e outbox.Entry, built payload.Payload) (transport.Message, error) {
	if !p.Covers(e.Tool, e.Event, e.Endpoint, e.Grant) {
		return transport.Message{}, fmt.Errorf("%w to deliver %q of %s", consent.ErrNoConsent, e.Event, e.Tool)
	}
	return messageOf(m, e, built), nil
}

// loopbackMessage is the message of a test. It needs no permit: [Sender.toLoopback] alone sends
// it, to an address of this machine.
func loopbackMessage(m *manifest.Manifest, e outbox.Entry, built payload.Payload) transport.Message {
	return messageOf(m, e, built)
}

// messageOf is for newMessage and loopbackMessage, and for a preview, which is not sent.
func messageOf(m *manifest.Manifest, e outbox.Entry, built payload.Payload) transport.Message {
	return transport.Message{
		Event: e.Event, EventID: e.EventID, RunID: e.RunID, TakenAt: e.TakenAt,
		Document: built.Document(), Headers: built.FillHeaders(m.Send.Headers), Private: built.SourceIDs(),
	}
}

// deletionMessage is the message that is a deletion request. It needs no permit. Its run
// is the request too, so that a retry is the same span or record.
func deletionMessage(r deletion.Request, sourceID string) transport.Message {
	m := transport.Message{
		Event: r.Event, EventID: r.ID, RunID: r.ID, TakenAt: r.RequestedAt,
		Document: r.Document(sourceID), Private: []string{sourceID},
	}
	if r.Method == manifest.ForgetEvent {
		m.Headers = r.Send.Headers // filled in when the request was made
	}
	return m
}

// deletionTarget is where a deletion request goes.
func deletionTarget(r deletion.Request) transport.Target {
	if r.Method == manifest.ForgetEvent {
		return transport.Target{Send: *r.Send, Scope: r.Tools[0].String()}
	}
	return transport.Target{Send: manifest.Send{Transport: manifest.HTTP, Endpoint: r.To}}
}

// transportConfig is what transports need of the sender's surroundings.
func (s Sender) transportConfig() transport.Config {
	return transport.Config{Client: s.client, Env: s.lookup, Home: s.dirs().Home, Version: s.programVersion(), Now: s.Now}
}

// transportOf is the transport that a manifest asks for.
func transportOf(c transport.Config, m *manifest.Manifest) transport.Transport {
	return transport.New(c, transport.Target{Send: m.Send, Scope: m.Tool.ID.String()})
}

// deletionTransport is the transport of a deletion request. It does not tell the
// program's version, which would be one thing more than the ID, and takes no doubtful
// answer for an acceptance, with which the asking would end.
func (s Sender) deletionTransport(r deletion.Request) transport.Transport {
	c := s.transportConfig()
	c.Version, c.Strict = "", true
	return transport.New(c, deletionTarget(r))
}
