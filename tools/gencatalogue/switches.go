package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/pkg/catalogue"
)

// readEnv reads the variables of a tool.
func readEnv(root *table) []catalogue.Variable {
	var list []catalogue.Variable
	for _, t := range root.Tables("env") {
		v := readVariable(t)
		if slices.ContainsFunc(list, func(w catalogue.Variable) bool { return w.Name == v.Name }) {
			t.Fail("name", "%s is here twice", v.Name)
		}
		list = append(list, v)
	}
	return list
}

func readVariable(t *table) catalogue.Variable {
	v := catalogue.Variable{Name: text(t, "name"), Role: catalogue.OptOut}
	if v.Name != "" && !isVariable(v.Name) {
		t.Fail("name", "name is %q, which no shell takes for a variable", v.Name)
	}
	role := choice(t, "role", catalogue.OptOut, catalogue.OptIn, catalogue.Legacy,
		catalogue.Related, catalogue.UpdateCheck, catalogue.ErrorReports)
	if role != "" {
		v.Role = role
	}
	v.Semantics = choice(t, "semantics", catalogue.Presence, catalogue.Value, catalogue.Boolean)
	if !t.Has("semantics") {
		t.Missing("semantics")
	}
	v.Off, v.HasOff = given(t, "off")
	v.On, v.HasOn = given(t, "on")
	v.OffAlso, v.OnAlso = words(t, "off_also"), words(t, "on_also")
	v.HiddenBy = words(t, "hidden_by")
	v.IgnoreCase, v.Part = t.Bool("ignore_case"), t.Bool("part")
	v.Else = choice(t, "else", catalogue.Off, catalogue.On, catalogue.Error, catalogue.Unset)
	v.Empty = choice(t, "empty", catalogue.Off, catalogue.On, catalogue.Error, catalogue.Unset)
	v.Note = str(t, "note")
	t.Done()
	checkVariable(t, v)
	return v
}

// checkVariable holds a variable against its own rule.
func checkVariable(t *table, v catalogue.Variable) {
	if v.Semantics != catalogue.Value {
		for _, key := range []string{"off_also", "on_also", "ignore_case"} {
			if t.Has(key) {
				t.Fail(key, "%s is for the semantics value", key)
			}
		}
	}
	if v.Semantics == catalogue.Presence && v.Else != "" {
		t.Fail("else", "else is not for the semantics presence")
	}
	if !v.HasOff && v.Role != catalogue.OptIn && v.Role != catalogue.Related {
		t.Missing("off")
	}
	checkWords(t, v)
}

// checkWords holds that the variable's rule reads its own words as they are
// meant. An error in the word that is written for a person is worse than none.
func checkWords(t *table, v catalogue.Variable) {
	if v.Role == catalogue.OptIn && v.Semantics == catalogue.Presence && v.HasOff {
		t.Fail("off", "off is not for a variable that switches on by being there")
		return
	}
	check := func(key, word string, want catalogue.Meaning) {
		if got := v.Read(word, true); got != want && v.Semantics != "" {
			t.Fail(key, "%s is %q, which the variable's own rule reads as %s", key, word, spell(got))
		}
	}
	if v.HasOff {
		check("off", v.Off, catalogue.Off)
	}
	if v.HasOn {
		check("on", v.On, catalogue.On)
	}
	for _, word := range v.OffAlso {
		check("off_also", word, catalogue.Off)
	}
	for _, word := range v.OnAlso {
		check("on_also", word, catalogue.On)
	}
}

func spell(m catalogue.Meaning) string {
	if m == catalogue.Unknown {
		return "unknown"
	}
	return string(m)
}

// readConfig reads the switches in files.
func readConfig(root *table) []catalogue.FileSwitch {
	var list []catalogue.FileSwitch
	for _, t := range root.Tables("config") {
		s := catalogue.FileSwitch{
			Path:   text(t, "path"),
			Key:    str(t, "key"),
			Format: choice(t, "format", "json", "jsonc", "toml", "yaml", "ini", "configparser", "configobj", "dotenv", "text", "file"),
			Off:    str(t, "off"),
			On:     str(t, "on"),

			MovedBy: words(t, "moved_by"),
			Without: words(t, "without"),
			Upward:  choice(t, "upward", "file", "key"),
			OverEnv: t.Bool("over_env"),
			Silent:  choice(t, "silent", catalogue.Off, catalogue.On),
		}
		t.Done()
		checkFileSwitch(t, s)
		list = append(list, s)
	}
	return list
}

// checkSetting holds that a program can find and read what has a format.
func checkFileSwitch(t *table, s catalogue.FileSwitch) {
	for _, by := range s.MovedBy {
		path := by
		if at := strings.LastIndex(by, "="); at >= 0 {
			path = by[:at]
		}
		if !fixed(path) || !strings.ContainsAny(path, "/.") && !isVariable(by) {
			t.Fail("moved_by", "moved_by holds %q, which is neither NAME, PATH nor PATH=WORD", by)
		}
	}
	for _, name := range s.Without {
		if !isVariable(name) {
			t.Fail("without", "without holds %q, which no shell takes for a variable", name)
		}
	}
	if s.Upward != "" && !ofProject(s.Path) {
		t.Fail("upward", "upward is for a file of a project, and path is %q", s.Path)
	}
	if plain := s.Format == "" || s.Format == "text" || s.Format == "file"; plain && s.Silent != "" {
		t.Fail("silent", "silent is for a format with keys")
	}
	if s.Format == "" {
		return
	}
	if !fixed(s.Path) {
		t.Fail("path", "path is %q; with a format it begins with ~/, /, $NAME/, ${NAME:-DEFAULT} or the name of a file, and has no blanks to fill", s.Path)
	}
	if s.Format == "file" {
		checkPresence(t, s)
		return
	}
	switch pointer := strings.HasPrefix(s.Key, "/") && !strings.Contains(s.Key, " "); {
	case s.Format == "text" && s.Key != "":
		t.Fail("key", "key is not for the format text")
	case s.Format != "text" && !pointer:
		t.Fail("key", "key is %q; with the format %s it is a JSON Pointer", s.Key, s.Format)
	}
	if s.Off == "" && s.On == "" {
		t.Missing("off")
	}
	if s.Off == s.On {
		t.Fail("on", "on and off are the same")
	}
}

func checkPresence(t *table, s catalogue.FileSwitch) {
	if s.Key != "" {
		t.Fail("key", "key is not for the format file")
	}
	words := s.Off + " " + s.On
	if words != "present absent" && words != "absent present" {
		t.Fail("off", "for the format file, off and on are present and absent")
	}
}

// fixed tells whether a program can find the path without knowing more than the home, the
// environment, and the directory of a project.
func fixed(path string) bool {
	filled := catalogue.Fill(path, func(name string) (string, bool) {
		return map[bool]string{false: "<no variable>"}[isVariable(name)], true
	})
	return regexp.MustCompile(`^(~/|\$[A-Za-z_]\w*/|/|)[^<>*{}~$: ][^<>*{} ]*$`).MatchString(filled)
}

// ofProject tells whether a path is that of a file in a project.
func ofProject(path string) bool { return strings.IndexAny(path, "~/$") != 0 }

// isVariable tells whether shells take a name for a variable's.
func isVariable(name string) bool { return regexp.MustCompile(`^[A-Za-z_]\w*$`).MatchString(name) }
