// Package shell writes assignments of environment variables for shells and for
// files that hold variables. What it writes means the same there as the text it
// was given, whatever characters are in it; where that cannot be it says so.
package shell

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
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
// on to programs. The name has to be one of letters, digits and underscores. For the
// shells of POSIX it is several lines if the value is.
func (d Dialect) Set(name, value string) (string, error) {
	if !d.writes(value) {
		return "", ErrValue
	}
	switch d {
	case Fish:
		return "set -gx " + name + " " + forFish(value), nil
	case PowerShell:
		return "$env:" + name + " = " + forPowerShell(value), nil
	case Cmd:
		return `set "` + name + "=" + value + `"`, nil
	case Docker:
		return "ENV " + name + "=" + quoted(value, `"`, `\`, `\\`, `"`, `\"`, `$`, `\$`), nil
	case GitHub:
		return name + "=" + value, nil
	case Dotenv:
		return name + "=" + quoted(value, `'`), nil
	}
	return "export " + name + "=" + quoted(value, `'`, `'`, `'\''`), nil
}

// writes reports whether a value can be written so that it means the same there.
func (d Dialect) writes(value string) bool {
	control := func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }
	switch d {
	case PowerShell:
		// What is set to the empty value is removed. A text that is not UTF-8 is no text there.
		return value != "" && utf8.ValidString(value) && !strings.Contains(value, "\x00")
	case Cmd:
		// The empty value removes the variable too. What a program prints is read in one of
		// many code pages, so only ASCII arrives. A percent sign reads differently at the
		// prompt and in a batch file.
		return value != "" && len(value) <= longestOfCmd && !strings.ContainsFunc(value, control) && !strings.ContainsAny(value, `"%!`)
	case Docker, GitHub:
		return !strings.ContainsAny(value, "\n\r\x00")
	case Dotenv:
		// The readers of such files agree on nothing but plain words, and on single quotes
		// around what holds none.
		return !strings.ContainsAny(value, "\n\r\x00'\\")
	}
	return !strings.Contains(value, "\x00")
}

// longestOfCmd is how long a value can be: a line of cmd ends after 8191 characters.
const longestOfCmd = 8000

// forFish is a value as fish reads it: in single quotes, with control characters outside
// of them by their numbers, so that it stays on one line.
func forFish(value string) string {
	if plainWord(value) {
		return value
	}
	var b strings.Builder
	b.WriteByte('\'')
	for i := range len(value) {
		switch c := value[i]; {
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `'\X%02x'`, c)
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(c))
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// forPowerShell is a value as PowerShell reads it, on one line, for it is given a line at a
// time, and in ASCII, for it reads what a program prints in one of many code pages, in some
// of which a letter's bytes are the quotes that end a string.
func forPowerShell(value string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, unit := range utf16.Encode([]rune(value)) {
		switch {
		case unit == '\'':
			b.WriteString("''")
		case unit >= ' ' && unit <= '~' || unit == '\t':
			b.WriteByte(byte(unit))
		default:
			fmt.Fprintf(&b, "' + [char]%d + '", unit)
		}
	}
	b.WriteByte('\'')
	return b.String()
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

// Hide is the line, without its end, that keeps a variable from programs and undoes
// nothing that outlives the shell. It differs from [Dialect.Unset] in fish alone, whose
// universal variables are those of every shell: one is covered by an empty one.
func (d Dialect) Hide(name string) (string, error) {
	if d == Fish {
		return "set -eg " + name + "; set -q " + name + "; and set -gx " + name + " ''", nil
	}
	return d.Unset(name)
}

// Word is a word of a command line as sh, bash, zsh and fish read it, such as an absolute path.
func Word(text string) string {
	return quoted(text, `'`, `'`, `'\''`, `\`, `'\\'`) // a backslash in quotes is not the same in all
}

// quoted puts a value that is no plain word between quotes, and replaces what is escaped there,
// given as for [strings.NewReplacer].
func quoted(value, quote string, escape ...string) string {
	if plainWord(value) {
		return value
	}
	return quote + strings.NewReplacer(escape...).Replace(value) + quote
}

// plainWord reports whether a value needs no quotes.
func plainWord(value string) bool {
	return value != "" && !strings.ContainsFunc(value, func(r rune) bool { return !plain(r) })
}

// plain reports whether a character means nothing to any shell.
func plain(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:", r)
}
