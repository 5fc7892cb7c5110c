package cmd

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// switchStatus is one thing that switches a tool's telemetry, as "status --json" has it.
type switchStatus struct {
	Kind    string   `json:"kind"`    // variable, command or file
	Name    string   `json:"name"`    // of the variable, or of the setting in the file; "" for a command
	Path    string   `json:"path"`    // of the file, or ""
	Off     *string  `json:"off"`     // the value or the command that switches off; null if none is known
	On      *string  `json:"on"`      // likewise
	Unset   string   `json:"unset"`   // what a variable that is not set means by itself: off, on, or "" if it says nothing
	Now     string   `json:"now"`     // what it says now: off, on, silent, or unknown
	Reaches []string `json:"reaches"` // whose telemetry it switches: what usagectl sends, what the tool does
	Note    string   `json:"note"`

	notAdvised bool // nobody should set it for this tool, for it may be another program's
}

// ofItsOwn reports whether it is a variable of the tool, and not one for every tool.
func (w switchStatus) ofItsOwn() bool {
	return w.Kind == string(catalogue.VariableSwitch) && w.Name != "USAGECTL_TELEMETRY" && w.Name != catalogue.DoNotTrackName
}

// switches are everything that switches a tool: the decision recorded here and the
// variables that usagectl obeys, for a tool with a manifest, and the tool's own switches.
func (s survey) switches(t *tool) []switchStatus {
	list := []switchStatus{}
	if t.known != nil && !asksUsagectl(t.known) {
		for _, w := range s.here.Switches(t.known) {
			list = append(list, ownSwitch(w))
		}
	}
	if t.manifest == nil {
		return list
	}
	off, on := "usagectl disable "+t.id.String(), "usagectl enable "+t.id.String()
	list = append([]switchStatus{{
		Kind: string(catalogue.CommandSwitch), Off: &off, On: &on, Now: nowWord(decisionMeans(t)), Reaches: []string{sentByUsagectl},
	}}, list...)
	for _, v := range s.variablesOf(t) {
		i := slices.IndexFunc(list, func(l switchStatus) bool { return l.Kind == v.Kind && l.Name == v.Name })
		if i < 0 {
			list = append(list, v)
		} else if !slices.Contains(list[i].Reaches, sentByUsagectl) {
			list[i].Reaches = append(list[i].Reaches, sentByUsagectl)
		}
	}
	return list
}

// decisionMeans is what the person's word on a tool means for it.
func decisionMeans(t *tool) catalogue.Meaning {
	switch decisionOn(t).State {
	case string(consent.Granted):
		return catalogue.On
	case string(consent.Refused):
		return catalogue.Off
	case "unknown":
		return catalogue.Unknown
	}
	return catalogue.Unset
}

// ownSwitch is a switch of the tool itself.
func ownSwitch(w catalogue.Switch) switchStatus {
	r := switchStatus{Kind: string(w.Kind), Name: w.Name, Path: w.Path, Now: nowWord(w.Now), Reaches: []string{sentByTool}, Note: w.Note}
	if w.HasOff {
		r.Off = &w.Off
	}
	if w.HasOn {
		r.On = &w.On
	}
	switch {
	case w.UnsetIsOff:
		r.Unset = "off"
	case w.UnsetIsOn:
		r.Unset = "on"
	}
	switch w.Role {
	case catalogue.Legacy:
		r.Note = joinNotes("only older releases read it", r.Note)
	case catalogue.ErrorReports:
		r.Note = joinNotes("it switches crash reports only", r.Note)
	}
	return r
}

func joinNotes(first, second string) string {
	if second == "" {
		return first
	}
	return first + "; " + second
}

// nowWord is what a switch says, in a word.
func nowWord(m catalogue.Meaning) string {
	switch m {
	case catalogue.Off, catalogue.On:
		return string(m)
	case catalogue.Unset:
		return "silent"
	}
	return "unknown"
}

