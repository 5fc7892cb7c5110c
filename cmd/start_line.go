package cmd

import (
	"fmt"
	"runtime"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/pkg/catalogue"
)

// shell is the shell in which advice is given: the person's own, as far as that can be
// known; see [shell.OfPerson]. Else the one that comes with the system.
func (w World) shell() shell.Known {
	login, _ := w.Env("SHELL")
	parent := ""
	if w.Parent != nil {
		parent = w.Parent()
	}
	if own, ok := shell.OfPerson(parent, login); ok {
		return own
	}
	if runtime.GOOS == "windows" {
		return shell.Known{Name: "PowerShell", Dialect: shell.PowerShell}
	}
	return shell.Known{Name: "sh", Dialect: shell.Sh}
}

// order is what a person does to set or unset a variable: a line for their shell, or, if
// nothing can be written for that, in words.
func (w World) order(v catalogue.Order) string {
	if own := w.shell(); own.Dialect != "" {
		v.Refusal = false // the person erases what is theirs
		if line, err := scriptLine(own.Dialect, v); err == nil {
			return line
		}
	}
	if v.Unset {
		return "remove " + v.Name + " from the environment"
	}
	return fmt.Sprintf("set %s to %q in the environment", v.Name, v.Value)
}

// startLine is the line in a shell's start file that applies the decisions to every tool
// that a variable reaches, and says nothing if usagectl is not there (any more); "" for a
// shell for which there is none. It is documented in the help of env, and tested there.
func startLine(in shell.Dialect) string {
	switch line := evalLine(in, "env --quiet"); in {
	case shell.Sh, shell.Bash, shell.Zsh:
		return "command -v usagectl >/dev/null && " + line
	case shell.Fish:
		return "type -q usagectl; and " + line
	case shell.PowerShell:
		return "if (Get-Command usagectl -ErrorAction Ignore) { " + line + " }"
	case shell.Cmd:
		return `for /f "delims=" %i in ('usagectl env -q --shell cmd 2^>nul') do @%i`
	}
	return ""
}

// evalLine is the line with which a shell runs what a command of usagectl prints for it; ""
// for one for which nothing is printed.
func evalLine(in shell.Dialect, command string) string {
	switch in {
	case shell.Sh, shell.Bash, shell.Zsh:
		return `eval "$(usagectl ` + command + `)"`
	case shell.Fish:
		return "usagectl " + command + " --shell fish | source"
	case shell.PowerShell:
		// A line at a time: Out-String would make "" of nothing, which Invoke-Expression refuses.
		return "usagectl " + command + " --shell powershell | Invoke-Expression"
	case shell.Cmd:
		return `for /f "delims=" %i in ('usagectl ` + command + ` --shell cmd') do @%i`
	}
	return ""
}

// startFile is the file that a shell reads when it starts, for people.
func (w World) startFile(in shell.Dialect) string {
	under := func(variable, usual string) string {
		if dir, _ := w.Env(variable); dir != "" {
			return tilde(w.Dirs.Home, dir)
		}
		return usual
	}
	switch in {
	case shell.Bash:
		return "~/.bashrc"
	case shell.Zsh:
		return under("ZDOTDIR", "~") + "/.zshrc"
	case shell.Fish:
		return under("XDG_CONFIG_HOME", "~/.config") + "/fish/config.fish"
	case shell.PowerShell:
		return "$PROFILE"
	case shell.Cmd:
		return "a batch file (with %%i for %i)"
	}
	return "~/.profile"
}

// hintStartLine shows the line that applies decisions in every shell. It is set apart, for
// it is to be copied and a terminal would break it.
func hintStartLine(a *app, purpose string) {
	own := a.world.shell()
	line := startLine(own.Dialect)
	switch {
	case a.quiet:
	case line == "":
		a.hint("%s, set what \"usagectl env\" prints: it has no form for %s, your shell, yet", purpose, own.Name)
	default:
		a.hint("%s, add this line to the start file of %s, %s:", purpose, own.Name, a.world.startFile(own.Dialect))
		a.stderr.Printf("  %s\n", line)
	}
}
