package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// difference is a place at which a document must not be equal to the one that
// was captured, what the text there has to look like instead, and why. The form
// is a regular expression for the whole text, in which $RUN and other variables
// stand for what the test knows. The JSON type has to be the captured one.
type difference struct{ at, form, why string }

// Forms that many differences share.
const (
	anyText   = `.+`
	anyUUID   = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	utcMicros = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00`
	utcMillis = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00`
)

// comparison finds where two documents differ. Objects must have the same names
// at every level, in any order; numbers must both be integers or both not be.
type comparison struct {
	allow []difference
	vars  map[string]string
	used  map[string]bool // by difference.at
	found []string
}

// differences compares two values of decodeJSON.
func (c *comparison) differences(want, got any) []string {
	c.found = nil
	c.compare("", want, got)
	return c.found
}

func (c *comparison) report(path, format string, args ...any) {
	c.found = append(c.found, path+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) compare(path string, want, got any) {
	if typeOf(want) != typeOf(got) {
		c.report(path, "is %s (%v), not %s (%v)", typeOf(got), got, typeOf(want), want)
		return
	}
	switch want := want.(type) {
	case map[string]any:
		c.compareObjects(path, want, got.(map[string]any))
	case []any:
		got := got.([]any)
		if len(got) != len(want) {
			c.report(path, "has %d elements, not %d", len(got), len(want))
			return
		}
		for i := range want {
			c.compare(path+"/"+strconv.Itoa(i), want[i], got[i])
		}
	default:
		c.compareScalars(path, want, got)
	}
}

func (c *comparison) compareObjects(path string, want, got map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if v, ok := got[name]; ok {
			c.compare(path+"/"+name, want[name], v)
		} else {
			c.report(path+"/"+name, "is missing")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			c.report(path+"/"+name, "is too much: %v", got[name])
		}
	}
}

func (c *comparison) compareScalars(path string, want, got any) {
	for _, d := range c.allow {
		if d.at != path {
			continue
		}
		if c.used != nil {
			c.used[path] = true
		}
		form := os.Expand(d.form, func(name string) string { return regexp.QuoteMeta(c.vars[name]) })
		if !regexp.MustCompile(`\A(?:` + form + `)\z`).MatchString(fmt.Sprint(got)) {
			c.report(path, "is %v, not of the form %s (%s)", got, form, d.why)
		}
		return
	}
	if !equalScalars(want, got) {
		c.report(path, "is %v, not %v", got, want)
	}
}

// equalScalars compares numbers by value: "6.1e-06" and "0.0000061" are one.
func equalScalars(want, got any) bool {
	w, ok := want.(json.Number)
	if !ok {
		return want == got
	}
	x, errX := w.Float64()
	y, errY := got.(json.Number).Float64()
	return errX == nil && errY == nil && x == y
}

// typeOf is the JSON type, with numbers told apart by how they are written.
func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "float"
		}
		return "int"
	case map[string]any:
		return "object"
	case []any:
		return "array"
	}
	return fmt.Sprintf("%T", v)
}

// decodeJSON reads one document, keeping how numbers are written.
func decodeJSON(t testing.TB, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, data)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("there is more behind the document: %q", data)
	}
	return v
}

// part is what stands at a path, and nil where there is nothing.
func part(doc any, path string) any {
	for _, name := range strings.Split(path, "/")[1:] {
		switch v := doc.(type) {
		case map[string]any:
			doc = v[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(v) {
				return nil
			}
			doc = v[i]
		default:
			return nil
		}
	}
	return doc
}

// remove takes a member of an object away.
func remove(doc any, path string) {
	cut := strings.LastIndex(path, "/")
	if parent, ok := part(doc, path[:cut]).(map[string]any); ok {
		delete(parent, path[cut+1:])
	}
}

// otlpItems splits OTLP JSON into its spans or log records, each an object of
// "resource", "scope" and "item", in a form that can be compared: attributes,
// whose order means nothing, are objects, and what is a double by its name is
// one whether or not it is written with a point.
func otlpItems(t testing.TB, data []byte) []any {
	t.Helper()
	doc := normal(t, decodeJSON(t, data))
	var items []any
	for _, names := range [][3]string{{"resourceSpans", "scopeSpans", "spans"}, {"resourceLogs", "scopeLogs", "logRecords"}} {
		resources, _ := part(doc, "/"+names[0]).([]any)
		for _, resource := range resources {
			scopes, _ := part(resource, "/"+names[1]).([]any)
			for _, scope := range scopes {
				list, _ := part(scope, "/"+names[2]).([]any)
				for _, item := range list {
					items = append(items, map[string]any{
						"resource": part(resource, "/resource/attributes"), "scope": part(scope, "/scope"), "item": item,
					})
				}
			}
		}
	}
	return items
}

func normal(t testing.TB, v any) any {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = normal(t, v[i])
		}
	case map[string]any:
		for name, member := range v {
			list, isList := member.([]any)
			number, isNumber := member.(json.Number)
			switch {
			case name == "attributes" && isList && len(list) == 0:
				delete(v, name) // no list and an empty one are the same in protobuf
			case name == "attributes" && isList:
				v[name] = normal(t, attributesOf(t, list))
			case name == "doubleValue" && isNumber:
				v[name] = double(t, number)
			default:
				v[name] = normal(t, member)
			}
		}
	}
	return v
}

func attributesOf(t testing.TB, list []any) map[string]any {
	t.Helper()
	o := map[string]any{}
	for _, pair := range list {
		key, ok := part(pair, "/key").(string)
		if _, twice := o[key]; !ok || twice {
			t.Errorf("the attribute %q has no name, or stands there twice", key)
		}
		o[key] = part(pair, "/value")
	}
	return o
}

func double(t testing.TB, number json.Number) float64 {
	t.Helper()
	f, err := number.Float64()
	if err != nil {
		t.Error(err)
	}
	return f
}

// encodeJSON is the reverse of decodeJSON.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}
