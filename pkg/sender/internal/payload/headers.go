package payload

import (
	"encoding/json"
	"strings"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// FillHeaders puts the payload's values in the place of the names in braces of a
// manifest's headers. A header is left out if one of its names is not in the payload, or
// is there with a value that a header cannot hold, so that no header says what was
// withheld from the document.
func (p Payload) FillHeaders(templates []manifest.Header) []manifest.Header {
	var list []manifest.Header
	for _, h := range templates {
		if value, ok := p.fill(h.Value); ok {
			list = append(list, manifest.Header{Name: h.Name, Value: value})
		}
	}
	return list
}

// fill fills one template in; false if one of its names has no value.
func (p Payload) fill(template string) (string, bool) {
	var filled strings.Builder
	for _, name := range manifest.HeaderFields(template) {
		before, after, _ := strings.Cut(template, "{"+name+"}")
		value := p.headerText(name)
		if value == "" {
			return "", false
		}
		filled.WriteString(before + value)
		template = after
	}
	return filled.String() + template, true
}

// headerText is a field's value as a header can hold it, or "".
func (p Payload) headerText(name string) string {
	for _, f := range p.Fields {
		if f.Field.Name == name && f.Withheld == "" {
			return headerText(f.Value)
		}
	}
	return ""
}

// headerText is a scalar as a header can hold it, or "".
func headerText(v any) string {
	text := ""
	switch v := v.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return text
}
