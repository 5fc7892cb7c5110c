package deletion

import (
	"slices"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

// Forgotten reports whether a document names an ID that was to be forgotten.
type Forgotten map[string]bool

// Forgotten reads which IDs those are.
func (ds Store) Forgotten() (Forgotten, error) {
	filed, _, err := ds.Names()
	return filed, err
}

// In looks into a [jsondoc] value.
func (f Forgotten) In(v any) bool {
	if len(f) == 0 {
		return false
	}
	switch v := v.(type) {
	case string:
		// From 32 digits to "urn:uuid:{…}": see [identity.Parse].
		return len(v) >= 32 && len(v) <= 64 && f[HashID(v)]
	case []any:
		return slices.ContainsFunc(v, f.In)
	case *jsondoc.Object:
		return slices.ContainsFunc(v.Members(), func(m jsondoc.Member) bool { return f.In(m.Value) })
	}
	return false
}
