// Package completions holds the scripts that have a shell complete command lines of
// usagectl. Packages install these files; "usagectl completion" prints them. They
// only ask the program, by its hidden command __complete, so that they need no change
// when a command gets a flag.
//
// The script for PowerShell is cobra's, written by tools/gendocs. Cobra has others,
// which evaluate the line that is being typed, so that a press of TAB runs the command
// substitutions in it. Ours never do. They also take quoted words, as some tools'
// events need, and bash needs no other package for them.
package completions

import _ "embed" // for the scripts

// The scripts, under the names by which packages install them.
var (
	//go:embed usagectl.bash
	bash string
	//go:embed _usagectl
	zsh string
	//go:embed usagectl.fish
	fish string
	//go:embed usagectl.ps1
	powershell string
)

// Shells lists the shells that there is a script for.
func Shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

// Script returns the script for a shell, and reports whether there is one: for bash 3.2,
// zsh, where it is _usagectl in a directory of $fpath, fish 3.0, PowerShell, and later
// releases of each.
func Script(shell string) (string, bool) {
	switch shell {
	case "bash":
		return bash, true
	case "zsh":
		return zsh, true
	case "fish":
		return fish, true
	case "powershell":
		return powershell, true
	}
	return "", false
}
