// Package completions holds the scripts that have a shell complete command lines
// of usagectl. They only ask the program, by its hidden command __complete, so that
// they need no change when a command gets a flag.
//
// Cobra has scripts too, and the one for PowerShell is cobra's. The others evaluate
// the line that is being typed, so that a press of TAB runs the command substitutions
// in it. These never do. They also take quoted words, as some tools' events need, and
// bash needs no other package for it.
package completions

import _ "embed" // for the scripts

// Bash is the script for bash, 3.2 and later.
//
//go:embed usagectl.bash
var Bash string

// Zsh is the script for zsh, which finds it as _usagectl in a directory of $fpath.
//
//go:embed usagectl.zsh
var Zsh string

// Fish is the script for fish, 3.0 and later.
//
//go:embed usagectl.fish
var Fish string
