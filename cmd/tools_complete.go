package cmd

import "github.com/spf13/cobra"

// wordsOfTools are the words that can stand at the cursor behind a command of "tools".
func (l *line) wordsOfTools(typed string) ([]string, cobra.ShellCompDirective) {
	tools := 0 // how many can be named
	switch l.command.Name() {
	case "add", "init":
		if len(l.args) == 0 {
			return []string{"toml"}, cobra.ShellCompDirectiveFilterFileExt
		}
	case "show":
		tools = 1
	case "diff":
		tools = 2
	}
	if len(l.args) >= tools {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if l.given("manifest") {
		return offered(l.declared(), typed)
	}
	return offered(l.tooling(typed, l.args), typed)
}
