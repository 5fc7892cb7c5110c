// Package manifest reads what a tool declares about its telemetry: what it
// collects and why, where it goes, how a person refuses, and how they have it
// forgotten. A manifest is a TOML file of schema 1, strictly read; the built-in
// ones are such files too, and no Go code knows any of them by name.
//
// Start with [Library.Find], which knows a tool by its [ID], or with [Parse] and
// [ReadFile] for one manifest. What is wrong with it is an [Errors], with line and
// column; a tool that has none is [ErrUnknownTool]. [Field.ParseText] and [Field.Check]
// hold a caller's value against what the manifest declares.
//
// A [Manifest] is plain data, read anew each time: it is the caller's, and may be
// shared between goroutines as long as nobody changes it. Reading one that is shared
// is safe, and so is everything else in this package.
package manifest

import (
	"regexp"
	"slices"
)

// Schema is the version of the manifest format that this package reads.
const Schema = 1

// Manifest is what one tool declares.
type Manifest struct {
	File     string // the file it came from, or [Builtin]
	Tool     Tool
	Consent  Consent
	Identity Identity
	Send     Send
	Forget   Forget
	Exec     *Exec // nil if the tool declares none
	Events   []Event
	Fields   []Field
}

// Tool says who collects, for whom, and where people can ask.
type Tool struct {
	ID        ID
	Name      string
	Homepage  string
	Privacy   string // the page for people
	Contact   string
	Purpose   string // why the tool collects at all
	Retention string
}

// Default is what a tool does about a person who has not said anything.
type Default string

// The two defaults. Opt-out tools still send nothing before a person has seen
// the notice.
const (
	OptIn  Default = "opt-in"
	OptOut Default = "opt-out"
)

// Consent says how the tool asks and which variables of its own decide.
type Consent struct {
	Default Default
	Levels  []string // names; level 1 is the first. Never empty
	Refuse  []EnvRule
	Grant   []EnvRule
	Dotenv  bool // the refuse variables count in .env files too
}

// Identity says what stands for the person's install of the tool.
type Identity struct {
	Random bool   // false: the tool has no source ID
	Path   string // of the ID file, "~/" first, slashes
	Env    string // a variable that replaces the directory of Path, or ""
}

// Transport is how a payload travels.
type Transport string

// The transports.
const (
	HTTP    Transport = "http"
	UDP     Transport = "udp"
	OTLP    Transport = "otlp"
	Segment Transport = "segment"
	File    Transport = "file"
)

// Send says where payloads go, and how.
type Send struct {
	Transport   Transport `json:"transport"`
	Endpoint    string    `json:"endpoint"`
	Headers     []Header  `json:"headers,omitempty"`       // http; sorted by name
	Prefix      string    `json:"prefix,omitempty"`        // udp: what stands before the document
	Signal      string    `json:"signal,omitempty"`        // otlp: "traces" or "logs"
	WriteKey    string    `json:"write_key,omitempty"`     // segment
	WriteKeyEnv string    `json:"write_key_env,omitempty"` // segment: the variable that holds the write key
	Auth        string    `json:"auth,omitempty"`          // segment: "basic" or "body"
}

// Header is one HTTP header. In Value, "{name}" stands for what the payload
// holds for the field of that name; a header whose field is not in the payload
// is left out, so that nothing leaves in a header that was withheld from the
// document.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ForgetMethod is how a tool takes deletion requests.
type ForgetMethod string

// The methods.
const (
	ForgetNone  ForgetMethod = "none"  // it takes none
	ForgetHTTP  ForgetMethod = "http"  // a JSON document, posted
	ForgetMail  ForgetMethod = "mail"  // the person writes
	ForgetEvent ForgetMethod = "event" // an event, by the tool's own transport
)

// Forget says how a person has the collected data deleted.
type Forget struct {
	Method   ForgetMethod
	Endpoint string // http
	Mail     string // mail
	// Event is, for the method event, the event that is the request. It always
	// has a field from [FromSourceID]; only "usagectl forget" sends it, and
	// nobody has to agree to it.
	Event string
}

// InDeletion reports whether a field can be in a deletion request, which holds the
// source ID, what the request itself is, and nothing else.
func (f *Field) InDeletion() bool {
	switch f.From {
	case FromConst, FromEventName, FromEventID, FromSourceID, FromNow:
		return true
	}
	return false
}

