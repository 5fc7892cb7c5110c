package sender

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/hostfacts"
	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Request is what a caller says about an event.
type Request struct {
	Event       string
	Set         []Setting       // in the order given; the last one of a name wins, lists grow
	Data        *jsondoc.Object // values by field name, or nil. Set wins over it
	ToolVersion string          // "" if not given
}

// Setting is one value given as text.
type Setting struct{ Name, Text string }

// Sources are the places from which values come that the caller does not give.
// The functions are called only if a field that may be sent asks for them.
type Sources struct {
	Now      time.Time
	EventID  uuid.UUID
	RunID    uuid.UUID
	Version  func() string          // usagectl's own
	SourceID func() string          // the source ID, or a word for its absence
	HashKey  func() ([]byte, error) // the key of this install's hashes
	Host     hostfacts.Host
	Unmade   string // a preview's word for a hash whose key is not made yet; else ""
}

// Problem is a mistake of the caller: what is wrong, and what is allowed instead.
type Problem struct {
	Name  string   // the field
	Msg   string   // a sentence without a full stop
	Known []string // the names that exist, where an unknown one was given
	// Missing says that nothing is wrong but that a required field has no value.
	Missing bool
}

// Given is what a caller gave that fits, by field name.
type Given map[string]any

// Check reads what the caller says of an event. A value that does not fit is left
// out and reported, and so is a required field without one.
func Check(m *manifest.Manifest, r Request) (Given, []Problem) {
	given := Given{}
	problems := given.take(m, r)
	for _, f := range m.FieldsOf(r.Event) {
		_, ok := given[f.Name]
		switch {
		case ok || f.From != manifest.FromCaller:
		case f.Default != nil:
			given[f.Name] = f.Default
		case f.Required:
			problems = append(problems, Problem{Name: f.Name, Missing: true, Msg: fmt.Sprintf("the required field %q has no value that fits", f.Name)})
		}
	}
	return given, problems
}

func (g Given) take(m *manifest.Manifest, r Request) []Problem {
	var problems []Problem
	accept := func(name string, read func(*manifest.Field) (any, error)) {
		f, problem := r.field(m, name)
		if problem == nil {
			v, err := read(f)
			if err == nil {
				g[name] = v
				return
			}
			problem = &Problem{Name: name, Msg: fmt.Sprintf("field %q is left out: %v", name, err)}
		}
		problems = append(problems, *problem)
	}
	for _, member := range r.Data.Members() {
		if member.Value == nil {
			if f, ok := m.Field(member.Name); ok && f.Type != manifest.JSON {
				continue // a wrapper's way to say that it has no value
			}
		}
		accept(member.Name, func(f *manifest.Field) (any, error) { return f.Check(member.Value) })
	}
	growing := map[string]bool{} // lists that --set has begun
	for _, s := range r.Set {
		accept(s.Name, func(f *manifest.Field) (any, error) {
			v, err := f.ParseText(s.Text)
			if err != nil {
				return nil, err
			}
			if more, ok := v.([]any); ok && f.Type == manifest.Strings && growing[s.Name] {
				v = append(g[s.Name].([]any), more...)
			}
			growing[s.Name] = true
			return v, nil
		})
	}
	return problems
}

// Lacking names a field that the event must have and that is not given or not
// agreed to; empty if the event can be sent.
func (g Given) Lacking(m *manifest.Manifest, event string, terms consent.Terms) string {
	for _, f := range m.FieldsOf(event) {
		if _, ok := g[f.Name]; f.Required && (!ok || terms.Withheld(f) != "") {
			return f.Name
		}
	}
	return ""
}

// Collect gathers the values of an event's fields, by field name, that the terms
// let out: the caller's, and those of the sources.
func Collect(m *manifest.Manifest, terms consent.Terms, r Request, given Given, s Sources) *jsondoc.Object {
	values := &jsondoc.Object{}
	for _, f := range m.FieldsOf(r.Event) {
		if terms.Withheld(f) != "" {
			continue
		}
		v, ok := given[f.Name]
		if f.From != manifest.FromCaller {
			v = s.value(f, r, terms)
			ok = v != nil || f.From == manifest.FromConst
		}
		if ok {
			values.Set(f.Name, v)
		}
	}
	return values
}

