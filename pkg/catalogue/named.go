package catalogue

import (
	"slices"
	"strings"
)

// Named finds the tools that people call by a name other than their ID: one of a tool's
// commands ("brew", in any letter case), one of its packages ("azure-cli"), its ID with
// underscores ("huggingface_hub"), or its name written as an ID ("visual-studio-code"). The result is sorted by ID, and has more
// than one tool where several install the same command ("dbt"); a tool that has the name
// as its ID is for [Find], and not among them.
func Named(name string) []*Tool {
	var list []*Tool
	for i := range tools {
		if t := &tools[i]; t.ID != name && t.called(name) {
			found := t.clone()
			list = append(list, &found)
		}
	}
	return list
}

// called reports whether people call the tool by this name.
func (t *Tool) called(name string) bool {
	hyphened := func(s string) string { return strings.ReplaceAll(s, "_", "-") } // which are one to PyPI
	isPackage := func(p string) bool {
		_, alias, _ := strings.Cut(p, ":")
		return hyphened(alias) == hyphened(name)
	}
	return t.HasCommand(name) || slices.ContainsFunc(t.Packages, isPackage) || asID(t.Name) == name || t.ID == hyphened(name)
}

// HasCommand reports whether the tool has a command of this name, in any letter case.
func (t *Tool) HasCommand(name string) bool {
	return slices.ContainsFunc(t.Commands, func(c string) bool { return strings.EqualFold(c, name) })
}

// asID writes what people call a tool as an ID: "Visual Studio Code" becomes
// "visual-studio-code".
func asID(name string) string {
	separates := func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') }
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), separates), "-")
}
