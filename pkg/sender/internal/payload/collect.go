package payload

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/hostfacts"
	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Sources are the places from which values come that the caller does not give.
// The functions are called only if a field that may be sent asks for them, at most once
// for each such field, in the goroutine of whoever asked for the payload.
type Sources struct {
	Now      time.Time // when the event was taken
	EventID  uuid.UUID
	RunID    uuid.UUID
	Version  func() string          // usagectl's own
	SourceID func() string          // the source ID, or a word for its absence
	HashKey  func() ([]byte, error) // the key of this install's hashes
	Host     hostfacts.Host
	Facts    map[*manifest.Field]any // facts of the host that were read before, for who has many events; nil keeps none
	Unmade   string                  // a preview's word for a hash whose key is not made yet; else ""
}

// collect gathers the values of the event's fields, by field name, that the terms let
// out: the caller's, and those of the sources. No other source is asked.
func (d Draft) collect(terms consent.Terms, s Sources) *jsondoc.Object {
	values := &jsondoc.Object{}
	missing := map[string]bool{} // the fields that have no value
	var stand []*manifest.Field  // those that are sent in the place of such
	for _, f := range d.manifest.FieldsOf(d.request.Event) {
		if terms.Withheld(f) != "" {
			continue
		}
		if f.InsteadOf != "" {
			stand = append(stand, f)
			continue
		}
		v, ok := d.given[f.Name]
		if f.From != manifest.FromCaller {
			v = s.value(f, d.request, terms)
			ok = v != nil || f.From == manifest.FromConst
		}
		if f.From.CanBeMissing() && (v == identity.Unavailable || v == identity.Invalid) {
			missing[f.Name] = true
			v, ok = unavailable(f, v)
		}
		if ok {
			values.Set(f.Name, v)
		}
	}
	for _, f := range stand {
		v, ok := unavailable(f, nil)
		if missing[f.InsteadOf] {
			v, ok = s.value(f, d.request, terms), true
		}
		if ok {
			values.Set(f.Name, v)
		}
	}
	return values
}

// unavailable is what stands in the place of a field's value that cannot be had, for which
// there is a word; false for nothing.
func unavailable(f *manifest.Field, word any) (any, bool) {
	switch f.Missing {
	case manifest.MissingNull:
		return nil, true
	case manifest.MissingOmit:
		return nil, false
	}
	return word, true
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
	v, known := s.Facts[f]
	if !known {
		v = s.hostFact(f.From)
		if s.Facts != nil {
			s.Facts[f] = v
		}
	}
	return v
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
