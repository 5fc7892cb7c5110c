package transport

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

// otlpItem is one span or log record with its resource.
type otlpItem struct {
	resource   *jsondoc.Object
	traceID    [16]byte
	spanID     [8]byte
	name       string
	start, end uint64 // nanoseconds since 1970
	attributes *jsondoc.Object
	events     []otlpEvent
	status     uint64 // 0 unset, 1 ok, 2 error
}

type otlpEvent struct {
	time       uint64
	name       string
	attributes *jsondoc.Object
}

// newOTLPItem reads a document. The trace ID is the run's and the span ID the
// beginning of the event's, so that a retry is the same span.
func newOTLPItem(m Message) (otlpItem, error) {
	doc := m.Document
	it := otlpItem{
		resource:   objectAt(doc, "resource"),
		attributes: objectAt(doc, "attributes"),
		traceID:    m.RunID,
		name:       m.Event,
	}
	copy(it.spanID[:], m.EventID[:8])
	if v, ok := doc.Get("name"); ok {
		if it.name, ok = v.(string); !ok {
			return it, fmt.Errorf("/name is %s, not a string", jsondoc.Kind(v))
		}
	}
	var err error
	if it.end, err = otlpTime(doc, "end", uint64(m.TakenAt.UnixNano())); err != nil {
		return it, err
	}
	if it.start, err = otlpTime(doc, "start", it.end); err != nil {
		return it, err
	}
	if it.status, err = otlpStatus(doc); err != nil {
		return it, err
	}
	list, _ := doc.Get("events")
	events, _ := list.([]any)
	for _, e := range events {
		o, ok := e.(*jsondoc.Object)
		if !ok {
			return it, fmt.Errorf("/events holds %s, not objects", jsondoc.Kind(e))
		}
		event := otlpEvent{attributes: objectAt(o, "attributes")}
		name, _ := o.Get("name")
		event.name, _ = name.(string)
		if event.time, err = otlpTime(o, "time", it.end); err != nil {
			return it, err
		}
		it.events = append(it.events, event)
	}
	return it, nil
}

// otlpTime reads seconds since 1970 or an RFC 3339 time.
func otlpTime(o *jsondoc.Object, name string, otherwise uint64) (uint64, error) {
	v, ok := o.Get(name)
	if !ok {
		return otherwise, nil
	}
	switch v := v.(type) {
	case json.Number:
		seconds, err := v.Float64()
		if err == nil && seconds >= 0 && seconds < 1<<33 {
			return uint64(seconds*1e6) * 1000, nil // a float has microseconds at best
		}
	case string:
		at, err := time.Parse(time.RFC3339Nano, v)
		if err == nil && at.Unix() >= 0 {
			return uint64(at.UnixNano()), nil
		}
	}
	return 0, fmt.Errorf("/%s is no time: seconds since 1970 or RFC 3339 are needed", name)
}

func otlpStatus(doc *jsondoc.Object) (uint64, error) {
	v, ok := doc.Get("status")
	if !ok {
		return 0, nil
	}
	switch fmt.Sprint(v) {
	case "unset", "0":
		return 0, nil
	case "ok", "1":
		return 1, nil
	case "error", "2":
		return 2, nil
	}
	return 0, fmt.Errorf("/status is %v, not unset, ok or error", v)
}

// severityInfo is the severity of every log record: SEVERITY_NUMBER_INFO.
const severityInfo = 9

// contextFlags says that the span has no remote parent, as OpenTelemetry's SDKs
// do for a root span: SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK.
const contextFlags = 0x100

// kindInternal is SPAN_KIND_INTERNAL.
const kindInternal = 1
