package catalogue

import "github.com/usagectl/usagectl/pkg/manifest"

// LeftOut is a variable that a manifest names and does not get to set.
type LeftOut struct {
	Name string
	Why  string // for people
}

// Declared is what a manifest says about the switches of a tool, for one that the
// catalogue does not know, and the variables that are not for that manifest to set.
// The others are the tools that have a manifest; the tool itself may be among them.
// Nothing else takes a variable to set from a manifest, so the rules about that
// are here and in [notOwn].
func Declared(m *manifest.Manifest, others []manifest.ID) (t *Tool, leftOut []LeftOut) {
	t = &Tool{
		ID: m.Tool.ID.String(), Name: m.Tool.Name, Homepage: m.Tool.Homepage,
		OptIn: m.Consent.Default == manifest.OptIn, Endpoint: m.Send.Endpoint,
		Evidence: FromDocs, Where: m.File,
	}
	for _, r := range m.Consent.Refuse {
		if t.reads(r.Env) {
			continue // the first rule about a variable is enough to switch off
		}
		if why := notOwn(m.Tool.ID, r, others); why != "" {
			leftOut = append(leftOut, LeftOut{r.Env, why})
			continue
		}
		t.Env = append(t.Env, variableOf(r))
	}
	return t, leftOut
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
