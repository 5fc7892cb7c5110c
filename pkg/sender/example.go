package sender

import (
	"encoding/json"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// Example is a document as an event makes one if everything is agreed to, built by the code
// that builds what is sent, from values that are made up: for a page about what a tool
// sends. It is the same on every machine and at every time, asks nothing of this one, and
// makes no ID. The second result names the fields for which no value could be made up, such
// as one with a pattern that nothing plain matches; they are left out. An event that there is
// not is an [*EventError].
func Example(m *manifest.Manifest, event string) (json.RawMessage, []string, error) {
	if _, err := FindEvent(m, event); err != nil {
		return nil, nil, err
	}
	values := &jsondoc.Object{}
	for _, f := range m.FieldsOf(event) {
		switch v := madeUp(m, f, event); {
		case f.InsteadOf != "": // that one has its value
			if f.Missing != manifest.MissingOmit {
				values.Set(f.Name, nil)
			}
		case v != nil || f.From == manifest.FromConst: // which can be null
			values.Set(f.Name, v)
		}
	}
	built := payload.Build(m, event, consent.Offer(m, len(m.Consent.Levels)), values)
	var without []string
	for _, f := range built.Fields {
		if f.Withheld != "" && f.Field.InsteadOf == "" {
			without = append(without, f.Field.Name)
		}
	}
	document, err := jsondoc.Append(nil, built.Document())
	return document, without, err
}

// madeUp is a value as the field can have one; nil if none is found.
func madeUp(m *manifest.Manifest, f *manifest.Field, event string) any {
	if word, ok := madeUpWords()[f.From]; ok {
		return word
	}
	switch f.From {
	case manifest.FromCaller:
		return fromCaller(f)
	case manifest.FromConst:
		return f.Const
	case manifest.FromEventName:
		return event
	case manifest.FromLevel:
		return jsondoc.Int(int64(len(m.Consent.Levels)))
	case manifest.FromNow:
		return map[string]any{"rfc3339": "2001-02-03T04:05:06.500000+00:00", "unix": jsondoc.Int(981173106), "unix_float": json.Number("981173106.5")}[f.Format]
	case manifest.FromUserHash, manifest.FromNameHash:
		const digits = "0123456789abcdef"
		return strings.Repeat(digits, 4)[:f.Length]
	case manifest.FromHostCPUCount, manifest.FromHostMemoryGiB:
		return jsondoc.Int(8)
	}
	return nil
}

// madeUpWords are values of the sources that give words.
func madeUpWords() map[manifest.Source]string {
	return map[manifest.Source]string{
		manifest.FromEventID:                 "11111111-1111-4111-8111-111111111111",
		manifest.FromRunID:                   "22222222-2222-4222-8222-222222222222",
		manifest.FromSourceID:                "33333333-3333-4333-8333-333333333333",
		manifest.FromToolVersion:             "1.2.3",
		manifest.FromUsagectlVersion:         "1.2.3",
		manifest.FromHostOS:                  "linux",
		manifest.FromHostSystem:              "Linux",
		manifest.FromHostKernelRelease:       "6.1.0",
		manifest.FromHostKernelVersion:       "#1 SMP",
		manifest.FromHostDistribution:        "debian",
		manifest.FromHostDistributionVersion: "12.5",
		manifest.FromHostPlatform:            "Linux-6.1.0-x86_64",
		manifest.FromHostArch:                "x86_64",
		manifest.FromHostContainer:           "none",
		manifest.FromHostRuntime:             "native",
		manifest.FromHostCI:                  "GitHub Actions",
	}
}

// fromCaller is a value that a caller could give.
func fromCaller(f *manifest.Field) any {
	for _, v := range append([]any{f.Default}, candidates(f)...) {
		if v == nil {
			continue
		}
		if fits, err := f.Check(v); err == nil {
			return fits
		}
	}
	return nil
}

// candidates are values that may fit a field, the most telling ones first.
func candidates(f *manifest.Field) []any {
	var list []any
	switch f.Type {
	case manifest.Bool:
		return []any{true}
	case manifest.JSON:
		return []any{jsondoc.NewObject("key", "value"), []any{}, jsondoc.Int(1)}
	case manifest.Int, manifest.Float:
		for _, word := range f.Enum {
			list = append(list, json.Number(word))
		}
		list = append(list, jsondoc.Int(1))
		for _, bound := range []*float64{f.Min, f.Max} {
			if bound != nil {
				n, _ := jsondoc.Float(*bound) // a bound is finite
				list = append(list, n, jsondoc.Int(int64(*bound)))
			}
		}
		return list
	}
	for _, word := range texts(f) {
		if f.Type == manifest.Strings {
			list = append(list, []any{word})
		} else {
			list = append(list, word)
		}
	}
	return list
}

// texts are strings that may fit a field.
func texts(f *manifest.Field) []string {
	list := slices.Clone(f.Enum)
	if f.Pattern != nil {
		if re, err := syntax.Parse(f.Pattern.String(), syntax.Perl); err == nil {
			list = append(list, matching(re))
		}
	}
	if strings.Contains(f.Name, "version") {
		list = append(list, "1.2.3")
	}
	return append(list, "text", "t", "")
}

// matching is a short text that an expression matches, but for what it says of the places in
// between: whoever uses it tries it.
func matching(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		for _, r := range "a0A1" {
			for i := 0; i+1 < len(re.Rune); i += 2 {
				if re.Rune[i] <= r && r <= re.Rune[i+1] {
					return string(r)
				}
			}
		}
		if len(re.Rune) > 0 {
			return string(re.Rune[0])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "a"
	case syntax.OpCapture, syntax.OpPlus:
		return matching(re.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(matching(re.Sub[0]), re.Min)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(matching(sub))
		}
		return b.String()
	case syntax.OpAlternate:
		return matching(re.Sub[0])
	}
	return ""
}
