package payload

import (
	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Payload is what is sent for one event. [Build], [Draft.Prepare], [Draft.Preview] and
// [ForDeletion] make payloads, all of them by Build. A Payload is not changed once it was
// made, and may be shared between goroutines. The zero value has no document.
type Payload struct {
	Event  string
	Fields []FieldValue // every field of the event, in the order of the manifest
	doc    *jsondoc.Object
}

// FieldValue is what became of one field.
type FieldValue struct {
	Field    *manifest.Field
	Value    any    // a [jsondoc] value; nil if it is left out
	Withheld string // why it is left out, or ""
}

// Document is the payload as JSON. The caller must not change it.
func (p Payload) Document() *jsondoc.Object { return p.doc }

// leastSourceID is how long a source ID is at least, in bytes: 32 digits, see
// [identity.Parse]. What is shorter is a word for an ID that there is not.
const leastSourceID = 32

// SourceIDs are the source IDs in the payload, under whichever field they are sent. A note
// of what a server said must not contain them.
func (p Payload) SourceIDs() []string {
	var list []string
	for _, f := range p.Fields {
		if value, ok := f.Value.(string); ok && f.Field.From == manifest.FromSourceID && len(value) >= leastSourceID {
			list = append(list, value)
		}
	}
	return list
}

// Build makes the payload of an event from the values that were collected for it, by
// field name. Whatever the terms do not cover, or the manifest does not declare or allow,
// is left out, wherever the values come from. It is the one builder: a preview, the
// outbox and the wire all show what it made.
func Build(m *manifest.Manifest, event string, terms consent.Terms, values *jsondoc.Object) Payload {
	p := Payload{Event: event}
	root := &node{}
	for _, f := range m.FieldsOf(event) {
		v, withheld := fieldValue(f, terms, values)
		p.Fields = append(p.Fields, FieldValue{f, v, withheld})
		root.declare(f)
		if withheld == "" {
			root.put(f, v)
		}
	}
	p.doc = root.object()
	return p
}

func fieldValue(f *manifest.Field, terms consent.Terms, values *jsondoc.Object) (any, string) {
	if why := terms.Withheld(f); why != "" {
		return nil, why
	}
	v, ok := values.Get(f.Name)
	if !ok {
		return nil, "it has no value"
	}
	if f.From == manifest.FromCaller {
		fits, err := f.Check(v)
		if err != nil {
			return nil, err.Error()
		}
		v = fits
	}
	return v, ""
}
