package main

import (
	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/cmd"
)

// addCompletions adds the scripts of the shells, under the names by which packages
// install them. They are those that "usagectl completion" prints.
func addCompletions(made map[string][]byte, root *cobra.Command) error {
	for name, shell := range map[string]string{
		"usagectl.bash": "bash",
		"_usagectl":     "zsh",
		"usagectl.fish": "fish",
		"usagectl.ps1":  "powershell",
	} {
		script, err := cmd.CompletionScript(root, shell)
		if err != nil {
			return err
		}
		made["completions/"+name] = script
	}
	return nil
}
