package catalogue

import "strings"

// Kind is a kind of switch.
type Kind string

// The kinds of switches.
const (
	VariableSwitch Kind = "variable"
	CommandSwitch  Kind = "command"
	SettingSwitch  Kind = "file"
)

// Switch is one thing that switches a tool's telemetry, and what it says on this machine.
type Switch struct {
	Kind Kind
	Name string // of a variable; of a setting in a file, as people write it there, or ""
	Path string // of a file on this machine, or, if that is not known, as the catalogue has it
	Role Role   // of a variable; "" for what switches the telemetry and nothing else

	// What switches off and on: the value of a variable or a setting, or a command.
	// HasOff and HasOn are false where nothing is known that does. A variable with
	// UnsetIsOn or UnsetIsOff does it by not being there.
	Off, On               string
	HasOff, HasOn         bool
	UnsetIsOff, UnsetIsOn bool

	Now  Meaning // [Off], [On], [Error], [Unset] if it says nothing, [Unknown] if that cannot be told
	Note string  // what else is known of it, for people, or ""
}

// Switches lists everything that switches a tool: its variables, its own command, and its
// settings in files. Variables for other things than telemetry are not among them.
func (h Here) Switches(t *Tool) []Switch {
	list := []Switch{}
	for i := range t.Env {
		if v := &t.Env[i]; v.Role == OptOut || v.Role == OptIn || v.Role == Legacy || v.Role == ErrorReports {
			list = append(list, h.variableSwitch(t, v))
		}
	}
	if c := t.CLI; c.Disable != "" || c.Enable != "" {
		list = append(list, Switch{
			Kind: CommandSwitch, Off: c.Disable, HasOff: c.Disable != "", On: c.Enable, HasOn: c.Enable != "", Now: Unknown,
		})
	}
	for _, c := range h.settings(t) {
		if c.Off != "" || c.On != "" {
			list = append(list, h.settingSwitch(c))
		}
	}
	return list
}

func (h Here) variableSwitch(t *Tool, v *Variable) Switch {
	value, set := h.Env(v.Name)
	s := Switch{
		Kind: VariableSwitch, Name: v.Name, Off: v.Off, HasOff: v.HasOff, On: v.On, HasOn: v.HasOn,
		Now: v.Read(value, set), Note: v.Note,
	}
	if v.Role == Legacy || v.Role == ErrorReports {
		s.Role = v.Role
	}
	s.UnsetIsOff = v.Role == OptIn
	s.UnsetIsOn = v.Role == OptOut && v.Semantics == Presence && !t.OptIn
	return s
}

func (h Here) settingSwitch(c FileSwitch) Switch {
	s := Switch{Kind: SettingSwitch, Path: c.Path, Now: Unknown, Note: c.inWords()}
	if prose(c.Off) == "" {
		s.Off, s.HasOff = c.Off, c.Off != ""
	}
	if prose(c.On) == "" {
		s.On, s.HasOn = c.On, c.On != ""
	}
	if c.Format != "file" {
		s.Name = c.name()
	}
	if c.Format == "" {
		return s
	}
	s.Path = Fill(c.Path, h.Env)
	if paths, _ := h.find(c); len(paths) > 0 {
		s.Path = paths[0]
	}
	one := Tool{Config: []FileSwitch{c}}
	switch state := one.byFile(h.fileSwitch, c.OverEnv); {
	case state == State{}:
		s.Now = Unset
	default:
		s.Now = state.Telemetry
	}
	return s
}

// inWords says which values that nobody can write down switch a tool; "" if there are none.
func (s FileSwitch) inWords() string {
	var words []string
	if off := prose(s.Off); off != "" {
		words = append(words, "off with "+off)
	}
	if on := prose(s.On); on != "" {
		words = append(words, "on with "+on)
	}
	if len(words) == 0 {
		return ""
	}
	where := s.Path
	if s.Key != "" {
		where = s.name() + " in " + where
	}
	return where + ": " + strings.Join(words, ", ")
}
