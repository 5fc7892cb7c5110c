package shell_test

import (
	"testing"

	"github.com/usagectl/usagectl/internal/shell"
)

// TestOfPerson holds whose word counts on the shell of a person: the parent's, unless that
// is a shell for scripts or none, and then that of SHELL.
func TestOfPerson(t *testing.T) {
	for _, test := range []struct {
		parent, login string
		want          string
		dialect       shell.Dialect
	}{
		{"fish", "/bin/bash", "fish", shell.Fish},
		{"zsh", "/usr/bin/fish", "zsh", shell.Zsh},
		{"-zsh", "", "zsh", shell.Zsh},
		{"bash", "/usr/bin/fish", "fish", shell.Fish}, // a script
		{"sh", "/usr/bin/zsh", "zsh", shell.Zsh},
		{"bash", "", "bash", shell.Bash},
		{"dash", "", "dash", shell.Sh},
		{"bash", "/bin/sh", "sh", shell.Sh},
		{"make", "/usr/bin/fish", "fish", shell.Fish},
		{"", "/opt/homebrew/bin/fish", "fish", shell.Fish},
		{"tmux: server", "/usr/bin/mksh", "mksh", shell.Sh},
		{"pwsh.exe", "", "pwsh", shell.PowerShell},
		{"powershell.exe", "/usr/bin/bash", "powershell", shell.PowerShell},
		{"CMD.EXE", "", "cmd", shell.Cmd},
		{"bash.exe", `C:\Program Files\Git\usr\bin\bash.exe`, "bash", shell.Bash},
		{"nu", "/usr/bin/bash", "nu", ""}, // nothing can be written for it, and that is said
		{"bash", "/bin/tcsh", "tcsh", ""},
	} {
		got, ok := shell.OfPerson(test.parent, test.login)
		if !ok || got.Name != test.want || got.Dialect != test.dialect {
			t.Errorf("%q and SHELL=%q: %v, %v; want %s, %q", test.parent, test.login, got, ok, test.want, test.dialect)
		}
	}
	for _, none := range [][2]string{{"", ""}, {"make", ""}, {"python3", "/usr/bin/nologin"}, {"", "/"}} {
		if got, ok := shell.OfPerson(none[0], none[1]); ok {
			t.Errorf("%q: %v", none, got)
		}
	}
}
