package sender

import (
	"context"
	"encoding/json"
	"strings"
	"sync"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// parallelPosts is how many events are under way at once to one HTTP endpoint.
const parallelPosts = 8

// httpTransport posts one document a request, as Flower's telemetry does.
type httpTransport struct {
	medium
	manifest *manifest.Manifest
}

func (t httpTransport) limits() (int, int) { return parallelPosts, parallelPosts * MaxPayload }

func (t httpTransport) wire(parcels []parcel) (Wire, error) {
	return t.request(parcels[0])
}

func (t httpTransport) request(p parcel) (Wire, error) {
	body, err := jsondoc.Append(nil, p.document())
	headers := []manifest.Header{{Name: "Content-Type", Value: "application/json"}, t.userAgent()}
	for _, h := range t.manifest.Send.Headers {
		value, ok := h.Value, true
		if !p.filled {
			value, ok = p.payload.fill(h.Value)
		}
		if ok {
			headers = setHeader(headers, h.Name, value)
		}
	}
	return Wire{Method: "POST", URL: t.manifest.Send.Endpoint, Headers: headers, Body: body, Text: string(body)}, err
}

// fill puts the payload's values in the place of the names in braces; false if
// one of them is not in the payload.
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

func setHeader(list []manifest.Header, name, value string) []manifest.Header {
	for i := range list {
		if strings.EqualFold(list[i].Name, name) {
			list[i].Value = value
			return list
		}
	}
	return append(list, manifest.Header{Name: name, Value: value})
}

func (t httpTransport) carry(ctx context.Context, parcels []parcel) []outcome {
	outcomes := make([]outcome, len(parcels))
	var wg sync.WaitGroup
	for i, p := range parcels {
		wg.Go(func() { outcomes[i] = t.carryOne(ctx, p) })
	}
	wg.Wait()
	return outcomes
}

func (t httpTransport) carryOne(ctx context.Context, p parcel) outcome {
	w, err := t.request(p)
	if err != nil {
		return outcome{result: rejected, note: err.Error()}
	}
	return t.post(ctx, w, maxAnswer, p.private()...).outcome()
}
