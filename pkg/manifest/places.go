package manifest

import (
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

// Two transports read their own places of the document and make a message of them. A
// field elsewhere would be shown to people as sent, and never leave; so a manifest that
// has one is refused.

// places are the keys that a transport reads; nil for one that takes the whole document.
// A number stands for each index, and what ends in "/…" for all below: the attributes of
// OpenTelemetry, the properties of Segment.
func (s Send) places() []string {
	switch {
	case s.Transport == Segment:
		return []string{"/event", "/userId", "/anonymousId", "/properties/…", "/context/…"}
	case s.Transport == OTLP && s.Signal == "logs": // a record has one time, and neither a status nor events
		return []string{"/name", "/end", "/resource/…", "/attributes/…"}
	case s.Transport == OTLP:
		return []string{
			"/name", "/start", "/end", "/status", "/resource/…", "/attributes/…", "/events/0/name", "/events/0/time", "/events/0/attributes/…",
		}
	}
	return nil
}

// checkPlaces reports the fields that the transport would not read, by their tables.
func checkPlaces(tables []*table, m *Manifest) {
	places := m.Send.places()
	if places == nil {
		return
	}
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.Name == "" || f.Type == "" || slices.ContainsFunc(places, f.isAt) {
			continue
		}
		key := "key"
		if !tables[i].Has(key) {
			key = "name"
		}
		as(tables[i], KindPlace).Fail(key, "field %s at %s would not be sent: %s reads only %s", Quote(f.Name), f.Key, m.Send.reader(), strings.Join(places, ", "))
	}
}

// reader is the transport as messages name it.
func (s Send) reader() string {
	if s.Transport == OTLP {
		return "otlp for " + s.Signal
	}
	return string(s.Transport)
}

// isAt reports whether a field is at a place, below one for all below, or holds one:
// an object can be given as a whole.
func (f *Field) isAt(place string) bool {
	path, below := strings.CutSuffix(place, "/…")
	want := strings.Split(path[1:], "/")
	for i := range min(len(want), len(f.Key)) {
		if f.Key[i] != want[i] && !(want[i] == "0" && IsIndex(f.Key[i])) {
			return false
		}
	}
	switch {
	case len(f.Key) > len(want):
		return below
	case len(f.Key) < len(want) || below:
		return f.canHold()
	}
	return true
}

// canHold reports whether the value of a field can be an object or a list.
func (f *Field) canHold() bool {
	if f.From != FromConst {
		return f.Type == JSON
	}
	_, isObject := f.Const.(*jsondoc.Object)
	_, isList := f.Const.([]any)
	return isObject || isList
}
