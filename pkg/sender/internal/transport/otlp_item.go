package sender

import (
	"encoding/hex"
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
func newOTLPItem(p parcel) (otlpItem, error) {
	doc := p.document()
	it := otlpItem{
		resource:   objectAt(doc, "resource"),
		attributes: objectAt(doc, "attributes"),
		traceID:    p.runID,
		name:       p.event,
	}
	copy(it.spanID[:], p.eventID[:8])
	if v, ok := doc.Get("name"); ok {
		if it.name, ok = v.(string); !ok {
			return it, fmt.Errorf("/name is %s, not a string", jsondoc.Kind(v))
		}
	}
	var err error
	if it.end, err = otlpTime(doc, "end", uint64(p.takenAt.UnixNano())); err != nil {
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

// proto is a ResourceSpans or ResourceLogs. Field numbers are those of
// opentelemetry-proto's trace.proto, logs.proto, resource.proto and common.proto.
func (it otlpItem) proto(scope string, logs bool) []byte {
	item := it.span()
	if logs {
		item = it.record()
	}
	scoped := appendBytes(nil, 1, appendBytes(nil, 1, scope))
	scoped = appendBytes(scoped, 2, item)
	b := appendBytes(nil, 1, protoAttributes(nil, 1, it.resource))
	return appendBytes(b, 2, scoped)
}

func (it otlpItem) span() []byte {
	b := appendBytes(nil, 1, it.traceID[:])
	b = appendBytes(b, 2, it.spanID[:])
	b = appendBytes(b, 5, it.name)
	b = appendVarint(b, 6, kindInternal)
	b = appendFixed64(b, 7, it.start)
	b = appendFixed64(b, 8, it.end)
	b = protoAttributes(b, 9, it.attributes)
	for _, e := range it.events {
		event := appendFixed64(nil, 1, e.time)
		event = appendBytes(event, 2, e.name)
		b = appendBytes(b, 11, protoAttributes(event, 3, e.attributes))
	}
	if it.status != 0 {
		b = appendBytes(b, 15, appendVarint(nil, 3, it.status))
	}
	return appendFixed32(b, 16, contextFlags)
}

func (it otlpItem) record() []byte {
	b := appendFixed64(nil, 1, it.end)
	b = appendVarint(b, 2, severityInfo)
	b = appendBytes(b, 3, "INFO")
	b = appendBytes(b, 5, appendBytes(nil, 1, it.name))
	b = protoAttributes(b, 6, it.attributes)
	b = appendBytes(b, 9, it.traceID[:])
	b = appendBytes(b, 10, it.spanID[:])
	b = appendFixed64(b, 11, it.end)
	return appendBytes(b, 12, it.name)
}

func protoAttributes(b []byte, field int, attributes *jsondoc.Object) []byte {
	for _, m := range attributes.Members() {
		pair := appendBytes(nil, 1, m.Name)
		b = appendBytes(b, field, appendBytes(pair, 2, protoValue(m.Value)))
	}
	return b
}

// protoValue is an AnyValue.
func protoValue(v any) []byte {
	switch v := v.(type) {
	case string:
		return appendBytes(nil, 1, v)
	case bool:
		if v {
			return appendVarint(nil, 2, 1)
		}
		return appendVarint(nil, 2, 0)
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return appendVarint(nil, 3, uint64(i))
		}
		f, _ := v.Float64() // a number out of range is the nearest infinity
		return appendDouble(nil, 4, f)
	case []any:
		var values []byte
		for _, e := range v {
			values = appendBytes(values, 1, protoValue(e))
		}
		return appendBytes(nil, 5, values)
	case *jsondoc.Object:
		return appendBytes(nil, 6, protoAttributes(nil, 1, v))
	}
	return nil
}

// json is the same in OTLP's JSON encoding: IDs in hex, 64-bit numbers as strings.
func (it otlpItem) json(scope string, logs bool) *jsondoc.Object {
	item, list, scopes := it.jsonSpan(), "spans", "scopeSpans"
	if logs {
		item, list, scopes = it.jsonRecord(), "logRecords", "scopeLogs"
	}
	return object(
		"resource", object("attributes", jsonAttributes(it.resource)),
		scopes, []any{object("scope", object("name", scope), list, []any{item})},
	)
}

func (it otlpItem) jsonSpan() *jsondoc.Object {
	o := object(
		"traceId", hex.EncodeToString(it.traceID[:]),
		"spanId", hex.EncodeToString(it.spanID[:]),
		"flags", jsondoc.Int(contextFlags),
		"name", it.name,
		"kind", jsondoc.Int(kindInternal),
		"startTimeUnixNano", fmt.Sprint(it.start),
		"endTimeUnixNano", fmt.Sprint(it.end),
		"attributes", jsonAttributes(it.attributes),
	)
	if len(it.events) > 0 {
		list := []any{}
		for _, e := range it.events {
			list = append(list, object("timeUnixNano", fmt.Sprint(e.time), "name", e.name, "attributes", jsonAttributes(e.attributes)))
		}
		o.Set("events", list)
	}
	status := &jsondoc.Object{}
	if it.status != 0 {
		status.Set("code", jsondoc.Int(int64(it.status)))
	}
	o.Set("status", status)
	return o
}

func (it otlpItem) jsonRecord() *jsondoc.Object {
	return object(
		"timeUnixNano", fmt.Sprint(it.end),
		"observedTimeUnixNano", fmt.Sprint(it.end),
		"severityNumber", jsondoc.Int(severityInfo),
		"severityText", "INFO",
		"body", jsonValue(it.name),
		"attributes", jsonAttributes(it.attributes),
		"traceId", hex.EncodeToString(it.traceID[:]),
		"spanId", hex.EncodeToString(it.spanID[:]),
		"eventName", it.name,
	)
}

// object makes one of names and values in turn.
func object(pairs ...any) *jsondoc.Object {
	o := &jsondoc.Object{}
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

func jsonAttributes(attributes *jsondoc.Object) []any {
	list := []any{}
	for _, m := range attributes.Members() {
		list = append(list, object("key", m.Name, "value", jsonValue(m.Value)))
	}
	return list
}

func jsonValue(v any) *jsondoc.Object {
	switch v := v.(type) {
	case string:
		return object("stringValue", v)
	case bool:
		return object("boolValue", v)
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return object("intValue", fmt.Sprint(i))
		}
		return object("doubleValue", v)
	case []any:
		values := []any{}
		for _, e := range v {
			values = append(values, jsonValue(e))
		}
		return object("arrayValue", object("values", values))
	case *jsondoc.Object:
		return object("kvlistValue", object("values", jsonAttributes(v)))
	}
	return &jsondoc.Object{}
}