// field finds the field that a caller names, if it is theirs to set.
func (r Request) field(m *manifest.Manifest, name string) (*manifest.Field, *Problem) {
	f, ok := m.Field(name)
	switch {
	case !ok:
		return nil, &Problem{Name: name, Msg: fmt.Sprintf("%s has no field %s", m.Tool.ID, manifest.Quote(name)), Known: settable(m, r.Event)}
	case f.From != manifest.FromCaller:
		return nil, &Problem{Name: name, Msg: fmt.Sprintf("field %q cannot be set: its value is %s", name, f.From)}
	case !f.In(r.Event):
		return nil, &Problem{Name: name, Msg: fmt.Sprintf("field %q does not belong to the event %q, only to %s", name, r.Event, quoted(f.Events))}
	}
	return f, nil
}

func settable(m *manifest.Manifest, event string) []string {
	var names []string
	for _, f := range m.FieldsOf(event) {
		if f.From == manifest.FromCaller {
			names = append(names, f.Name)
		}
	}
	return names
}

func quoted(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = strconv.Quote(n)
	}
	return strings.Join(list, ", ")
}

// value reads one field from its source; nil if there is none.
func (s Sources) value(f *manifest.Field, r Request, terms consent.Terms) any {
	switch f.From {
	case manifest.FromConst:
		return f.Const
	case manifest.FromEventName:
		return r.Event
	case manifest.FromEventID:
		return s.EventID.String()
	case manifest.FromRunID:
		return s.RunID.String()
	case manifest.FromSourceID:
		return s.SourceID()
	case manifest.FromLevel:
		return jsondoc.Int(int64(terms.Level))
	case manifest.FromNow:
		return s.now(f.Format)
	case manifest.FromToolVersion:
		if r.ToolVersion == "" {
			return nil
		}
		return r.ToolVersion
	case manifest.FromUsagectlVersion:
		return s.Version()
	case manifest.FromUserHash:
		return s.hash(hostfacts.UserHash, f.Length)
	case manifest.FromNameHash:
		return s.hash(hostfacts.NameHash, f.Length)
	}
	return s.hostFact(f.From)
}

func (s Sources) now(format string) any {
	switch format {
	case "unix":
		return jsondoc.Int(s.Now.Unix())
	case "unix_float":
		// A time cannot be infinite, so this cannot fail.
		seconds, _ := jsondoc.Float(float64(s.Now.UnixMicro()) / 1e6)
		return seconds
	}
	return s.Now.UTC().Format("2006-01-02T15:04:05.000000-07:00")
}

func (s Sources) hash(of func([]byte, int) string, length int) any {
	key, err := s.HashKey()
	switch {
	case err == nil:
		return of(key, length)
	case errors.Is(err, identity.ErrNone) && s.Unmade != "":
		return s.Unmade
	}
	return hostfacts.Unknown
}

func (s Sources) hostFact(from manifest.Source) any {
	h := s.Host
	switch from {
	case manifest.FromHostOS:
		return h.OS()
	case manifest.FromHostSystem:
		return h.System()
	case manifest.FromHostKernelRelease:
		return h.KernelRelease()
	case manifest.FromHostKernelVersion:
		return h.KernelVersion()
	case manifest.FromHostDistribution:
		return h.Distribution()
	case manifest.FromHostDistributionVersion:
		return h.DistributionVersion()
	case manifest.FromHostPlatform:
		return h.Platform()
	case manifest.FromHostArch:
		return h.Arch()
	case manifest.FromHostCPUCount:
		return jsondoc.Int(h.CPUCount())
	case manifest.FromHostMemoryGiB:
		return jsondoc.Int(h.MemoryGiB())
	case manifest.FromHostContainer:
		return h.Container()
	case manifest.FromHostRuntime:
		return h.Runtime()
	case manifest.FromHostCI:
		return h.CI()
	}
	return nil
}
