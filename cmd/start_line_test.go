package cmd

import (
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/shell"
)

// TestStartLines holds that the help of env documents the lines that hints show.
func TestStartLines(t *testing.T) {
	help := strings.Join(strings.Fields(newEnv(newApp(World{})).Long), " ")
	for _, d := range []shell.Dialect{shell.Sh, shell.Bash, shell.Zsh, shell.Fish, shell.PowerShell, shell.Cmd} {
		if line := startLine(d); line == "" || !strings.Contains(help, " "+line+" ") {
			t.Errorf("the help of env does not have the line for %s: %s", d, line)
		}
	}
	for _, d := range []shell.Dialect{shell.Docker, shell.GitHub, shell.Dotenv, ""} {
		if line := startLine(d); line != "" {
			t.Errorf("%q is no shell, and has the line %s", d, line)
		}
	}
}

// TestParentShell holds that advice is given for the shell that started the program.
func TestParentShell(t *testing.T) {
	p := newPerson(t)
	p.world.Parent = func() string { return "fish" }
	p.expect(said{"disable homebrew", exitOK, []string{"  set -gx HOMEBREW_NO_ANALYTICS 1\n"}, []string{"start file of fish, ~/.config/fish/config.fish:\n"}})
}
