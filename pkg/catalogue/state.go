package catalogue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// State is whether a tool's own telemetry is on, by the tool's own rule.
type State struct {
	Telemetry Meaning // [On], [Off], [Error], or [Unknown] if it cannot be told
	By        Ground
	Because   string // for people
}

// Ground is what a state rests on.
type Ground string

// The grounds.
const (
	ByVariable Ground = "variable"
	ByFile     Ground = "file"
	ByDefault  Ground = "default"
	ByStatus   Ground = "status" // the tool collects nothing any more
)

// Machine is what a tool would look at.
type Machine struct {
	// Env looks an environment variable up; nil is an empty environment.
	Env func(name string) (value string, set bool)
	// FileSwitch reads a switch in a file; nil is a machine without files. It returns
	// false if the file, or the switch in it, is not there. The error is [ErrNoReader],
	// [ErrSilent], [ErrElsewhere] with the reason, or says why it cannot be read.
	FileSwitch func(s FileSwitch) (value string, found bool, err error)
}

// ErrSilent says that a file is there, without the switch, which means something to the tool; see
// [FileSwitch.Silent].
var ErrSilent = errors.New("it says nothing of it")

// ErrNoReader says that a file is there, and that nothing here reads its form.
var ErrNoReader = errors.New("it is there, and what it says is not known")

// State finds out whether the tool's telemetry is on, without running it: by its
// variables, then by its files, then by its default. That a variable wins over a
// file is the custom; [FileSwitch.OverEnv] has the others. What one
// switch leaves open the next one settles, unless it is not known what the tool
// makes of a value, or a file is there that may say otherwise and cannot be read.
func (t *Tool) State(m Machine) State {
	if t.Status != Active {
		return State{Off, ByStatus, "it collects nothing any more (" + string(t.Status) + ")"}
	}
	if s := t.byFile(m.FileSwitch, true); s != (State{}) {
		return s
	}
	if s := t.byVariable(m.Env); s != (State{}) {
		return s
	}
	if s := t.byFile(m.FileSwitch, false); s != (State{}) {
		return s
	}
	switch unseen := "; its own settings cannot be read here"; {
	case t.OptIn && t.keepsToItself(): // somebody may have agreed there
		return State{Unknown, ByDefault, "off by default" + unseen}
	case t.OptIn:
		return State{Off, ByDefault, "off by default"}
	case t.keepsToItself():
		return State{On, ByDefault, "on by default" + unseen}
	}
	return State{On, ByDefault, "on by default"}
}

// keepsToItself reports whether the tool has a switch whose state cannot be read: one that only
// its own command reaches, one in a place that is only described, or one in a file of a project,
// which may be another than the one that was looked for, and nothing here reads it.
func (t *Tool) keepsToItself() bool {
	if len(t.Config) == 0 {
		return t.CLI.Disable+t.CLI.Enable != ""
	}
	return slices.ContainsFunc(t.Config, func(c FileSwitch) bool { return c.isDescribed() || c.Format == "" && c.isProjects() })
}

// byVariable is the zero value if no variable says anything. If one switches off and another on,
// it is not known which one the tool heeds.
func (t *Tool) byVariable(env func(string) (string, bool)) State {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	said := map[Meaning]State{}
	for i := range t.Env {
		v := &t.Env[i]
		if v.Role != OptOut && v.Role != OptIn {
			continue
		}
		value, set := env(v.Name)
		meaning := v.Read(value, set)
		_, before := said[meaning]
		if before || meaning == Unset || meaning == On && !v.HasOn || meaning == Off && v.Part { // it only does not switch all of it
			continue
		}
		s := State{meaning, ByVariable, fmt.Sprintf("%s is set to %q", v.Name, value)}
		for _, name := range v.HiddenBy {
			if by, _ := env(name); by != "" {
				s.Because += fmt.Sprintf(", but so is %s, and which of them counts for %s is not known", name, t.Name)
				return State{Unknown, ByVariable, s.Because}
			}
		}
		said[meaning] = s
	}
	off, isOff := said[Off]
	on, isOn := said[On]
	unknown, isUnknown := said[Unknown]
	switch {
	case isOff && isOn:
		return State{Unknown, ByVariable, fmt.Sprintf("%s, but %s, and which of them counts for %s is not known", off.Because, on.Because, t.Name)}
	case isOff:
		return off
	case isUnknown:
		unknown.Because += ", and what the tool makes of that is not known"
		return unknown
	case isOn:
		return on
	}
	return said[Error]
}

