package shell

import (
	"path/filepath"
	"slices"
	"strings"
)

// Known is a shell that people type into.
type Known struct {
	Name    string  // "fish"
	Dialect Dialect // "" for a shell for which nothing can be written here
}

// Named finds a shell by a name of its program, as SHELL and the kernel have it:
// "/usr/bin/fish", "-zsh", "pwsh.exe". It returns false for what is no shell that is known.
func Named(program string) (Known, bool) {
	name := filepath.Base(strings.ReplaceAll(program, `\`, "/"))
	name = strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(name), "-"), ".exe")
	for _, family := range families() {
		if slices.Contains(family.names, name) {
			return Known{name, family.dialect}, true
		}
	}
	return Known{}, false
}

type family struct {
	dialect Dialect
	names   []string
}

// families are the programs that speak each dialect, and those that speak one that is not
// written here.
func families() []family {
	return []family{
		{Sh, []string{"sh", "dash", "ash", "ksh", "ksh93", "mksh", "oksh", "loksh", "yash", "posh"}},
		{Bash, []string{"bash", "rbash"}},
		{Zsh, []string{"zsh", "rzsh"}},
		{Fish, []string{"fish"}},
		{PowerShell, []string{"pwsh", "powershell", "pwsh-preview"}},
		{Cmd, []string{"cmd"}},
		{"", []string{"csh", "tcsh", "nu", "xonsh", "elvish", "murex", "rc", "es", "ion"}},
	}
}

// OfPerson decides which shell a person uses, by the name of the program that started
// this one and by the variable SHELL, each "" if it is not known; false if neither names
// a shell.
//
// SHELL names the shell of the log-in, and the parent the one that is in use, unless that
// runs a script: scripts are for sh and bash, so of these SHELL knows better.
func OfPerson(parent, login string) (Known, bool) {
	running, isShell := Named(parent)
	if isShell && running.Dialect != Sh && running.Dialect != Bash {
		return running, true
	}
	if own, ok := Named(login); ok {
		return own, true
	}
	return running, isShell
}
