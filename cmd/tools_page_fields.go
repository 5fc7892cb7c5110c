package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/markdown"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// whatIsSent lists events and fields, level by level.
func (p *page) whatIsSent() {
	p.section("What is sent")
	for level := 1; level <= len(p.m.Consent.Levels); level++ {
		if len(p.m.Consent.Levels) > 1 {
			p.line("\n### Level %d: %s", level, markdown.Text(p.m.Consent.Levels[level-1]))
		}
		events, fields := eventsAt(p.m, level), fieldsAt(p.m, level)
		if len(events) > 0 {
			p.paragraph("Events: %s.", codes(events))
		}
		if len(fields) > 0 {
			p.line("\n| field | value | what it is for |\n|---|---|---|")
		}
		for _, f := range fields {
			p.line("| `%s` | %s | %s |", f.Name, p.value(f), markdown.Text(f.Purpose))
		}
		if len(events)+len(fields) == 0 {
			p.paragraph("Nothing more.")
		}
	}
}

// codes lists words as code.
func codes(words []string) string {
	list := make([]string, len(words))
	for i, word := range words {
		list[i] = markdown.Code(word)
	}
	return strings.Join(list, ", ")
}

// value says what the value of a field is, and when it is there.
func (p *page) value(f *manifest.Field) string {
	text := sourceWords()[f.From]
	switch {
	case f.From == manifest.FromCaller:
		text = callerValue(f)
	case f.From == manifest.FromConst:
		text = "always the same, see the example"
	case f.From.IsHash():
		text = fmt.Sprintf("%s, of which %d digits are sent", text, f.Length)
	}
	if f.Default != nil {
		text += "; " + markdown.Code(jsonText(f.Default)) + " if the tool says nothing"
	}
	if f.Otherwise != "" {
		text += "; " + markdown.Code(f.Otherwise) + " for any other"
	}
	if f.InsteadOf != "" {
		text += fmt.Sprintf("; only where `%s` cannot be had", f.InsteadOf)
	}
	if f.Events != nil {
		text += "; only in " + codes(f.Events)
	}
	return text
}

// sourceWords say of each source what it gives, as a part of a sentence.
func sourceWords() map[manifest.Source]string {
	return map[manifest.Source]string{
		manifest.FromEventName:               "the name of the event",
		manifest.FromEventID:                 "a random ID of the event",
		manifest.FromRunID:                   "a random ID, new for each run unless one is given",
		manifest.FromSourceID:                "the random ID of the installation",
		manifest.FromLevel:                   "the level that you agreed to",
		manifest.FromNow:                     "the time",
		manifest.FromToolVersion:             "the version of the tool, as it says: text of at most 64 characters",
		manifest.FromUsagectlVersion:         "the version of usagectl",
		manifest.FromHostOS:                  "the operating system, such as linux",
		manifest.FromHostSystem:              "the operating system, such as Linux",
		manifest.FromHostKernelRelease:       "the release of the kernel",
		manifest.FromHostKernelVersion:       "the version of the kernel",
		manifest.FromHostDistribution:        "the distribution, such as debian",
		manifest.FromHostDistributionVersion: "the version of the distribution",
		manifest.FromHostPlatform:            "system, kernel and processor type in a line",
		manifest.FromHostArch:                "the type of processor, such as x86\\_64",
		manifest.FromHostCPUCount:            "the number of processors",
		manifest.FromHostMemoryGiB:           "the memory in GiB, rounded to a power of two",
		manifest.FromHostContainer:           "the kind of container, if any",
		manifest.FromHostRuntime:             "native, docker, kubernetes or notebook",
		manifest.FromHostCI:                  "the CI system, if any",
		manifest.FromUserHash:                "a hash of the login name under a random key that never leaves the machine",
		manifest.FromNameHash:                "a hash of the host name under a random key that never leaves the machine",
	}
}

// callerValue says what the tool can set a field to.
func callerValue(f *manifest.Field) string {
	text := map[manifest.Type]string{
		manifest.String: "text", manifest.Int: "a whole number", manifest.Float: "a number", manifest.Bool: "true or false",
		manifest.Strings: "a list of texts", manifest.JSON: "any JSON",
	}[f.Type]
	number := func(x float64) string { return strings.TrimSuffix(fmt.Sprintf("%f", x), ".000000") }
	switch {
	case f.Enum != nil && f.Type == manifest.Strings:
		text += " out of " + codes(f.Enum)
	case f.Enum != nil:
		text = "one of " + codes(f.Enum)
	case f.Pattern != nil:
		text += " that matches " + markdown.Text(*patternOf(f))
	case isText(f):
		text += fmt.Sprintf(" of at most %d %s", maxLen(f), map[bool]string{false: "characters", true: "bytes"}[f.Type == manifest.JSON])
	}
	switch {
	case f.Min != nil && f.Max != nil:
		text += " from " + number(*f.Min) + " to " + number(*f.Max)
	case f.Min != nil:
		text += " from " + number(*f.Min)
	case f.Max != nil:
		text += " up to " + number(*f.Max)
	}
	if f.Also != nil {
		text += ", or " + codes(jsonTextsOf(f.Also))
	}
	return text
}

// isText reports whether a value that the tool sets is text of its choosing.
func isText(f *manifest.Field) bool {
	return f.From == manifest.FromCaller && f.Enum == nil && (f.Type == manifest.String || f.Type == manifest.Strings || f.Type == manifest.JSON)
}

// maxLen is how long a text can be.
func maxLen(f *manifest.Field) int { return cmp.Or(f.MaxLen, manifest.DefaultMaxLen) }

// mostExamples is how many documents a page shows at most.
const mostExamples = 6

// examples shows what events look like, one document for all that have the same fields.
func (p *page) examples() error {
	p.section("Examples")
	p.paragraph("Each is made by the code that makes what is sent, with every field, up to the highest level. The values are made up.")
	groups := p.groups()
	for i, events := range groups {
		if i == mostExamples {
			p.paragraph("`usagectl inspect %s EVENT` shows the others.", p.m.Tool.ID)
			break
		}
		document, without, err := sender.Example(p.m, events[0])
		if err != nil {
			return err
		}
		text, err := indented(document)
		if err != nil {
			return err
		}
		same := ""
		switch {
		case len(events) > mostNamed:
			same = fmt.Sprintf("; %d others have the same form", len(events)-1)
		case len(events) > 1:
			same = "; of the same form: " + codes(events[1:])
		}
		p.paragraph("Event %s%s:\n\n```json\n%s```", markdown.Code(events[0]), same, text)
		if len(without) > 0 {
			p.paragraph("Not shown: %s.", codes(without))
		}
	}
	return nil
}

// mostNamed is how many events are named once more.
const mostNamed = 6

// groups are the events of each set of fields, in the order of the manifest.
func (p *page) groups() [][]string {
	var groups [][]string
	for _, event := range p.m.EventNames() {
		i := slices.IndexFunc(groups, func(g []string) bool { return slices.Equal(p.m.FieldsOf(g[0]), p.m.FieldsOf(event)) })
		if i < 0 {
			groups = append(groups, []string{event})
		} else {
			groups[i] = append(groups[i], event)
		}
	}
	return groups
}