// byFile is the zero value if no file says anything, of those that win over variables or of the
// others. The first that does counts.
func (t *Tool) byFile(read func(FileSwitch) (string, bool, error), overEnv bool) State {
	for _, c := range t.Config {
		if read == nil || c.OverEnv != overEnv {
			continue
		}
		value, there, err := read(c)
		switch {
		case errors.Is(err, ErrNoReader):
			return State{Unknown, ByFile, fmt.Sprintf("%s is there, and usagectl cannot tell what %s makes of it", c.Path, t.Name)}
		case errors.Is(err, ErrElsewhere):
			_, why, _ := strings.Cut(err.Error(), ": ")
			return State{Unknown, ByFile, fmt.Sprintf("%s may read other settings than %s: %s", t.Name, c.Path, why)}
		case errors.Is(err, ErrSilent):
			return State{c.Silent, ByFile, fmt.Sprintf("%s is there, and says nothing of it", c.Path)}
		case err != nil:
			why, _, _ := strings.Cut(err.Error(), "\n") // a parser may show the place below
			return State{Unknown, ByFile, fmt.Sprintf("%s cannot be read: %s", c.Path, why)}
		case there:
			return c.state(value)
		}
	}
	return State{}
}

// state is what a value in the file means.
func (s FileSwitch) state(value string) State {
	says := fmt.Sprintf("%s is %s in %s", s.name(), value, s.Path)
	if s.name() == "" {
		says = fmt.Sprintf("%s says %s", s.Path, value)
	}
	switch {
	case s.Format == "file" && s.Off == "absent":
		return State{On, ByFile, s.Path + " is there"}
	case s.Format == "file":
		return State{Off, ByFile, s.Path + " is there"}
	case s.means(value, s.Off):
		return State{Off, ByFile, says}
	case s.means(value, s.On), strings.HasPrefix(s.On, "<"): // such as "<uuid>": any other value
		return State{On, ByFile, says}
	}
	return State{Unknown, ByFile, says + ", and what the tool makes of that is not known"}
}

// means reports whether a value means what the catalogue has written: that word. YAML takes
// letter case in true and false for nothing, and Python's readers of INI take some words for them.
func (s FileSwitch) means(value, literal string) bool {
	words := [][]string{}
	switch s.Format {
	case "yaml":
		words = [][]string{{"true"}, {"false"}}
	case "configparser", "configobj":
		words = [][]string{{"1", "yes", "true", "on"}, {"0", "no", "false", "off"}}
	}
	return literal != "" && (value == literal || slices.ContainsFunc(words, func(same []string) bool {
		return slices.Contains(same, strings.ToLower(value)) && slices.Contains(same, strings.ToLower(literal))
	}))
}

// Ways says what can switch the tool: "variable", "command", "file".
func (t *Tool) Ways() []string {
	ways := []string{}
	if slices.ContainsFunc(t.Env, func(v Variable) bool { return v.Role == OptOut && v.HasOff || v.Role == OptIn }) {
		ways = append(ways, "variable")
	}
	if t.CLI.Disable != "" {
		ways = append(ways, "command")
	}
	if slices.ContainsFunc(t.Config, func(c FileSwitch) bool { return c.Off != "" }) {
		ways = append(ways, "file")
	}
	return ways
}
