package catalogue

// Hindrances lists the variables of this environment by which a tool is off, and how it
// is without them.
func (h Here) Hindrances(t *Tool) (variables []string, without State) {
	off := map[string]bool{}
	for i := range t.Env {
		v := &t.Env[i]
		if v.Role != OptOut && v.Role != OptIn || off[v.Name] {
			continue
		}
		if value, set := h.Env(v.Name); set && v.Read(value, set) == Off {
			off[v.Name], variables = true, append(variables, v.Name)
		}
	}
	rest := h
	rest.Env = func(name string) (string, bool) {
		if off[name] {
			return "", false
		}
		return h.Env(name)
	}
	return variables, rest.State(t)
}

// WayOn is what turns a tool on beside variables: its own command, or a setting in a file;
// "" if nothing is known.
func (t *Tool) WayOn() string {
	return t.way(t.CLI.Enable, func(s FileSwitch) string { return s.On })
}
