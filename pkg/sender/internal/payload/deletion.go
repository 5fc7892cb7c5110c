package payload

import (
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// ForDeletion builds the event by which a tool with the forget method "event" is asked
// for the deletion of what it holds under a source ID. The event's ID is the request's
// and its time that of the request. It holds the source ID and what the manifest itself
// says, but nothing else of the machine or the caller, and needs no consent.
func ForDeletion(m *manifest.Manifest, sourceID string, request uuid.UUID, at time.Time) Payload {
	src := Sources{Now: at, EventID: request, SourceID: func() string { return sourceID }}
	values := &jsondoc.Object{}
	for _, f := range m.FieldsOf(m.Forget.Event) {
		if f.InDeletion() {
			values.Set(f.Name, src.value(f, Request{Event: m.Forget.Event}, consent.Terms{}))
		}
	}
	return Build(m, m.Forget.Event, everything(m), values)
}

// everything are terms that let out every field: what is in a deletion request
// is up to the values, not to what was agreed to.
func everything(m *manifest.Manifest) consent.Terms {
	return consent.Offer(m, len(m.Consent.Levels))
}
