package sender

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// otlpTransport posts batches over OTLP/HTTP, binary Protocol Buffers in gzip
// (OTLP specification 1.x). A document makes one root span or one log record:
// "name", "start", "end", "status", "resource", "attributes" and "events".
type otlpTransport struct {
	medium
	manifest *manifest.Manifest
}

// maxOTLPAnswer is how much of an answer the OTLP specification lets a client read.
const maxOTLPAnswer = 4 << 20

func (t otlpTransport) limits() (int, int) { return 512, 2 << 20 }

func (t otlpTransport) wire(parcels []parcel) (Wire, error) {
	items, err := t.items(parcels)
	if err != nil {
		return Wire{}, err
	}
	w := t.request(items)
	text, err := jsondoc.Append(nil, t.decoded(items))
	w.Text = string(text)
	return w, err
}

func (t otlpTransport) request(items []otlpItem) Wire {
	var data, zipped bytes.Buffer
	for _, it := range items {
		data.Write(appendBytes(nil, 1, it.proto(t.scope(), t.logs())))
	}
	z := gzip.NewWriter(&zipped)
	z.Write(data.Bytes()) // a buffer takes everything
	z.Close()
	return Wire{
		Method: "POST",
		URL:    t.manifest.Send.Endpoint,
		Headers: []manifest.Header{
			{Name: "Content-Type", Value: "application/x-protobuf"},
			{Name: "Content-Encoding", Value: "gzip"},
			t.userAgent(),
		},
		Body: zipped.Bytes(),
	}
}

func (t otlpTransport) scope() string { return t.manifest.Tool.ID.String() }
func (t otlpTransport) logs() bool    { return t.manifest.Send.Signal == "logs" }

// decoded is the request in OTLP's JSON encoding.
func (t otlpTransport) decoded(items []otlpItem) *jsondoc.Object {
	list := []any{}
	for _, it := range items {
		list = append(list, it.json(t.scope(), t.logs()))
	}
	o := &jsondoc.Object{}
	if t.logs() {
		o.Set("resourceLogs", list)
	} else {
		o.Set("resourceSpans", list)
	}
	return o
}

func (t otlpTransport) items(parcels []parcel) ([]otlpItem, error) {
	items := make([]otlpItem, len(parcels))
	for i, p := range parcels {
		var err error
		if items[i], err = newOTLPItem(p); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (t otlpTransport) carry(ctx context.Context, parcels []parcel) []outcome {
	return bisect(parcels, func(parcels []parcel) (int, outcome) {
		items, err := t.items(parcels)
		if err != nil { // as good as a receiver that calls it bad
			return http.StatusBadRequest, outcome{result: rejected, note: err.Error()}
		}
		return t.send(ctx, items)
	})
}

func (t otlpTransport) send(ctx context.Context, items []otlpItem) (int, outcome) {
	a, err := post(ctx, t.client, t.request(items), maxOTLPAnswer, t.now())
	if err != nil {
		return 0, outcome{result: retry, note: err.Error()}
	}
	o := a.outcome(is2xx)
	if o.result == accepted {
		return a.status, partialSuccess(a.body, len(items))
	}
	if text := statusMessage(a.body); text != "" {
		a.body = []byte(text)
		o.note = a.text()
	}
	return a.status, o
}

// partialSuccess reads an Export…ServiceResponse. What the receiver rejected is
// lost and must not be sent again; it does not say which ones it was.
func partialSuccess(body []byte, sent int) outcome {
	var lost int64
	var message string
	err := protobufFields(body, func(field int, _ uint64, content []byte) {
		if field != 1 {
			return
		}
		_ = protobufFields(content, func(field int, varint uint64, content []byte) {
			switch field {
			case 1:
				lost = int64(varint)
			case 2:
				message = string(content)
			}
		})
	})
	if err != nil || lost <= 0 && message == "" {
		return outcome{result: accepted} // the status counts; a body that is none says nothing
	}
	note := fmt.Sprintf("the receiver rejected %d of %d: %s", lost, sent, message)
	if lost >= int64(sent) {
		return outcome{result: rejected, note: note}
	}
	return outcome{result: accepted, note: note}
}

// statusMessage reads the message of a google.rpc.Status, which OTLP receivers
// put into answers that are no success.
func statusMessage(body []byte) string {
	message := ""
	err := protobufFields(body, func(field int, _ uint64, content []byte) {
		if field == 2 {
			message = string(content)
		}
	})
	if err != nil {
		return ""
	}
	return message
}

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
