// Package shell writes assignments of environment variables for shells and for
// files that hold variables. What it writes means the same there as the text it
// was given, whatever characters are in it; where that cannot be it says so.
package shell

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Dialect is a shell, or a kind of file that holds variables.
type Dialect string

// The dialects. Sh is the shell of POSIX, and so good for dash, bash and zsh.
const (
	Sh         Dialect = "sh"
	Bash       Dialect = "bash"
	Zsh        Dialect = "zsh"
	Fish       Dialect = "fish"
	PowerShell Dialect = "powershell"
	Cmd        Dialect = "cmd"    // of Windows; for a batch file too
	Docker     Dialect = "docker" // ENV lines of a Dockerfile
	GitHub     Dialect = "github" // lines for the file $GITHUB_ENV
	Dotenv     Dialect = "dotenv"
)

// Dialects lists all of them, in the order in which the documentation has them.
func Dialects() []Dialect {
	return []Dialect{Sh, Bash, Zsh, Fish, PowerShell, Cmd, Docker, GitHub, Dotenv}
}

// Parse finds a dialect by its name.
func Parse(name string) (Dialect, error) {
	if slices.Contains(Dialects(), Dialect(name)) {
		return Dialect(name), nil
	}
	var known []string
	for _, d := range Dialects() {
		known = append(known, string(d))
	}
	return "", fmt.Errorf("%q is no shell that is known; known are %s", name, strings.Join(known, ", "))
}

// Errors of [Dialect.Set] and [Dialect.Unset], for callers that tell them apart.
var (
	// ErrUnset says that the dialect has no way to remove a variable.
	ErrUnset = errors.New("it cannot be unset there")
	// ErrValue says that the dialect has no way to write a value.
	ErrValue = errors.New("its value cannot be written there")
)

// Set is the line, without its end, that gives a variable a value and hands it
// on to programs. The name has to be one of letters, digits and underscores.
func (d Dialect) Set(name, value string) (string, error) {
	if strings.ContainsAny(value, "\n\r\x00") || (d == PowerShell || d == Cmd) && !forWindows(value) {
		return "", ErrValue
	}
	switch d {
	case Fish:
		return "set -gx " + name + " " + quoted(value, `'`, strings.NewReplacer(`\`, `\\`, `'`, `\'`)), nil
	case PowerShell:
		return "$env:" + name + " = '" + strings.ReplaceAll(value, "'", "''") + "'", nil
	case Cmd:
		// A percent sign reads differently at the prompt and in a batch file.
		if strings.ContainsAny(value, `"%!`) {
			return "", ErrValue
		}
		return `set "` + name + "=" + value + `"`, nil
	case Docker:
		return "ENV " + name + "=" + quoted(value, `"`, strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`)), nil
	case GitHub:
		return name + "=" + value, nil
	case Dotenv:
		// The readers of such files agree on nothing but plain words, and on single
		// quotes around what holds none.
		if strings.ContainsAny(value, `'\`) {
			return "", ErrValue
		}
		return name + "=" + quoted(value, `'`, strings.NewReplacer()), nil
	}
	return "export " + name + "=" + quoted(value, `'`, strings.NewReplacer(`'`, `'\''`)), nil
}

// forWindows tells whether Windows' own shells can be given a value. An empty one is none
// to them: it removes the variable. What a program prints they read in one of many code
// pages, in some of which a letter's bytes are the quotes that end a string of PowerShell, so
// only ASCII arrives.
func forWindows(value string) bool {
	return value != "" && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' })
}

// Unset is the line, without its end, that removes a variable.
func (d Dialect) Unset(name string) (string, error) {
	switch d {
	case Fish:
		return "set -e " + name, nil
	case PowerShell:
		return "Remove-Item -ErrorAction Ignore Env:" + name, nil
	case Cmd:
		return `set "` + name + `="`, nil
	case Docker, GitHub, Dotenv:
		return "", ErrUnset
	}
	return "unset " + name, nil
}

// quoted puts a value that is no plain word between quotes.
func quoted(value, quote string, escape *strings.Replacer) string {
	if value != "" && !strings.ContainsFunc(value, func(r rune) bool { return !plain(r) }) {
		return value
	}
	return quote + escape.Replace(value) + quote
}

// plain reports whether a character means nothing to any shell.
func plain(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:", r)
}