// Exec names what "usagectl exec" sends.
type Exec struct {
	Start    string // event
	End      string // event
	ExitCode string // the field that takes the exit code, or ""
	Signal   string // the field that takes the signal that killed the command, or ""
	Duration string // the field that takes the seconds, or ""
}

// Event is one thing that happens and is told.
type Event struct {
	Name  string
	Level int // the consent level from which on it is sent, 1 or more
}

// Type is the type of a field's value.
type Type string

// The types.
const (
	String  Type = "string"
	Int     Type = "int" // 64 bits, signed
	Float   Type = "float"
	Bool    Type = "bool"
	Strings Type = "strings"
	JSON    Type = "json" // any JSON value
)

// Field is one value in the payload.
type Field struct {
	Name     string
	Key      Pointer
	Type     Type
	From     Source
	Const    any            // a [jsondoc] value, if From is [FromConst]
	Default  any            // a [jsondoc] value for a caller who gives none, or nil
	Format   string         // time.now: "rfc3339", "unix" or "unix_float"
	Length   int            // host.*_hash: hex digits kept, 1 to 64
	Min, Max *float64       // caller: numbers
	Enum     []string       // caller: the values allowed, as text
	Pattern  *regexp.Regexp // caller: strings match it whole
	MaxLen   int            // caller: characters of a string, bytes of a JSON value
	Also     []any          // caller: values that are taken though they are not of the type, [jsondoc] values
	// Otherwise is, for a string of the caller's, what is sent for one that does not fit;
	// an empty one then counts as not given. "" leaves out what does not fit.
	Otherwise string
	Missing   Missing // for a source that can have no value, see [Source.CanBeMissing], and for InsteadOf
	// InsteadOf names the field in whose place this one is sent where that one is missing,
	// or is "". Where that one is there, this one is what Missing says.
	InsteadOf string
	Events    []string // nil: every event
	Level     int      // the consent level from which on it is sent, 1 or more
	Required  bool
	Purpose   string
}

// Missing says what stands in the place of a value that cannot be had.
type Missing string

// What can stand there.
const (
	MissingWord Missing = "" // "unavailable" or "invalid"
	MissingNull Missing = "null"
	MissingOmit Missing = "omit" // nothing
)

// In reports whether the field belongs to the event.
func (f *Field) In(event string) bool {
	return f.Events == nil || slices.Contains(f.Events, event)
}

// Terms is what a person agrees to when they agree to the field: its name, its
// type and where its value comes from. A field that changes any of these is a
// new one and is not covered by an old agreement.
func (f *Field) Terms() string {
	return f.Name + " (" + string(f.Type) + " from " + string(f.From) + ")"
}

// Event finds a declared event.
func (m *Manifest) Event(name string) (Event, bool) {
	for _, e := range m.Events {
		if e.Name == name {
			return e, true
		}
	}
	return Event{}, false
}

// lacks reports whether no event of that name is declared.
func (m *Manifest) lacks(name string) bool {
	_, ok := m.Event(name)
	return !ok
}

// Field finds a declared field.
func (m *Manifest) Field(name string) (*Field, bool) {
	for i := range m.Fields {
		if m.Fields[i].Name == name {
			return &m.Fields[i], true
		}
	}
	return nil, false
}

// fieldNames lists the fields in the order of the manifest.
func (m *Manifest) fieldNames() []string {
	var names []string
	for i := range m.Fields {
		names = append(names, m.Fields[i].Name)
	}
	return names
}

// FieldsOf lists the fields of an event in the order of the manifest.
func (m *Manifest) FieldsOf(event string) []*Field {
	var list []*Field
	for i := range m.Fields {
		if m.Fields[i].In(event) {
			list = append(list, &m.Fields[i])
		}
	}
	return list
}

// IsDeletion reports whether the event is the tool's deletion request.
func (m *Manifest) IsDeletion(event string) bool {
	return m.Forget.Method == ForgetEvent && m.Forget.Event == event
}

// EventNames lists the events that callers can send, in the order of the manifest.
func (m *Manifest) EventNames() []string {
	names := make([]string, 0, len(m.Events))
	for _, e := range m.Events {
		if !m.IsDeletion(e.Name) {
			names = append(names, e.Name)
		}
	}
	return names
}
