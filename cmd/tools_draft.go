package cmd

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// The manifest that "tools init" writes. It collects little, and says of each part how to do
// with less or with more.

// schemaURL is where editors find the JSON Schema of manifests.
const schemaURL = "https://raw.githubusercontent.com/usagectl/usagectl/main/docs/manifest.schema.json"

// text is the manifest.
func (d *draft) text() string {
	var b strings.Builder
	put := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	pair := func(key, value string) {
		if value != "" {
			put("%-9s = %s", key, quoted(value))
		}
	}
	id := d.id
	if _, err := manifest.ParseID(id); err != nil {
		id = "ID" // in comments and names, for what is not to be read anyway
	}
	option := manifestOption(id + ".toml")
	if d.file != "" && d.file != "-" {
		option = manifestOption(d.file)
	}
	put("#:schema " + schemaURL)
	put(`# What %s sends about its use: all of it, for usagectl sends nothing that is not here.
# "man usagectl-manifest" explains every key. After a change look at what people are
# shown, and at what would be sent:
#
#   usagectl tools show%s
#   usagectl inspect %s run.end%s
schema = 1

[tool]`, id, option, id, option)
	pair("id", d.id)
	pair("name", cmp.Or(d.name, d.id))
	pair("homepage", d.homepage)
	pair("privacy", d.privacy)
	pair("contact", d.contact)
	pair("purpose", d.purpose)
	pair("retention", d.retention)
	put(`
[consent]
default = "opt-in" # nothing is sent before a person has agreed
refuse  = [{env = %s, when = "present"}]
# With levels = ["basic", "details"] a field that says level = 2 is sent only to those
# who agreed to the details.

# A random ID tells installations apart. To do without: say kind = "none", and remove
# [forget] and the field "source".
[identity]
kind = "random"

[send]`, quoted(variableFor(d.id, "NO_TELEMETRY")))
	pair("transport", d.transport)
	pair("endpoint", d.endpoint)
	if d.transport == string(manifest.Segment) && d.writeKey == "" {
		put("write_key_env = %s", quoted(variableFor(d.id, "WRITE_KEY")))
	} else {
		pair("write_key", d.writeKey)
	}
	put(`
# How people have deleted what was collected under their ID.
[forget]`)
	if d.deletions != "" {
		put("method   = \"http\"\nendpoint = %s", quoted(d.deletions))
	} else {
		put("method = \"mail\"\nmail   = %s", quoted(d.contact))
	}
	put(`
# What usagectl fills in when it runs a command of the tool.
[exec]
start     = "run.start"
end       = "run.end"
exit_code = "exit_code"
duration  = "duration"

[[event]]
name = "run.start"

[[event]]
name = "run.end"

# Each field says why it is collected, in words for those who are asked.`)
	for i, f := range d.draftFields() {
		if i > 0 {
			put("")
		}
		put("[[field]]\nname    = %s", quoted(f.name))
		if f.key != "" {
			put("key     = %s", quoted(f.key))
		}
		put("%s\npurpose = %s", f.what, quoted(f.purpose))
	}
	return b.String()
}

// draftField is a field to begin with.
type draftField struct{ name, key, what, purpose string }

// draftFields are the fields to begin with, where the transport reads them.
func (d *draft) draftFields() []draftField {
	const (
		counted  = "To count installations instead of runs. It is random and says nothing about you."
		times    = "To count runs by the day on which they were, for some arrive late."
		told     = "To tell starts from ends."
		versions = "To see which versions are still in use."
		systems  = "To decide which systems to test on."
		succeed  = "To see what share of runs succeed."
		slower   = "To see whether a change made runs slower, in seconds."
		exitCode = "type    = \"int\"\nmin     = 0\nmax     = 255\nevents  = [\"run.end\"]"
		duration = "type    = \"float\"\nmin     = 0\nevents  = [\"run.end\"]"
	)
	from := func(source manifest.Source) string { return "from    = " + quoted(string(source)) }
	switch manifest.Transport(d.transport) {
	case manifest.OTLP:
		return []draftField{
			{"event", "/name", from(manifest.FromEventName), told},
			{"end", "/end", from(manifest.FromNow) + "\nformat  = \"unix_float\"", times},
			{"service", "/resource/service.name", from(manifest.FromConst) + "\nvalue   = " + quoted(d.id), "OpenTelemetry wants to know which program it is about."},
			{"version", "/resource/service.version", from(manifest.FromToolVersion), versions},
			{"os", "/resource/os.type", from(manifest.FromHostOS), systems},
			{"source", "/attributes/source", from(manifest.FromSourceID), counted},
			{"exit_code", "/attributes/exit_code", exitCode, succeed},
			{"duration", "/attributes/duration", duration, slower},
		}
	case manifest.Segment:
		return []draftField{
			{"event", "/event", from(manifest.FromEventName), told},
			{"source", "/userId", from(manifest.FromSourceID), counted},
			{"version", "/properties/version", from(manifest.FromToolVersion), versions},
			{"os", "/properties/os", from(manifest.FromHostOS), systems},
			{"exit_code", "/properties/exit_code", exitCode, succeed},
			{"duration", "/properties/duration", duration, slower},
		}
	}
	return []draftField{
		{"event", "", from(manifest.FromEventName), told},
		{"event_id", "", from(manifest.FromEventID), "To count an event once that arrives twice."},
		{"run", "", from(manifest.FromRunID), "To match the end of a run with its start. It is random and new for each run."},
		{"source", "", from(manifest.FromSourceID), counted},
		{"time", "", from(manifest.FromNow), times},
		{"version", "", from(manifest.FromToolVersion), versions},
		{"os", "", from(manifest.FromHostOS), systems},
		{"exit_code", "", exitCode, succeed},
		{"duration", "", duration, slower},
	}
}

// quoted is a string of TOML: those of JSON have the same escapes, but need none for DEL.
func quoted(s string) string {
	text, err := jsondoc.Append(nil, s)
	if err != nil {
		return `""` // a text that is no UTF-8, which no manifest can have
	}
	return strings.ReplaceAll(string(text), "\x7f", `\u007f`)
}

// variableFor is a variable of a tool's own: MYTOOL_NO_TELEMETRY. Its name begins with the ID,
// of which the marks between words are left out, or become underscores, as [catalogue.Declared]
// takes it for the tool's own.
func variableFor(id, end string) string {
	name := func(mark string) string {
		words := strings.FieldsFunc(strings.ToUpper(id), func(r rune) bool { return r == '.' || r == '_' || r == '-' })
		variable := strings.Join(words, mark) + "_" + end
		if variable[0] >= '0' && variable[0] <= '9' { // no variable begins with a digit
			return "_" + variable
		}
		return variable
	}
	parsed, err := manifest.ParseID(id)
	if err != nil {
		return "MYTOOL_" + end
	}
	m := &manifest.Manifest{Tool: manifest.Tool{ID: parsed}, Consent: manifest.Consent{Refuse: []manifest.EnvRule{{Env: name("_"), When: manifest.Present}}}}
	if _, leftOut := catalogue.Declared(m, nil); len(leftOut) > 0 {
		return name("")
	}
	return name("_")
}
