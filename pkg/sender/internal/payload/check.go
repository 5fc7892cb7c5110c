package payload

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
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

// Problem is a mistake of the caller: what is wrong, and what is allowed instead.
type Problem struct {
	Name  string   // the field
	Msg   string   // a sentence without a full stop
	Known []string // the names that exist, where an unknown one was given
	// Missing says that nothing is wrong but that a required field has no value.
	Missing bool
}

// Draft is what a caller says of an event, checked. [Check] makes one. It is not changed
// afterwards, and may be shared between goroutines.
type Draft struct {
	manifest *manifest.Manifest
	request  Request
	given    given
}

// given is what a caller gave that fits, by field name.
type given map[string]any

// Check reads what the caller says of an event, which the manifest must have. A value
// that does not fit is left out and reported, and so is a required field without one. It
// asks neither for consent nor any source.
func Check(m *manifest.Manifest, r Request) (Draft, []Problem) {
	given := given{}
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
	return Draft{m, r, given}, problems
}

func (g given) take(m *manifest.Manifest, r Request) []Problem {
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
		if f, ok := m.Field(member.Name); ok && f.NotGiven(member.Value) {
			continue
		}
		accept(member.Name, func(f *manifest.Field) (any, error) { return f.Check(member.Value) })
	}
	growing := map[string]bool{} // lists that --set has begun
	for _, s := range r.Set {
		if f, ok := m.Field(s.Name); ok && f.NotGiven(s.Text) {
			continue
		}
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

// missing is a [MissingError] if a field that the event must have is not given or not
// agreed to.
func (d Draft) missing(terms consent.Terms) error {
	for _, f := range d.manifest.FieldsOf(d.request.Event) {
		if _, ok := d.given[f.Name]; f.Required && (!ok || terms.Withheld(f) != "") {
			return &MissingError{Field: f.Name}
		}
	}
	return nil
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
