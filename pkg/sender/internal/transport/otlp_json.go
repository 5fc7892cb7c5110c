package transport

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

// json is the same in OTLP's JSON encoding: IDs in hex, 64-bit numbers as strings.
func (it otlpItem) json(scope string, logs bool) *jsondoc.Object {
	item, list, scopes := it.jsonSpan(), "spans", "scopeSpans"
	if logs {
		item, list, scopes = it.jsonRecord(), "logRecords", "scopeLogs"
	}
	return jsondoc.NewObject(
		"resource", jsondoc.NewObject("attributes", jsonAttributes(it.resource)),
		scopes, []any{jsondoc.NewObject("scope", jsondoc.NewObject("name", scope), list, []any{item})},
	)
}

func (it otlpItem) jsonSpan() *jsondoc.Object {
	o := jsondoc.NewObject(
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
			list = append(list, jsondoc.NewObject("timeUnixNano", fmt.Sprint(e.time), "name", e.name, "attributes", jsonAttributes(e.attributes)))
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
	return jsondoc.NewObject(
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

func jsonAttributes(attributes *jsondoc.Object) []any {
	list := []any{}
	for _, m := range attributes.Members() {
		list = append(list, jsondoc.NewObject("key", m.Name, "value", jsonValue(m.Value)))
	}
	return list
}

func jsonValue(v any) *jsondoc.Object {
	switch v := v.(type) {
	case string:
		return jsondoc.NewObject("stringValue", v)
	case bool:
		return jsondoc.NewObject("boolValue", v)
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return jsondoc.NewObject("intValue", fmt.Sprint(i))
		}
		return jsondoc.NewObject("doubleValue", v)
	case []any:
		values := []any{}
		for _, e := range v {
			values = append(values, jsonValue(e))
		}
		return jsondoc.NewObject("arrayValue", jsondoc.NewObject("values", values))
	case *jsondoc.Object:
		return jsondoc.NewObject("kvlistValue", jsondoc.NewObject("values", jsonAttributes(v)))
	}
	return &jsondoc.Object{}
}