// variablesOf are the variables that usagectl obeys for a tool: those that its manifest
// declares, and the two that are for every tool.
func (s survey) variablesOf(t *tool) []switchStatus {
	var list []switchStatus
	m := t.manifest
	at := func(name string) *switchStatus {
		i := slices.IndexFunc(list, func(l switchStatus) bool { return l.Name == name })
		if i < 0 {
			list = append(list, switchStatus{Kind: string(catalogue.VariableSwitch), Name: name, Now: "silent", Reaches: []string{sentByUsagectl}})
			i = len(list) - 1
		}
		return &list[i]
	}
	for _, r := range m.Consent.Refuse {
		v, value := at(r.Env), refusing(r)
		v.Off = &value
		if given, set := s.world.Env(r.Env); set && r.Refuses(given) {
			v.Now = "off"
		}
	}
	for _, r := range m.Consent.Grant {
		v, value := at(r.Env), r.When
		if r.When == manifest.Present {
			value = "1"
		}
		v.On = &value
		if given, set := s.world.Env(r.Env); set && v.Now != "off" && r.Grants(given) {
			v.Now = "on"
		}
	}
	_, leftOut := catalogue.Declared(m, s.tools.library.Added())
	for _, l := range leftOut {
		v := at(l.Name)
		v.notAdvised, v.Note = true, "usagectl obeys it, and never sets it: "+l.Why
	}
	for _, all := range []struct {
		rule      consent.Rule
		name, off string
	}{{consent.UsagectlEnv, "USAGECTL_TELEMETRY", "off"}, {consent.DoNotTrack, catalogue.DoNotTrackName, "1"}} {
		v := at(all.name)
		v.Off, v.Note = &all.off, "for every tool that asks usagectl"
		if says(t.verdict.Layers, all.rule) != "" {
			v.Now = "off"
		}
	}
	return list
}

// refusing is a value with which a variable refuses.
func refusing(r manifest.EnvRule) string {
	switch {
	case r.HasUnless && r.Unless == "0":
		return "1"
	case r.HasUnless:
		return "0"
	case r.When == manifest.Present:
		return "1"
	}
	return r.When
}

// showSwitches shows the exact variables, commands and files that switch a tool.
func (v *statusView) showSwitches(s *toolStatus) {
	out := v.stdout
	out.Printf("\n%s\n", out.Style(term.Strong, "What switches it"))
	if len(s.Switches) == 0 {
		out.Printf("  nothing is known that does\n")
	}
	for _, w := range s.Switches {
		label := w.Kind
		line := func(name string, text any) {
			if words, ok := text.(string); ok && w.Kind == string(catalogue.SettingSwitch) {
				text = out.Wrap(words, 18) // the others are to be copied
			}
			out.Printf("  %-9s %-4s  %s\n", label, name, text)
			label = ""
		}
		if off := v.howTo(w, w.Off, w.Unset == "off"); off != "" {
			line("off", off)
		}
		if on := v.howTo(w, w.On, w.Unset == "on"); on != "" {
			line("on", on)
		}
		if text := v.saysNow(w); text != "" {
			line("now", text)
		}
		if w.Note != "" {
			line("note", out.Wrap(w.Note, 18))
		}
	}
}

// howTo is what a person types or writes for a switch; "" if nothing is known.
func (v *statusView) howTo(w switchStatus, value *string, unset bool) string {
	switch {
	case w.Kind == string(catalogue.VariableSwitch) && unset:
		return v.world.order(catalogue.Order{Name: w.Name, Unset: true})
	case value == nil:
		return ""
	case w.notAdvised:
		return fmt.Sprintf("where %s is %q", w.Name, *value)
	case w.Kind == string(catalogue.VariableSwitch):
		return v.world.order(catalogue.Order{Name: w.Name, Value: *value})
	case w.Kind == string(catalogue.CommandSwitch):
		return *value
	case w.Name == "" && *value == "present":
		return "make the file " + tilde(v.home, w.Path)
	case w.Name == "" && *value == "absent":
		return "remove the file " + tilde(v.home, w.Path)
	case w.Name == "":
		return fmt.Sprintf("write %s into %s", *value, tilde(v.home, w.Path))
	case *value == "present":
		return fmt.Sprintf("put %s into %s", w.Name, tilde(v.home, w.Path))
	case *value == "absent":
		return fmt.Sprintf("take %s out of %s", w.Name, tilde(v.home, w.Path))
	}
	return fmt.Sprintf("%s = %s in %s", w.Name, *value, tilde(v.home, w.Path))
}

// saysNow is what a switch says now, for people; "" for a command, which is not run.
func (v *statusView) saysNow(w switchStatus) string {
	switch {
	case w.Kind == string(catalogue.CommandSwitch):
		return ""
	case w.Now == "silent" && w.Kind == string(catalogue.VariableSwitch):
		if _, set := v.world.Env(w.Name); set {
			return "set, to what says nothing"
		}
		return "not set"
	case w.Now == "silent":
		return "not there"
	case w.Now == "unknown" && w.Kind == string(catalogue.SettingSwitch):
		return "unknown: usagectl cannot read it"
	}
	return cmp.Or(w.Now, "unknown")
}
