package manifest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// upstream is what a tool itself sends, as it was read in its source.
type upstream struct {
	Repository, Commit string
	Files              []string // where it was read
	Events             []string
	Field              []upstreamField
}

// upstreamField is one place in what the tool sends. The type is the tool's: "" says that
// the tool does not send it. Here is the manifest's type where that is another, and Why the
// reason for that or another difference.
type upstreamField struct {
	Key, Type string
	Also      []string // values besides those of the type, as JSON
	Events    []string // the events that have it; none: every one
	Here, Why string
}

// TestBuiltinManifestsFollowTheirTools holds each built-in manifest to the list of what the
// tool itself sends: the same events, and the same fields with the same types, neither more
// nor less. The lists name the commit that they were taken from.
func TestBuiltinManifestsFollowTheirTools(t *testing.T) {
	for _, id := range (manifest.Library{}).IDs() {
		if id.String() == "demo" {
			continue // it is nobody's
		}
		t.Run(id.String(), func(t *testing.T) {
			m, err := manifest.Library{}.Find(id)
			if err != nil {
				t.Fatal(err)
			}
			list := readUpstream(t, id.String())
			sameNames(t, "event", list.Events, m.EventNames())
			var keys, here []string
			for _, f := range m.Fields {
				here = append(here, "/"+strings.Join(f.Key, "/"))
			}
			for _, f := range list.Field {
				keys = append(keys, f.Key)
				if i := slices.Index(here, f.Key); i >= 0 {
					f.compare(t, list, &m.Fields[i])
				}
			}
			sameNames(t, "field", keys, here)
		})
	}
}

func readUpstream(t *testing.T, tool string) upstream {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "upstream", tool+".toml"))
	if err != nil {
		t.Fatal(err)
	}
	var list upstream
	d := toml.NewDecoder(strings.NewReader(string(data))).DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	if !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(list.Commit) || list.Repository == "" || len(list.Files) == 0 {
		t.Errorf("%s does not say where it was taken from", tool)
	}
	return list
}

// sameNames reports what is in one of two lists only, or twice in one.
func sameNames(t *testing.T, what string, theirs, ours []string) {
	t.Helper()
	theirs, ours = slices.Sorted(slices.Values(theirs)), slices.Sorted(slices.Values(ours))
	for _, name := range theirs {
		if !slices.Contains(ours, name) {
			t.Errorf("the tool has the %s %s, the manifest has not", what, name)
		}
	}
	for _, name := range ours {
		if !slices.Contains(theirs, name) {
			t.Errorf("the manifest has the %s %s, the tool has not", what, name)
		}
	}
	if len(slices.Compact(slices.Clone(theirs))) != len(theirs) || len(slices.Compact(slices.Clone(ours))) != len(ours) {
		t.Errorf("a %s stands twice in %q or %q", what, theirs, ours)
	}
}

func (u upstreamField) compare(t *testing.T, list upstream, f *manifest.Field) {
	t.Helper()
	want := u.Type
	if u.Here != "" {
		if want = u.Here; u.Why == "" || u.Here == u.Type {
			t.Errorf("%s: the difference has no reason, or is none", u.Key)
		}
	}
	if string(f.Type) != want {
		t.Errorf("%s is %s here, and %s there", u.Key, f.Type, want)
	}
	var also []string
	for _, v := range f.Also {
		text, err := jsondoc.Append(nil, v)
		if err != nil {
			t.Error(err)
		}
		also = append(also, string(text))
	}
	if !slices.Equal(also, u.Also) {
		t.Errorf("%s can also be %q here, and %q there", u.Key, also, u.Also)
	}
	events := u.Events
	if len(events) == 0 {
		events = list.Events
	}
	for _, event := range list.Events {
		switch theirs := slices.Contains(events, event); {
		case theirs && !f.In(event):
			t.Errorf("%s is not in the event %q here", u.Key, event)
		case !theirs && f.Events != nil && f.In(event): // a caller may give any other with any event
			t.Errorf("%s is in the event %q here alone", u.Key, event)
		}
	}
	for _, event := range u.Events {
		if !slices.Contains(list.Events, event) {
			t.Errorf("%s: the tool has no event %q", u.Key, event)
		}
	}
}
