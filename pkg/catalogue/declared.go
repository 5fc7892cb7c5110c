package catalogue

import (
	"slices"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// Declared is what a manifest says about the switches of a tool, for one that the
// catalogue does not know, and the variables that are not for a manifest to set.
func Declared(m *manifest.Manifest) (t *Tool, refused []string) {
	t = &Tool{
		ID: m.Tool.ID.String(), Name: m.Tool.Name, Homepage: m.Tool.Homepage,
		OptIn: m.Consent.Default == manifest.OptIn, Endpoint: m.Send.Endpoint,
		Level: FromDocs, Where: m.File,
	}
	for _, r := range m.Consent.Refuse {
		if slices.ContainsFunc(t.Env, func(v Variable) bool { return v.Name == r.Env }) {
			continue // the first rule about a variable is enough to switch off
		}
		if !r.Settable() || known(r.Env) {
			refused = append(refused, r.Env)
			continue
		}
		t.Env = append(t.Env, variableOf(r))
	}
	return t, refused
}

// known tells whether a variable is that of a tool in the catalogue, whose literals
// were looked up: a manifest's own could switch that tool on again.
func known(variable string) bool {
	return slices.ContainsFunc(All(), func(t Tool) bool {
		return slices.ContainsFunc(t.Env, func(v Variable) bool { return v.Name == variable })
	})
}

func variableOf(r manifest.EnvRule) Variable {
	v := Variable{Name: r.Env, Role: OptOut, HasOff: true}
	switch {
	case r.HasUnless:
		v.Semantics, v.On, v.HasOn, v.Else, v.Empty = Value, r.Unless, true, Off, Off
		v.Off = "0"
		if r.Unless == "0" {
			v.Off = "1"
		}
		if r.Unless == "" {
			v.Empty = On
		}
	case r.When == manifest.Present:
		v.Semantics, v.Off, v.Empty = Presence, "1", Off
	default:
		v.Semantics, v.Off, v.IgnoreCase, v.Else = Value, r.When, true, On
	}
	return v
}
