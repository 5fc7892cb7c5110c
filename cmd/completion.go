package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/completions"
	"github.com/usagectl/usagectl/pkg/manifest"
)

func newCompletion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a script that has your shell complete what you type",
		Long: `Completion prints a script for bash, zsh, fish or powershell. With it the TAB key
completes commands, tools, events, fields and their values. Packages install it;
you need this if you installed the program yourself. In the shell's start file:

  # bash
  command -v usagectl >/dev/null && eval "$(usagectl completion bash)"
  # zsh, behind compinit
  command -v usagectl >/dev/null && eval "$(usagectl completion zsh)"
  # fish
  type -q usagectl; and usagectl completion fish | source
  # PowerShell
  if (Get-Command usagectl -ErrorAction Ignore) {
    usagectl completion powershell | Out-String | Invoke-Expression
  }

Completing reads manifests, what is recorded here, and which programs and files of
tools are here. It changes nothing, and touches no network. The script is the same
with --json.

EXIT STATUS
   0  printed
  64  a bad flag, or a shell that is not known
  74  the answer could not be printed`,
		Example: `  # For bash, which loads it when it is first needed
  mkdir -p ~/.local/share/bash-completion/completions
  usagectl completion bash > ~/.local/share/bash-completion/completions/usagectl
  # Likewise for fish
  mkdir -p ~/.config/fish/completions
  usagectl completion fish > ~/.config/fish/completions/usagectl.fish`,
		Args: words(1, 1),
		RunE: func(_ *cobra.Command, args []string) error { return printScript(a.ui, args[0]) },
	}
}

// printScript prints the script for a shell.
func printScript(u *ui, name string) error {
	script, known := completions.Script(name)
	if !known {
		return fail(exitUsage, fmt.Errorf("there is no script for %s, but for %s", manifest.Quote(name), strings.Join(completions.Shells(), ", ")))
	}
	u.stdout.Write([]byte(script))
	return nil
}
