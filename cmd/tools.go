package cmd

import (
	"github.com/spf13/cobra"
)

// toolsName is the command that holds those about manifests.
const toolsName = "tools"

// newTools is the command for those who write and install manifests: what each does is in a
// command below it. Alone it lists the tools, as "tools list" does.
func newTools(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   toolsName,
		Short: "Show, compare, install and write manifests",
		Long: `A manifest is the file in which a tool declares what it collects, why, where it goes
and how to refuse. These commands are for those who write one, package one, or want
to read one before they agree. None of them decides anything or sends anything.
Without a command it lists the tools that have a manifest.

EXIT STATUS
   0  listed
  64  a bad flag, or a command that there is not
  74  the answer could not be printed, or a directory of manifests cannot be
      read
  78  a manifest cannot be used`,
		Example: `  # The tools that have a manifest, and where it is
  usagectl tools`,
		Args: noSuchCommand,
		RunE: func(*cobra.Command, []string) error { return (&toolsListCommand{a}).run() },
	}
	for _, build := range []func(*app) *cobra.Command{
		newToolsList,
		newToolsShow,
		newToolsDiff,
		newToolsAdd,
		newToolsInit,
	} {
		command.AddCommand(build(a))
	}
	return command
}
