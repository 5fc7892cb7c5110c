package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// envCommand is the command that prints variables.
type envCommand struct {
	*app
	all   bool
	shell string
}

func newEnv(a *app) *cobra.Command {
	c := &envCommand{app: a, shell: string(shell.Sh)}
	command := &cobra.Command{
		Use:   "env [TOOL...]",
		Short: "Print the variables that make tools obey what you decided",
		Long: `Env prints the environment variables that make each known tool obey the decisions
recorded here: those that ask usagectl obey anyway, the others read only their own
variable. For a refusal it is the literal that the tool itself reads as off, for
an agreement nothing, unless the tool is off without it. The same decisions give
the same output.

To have it in every shell, add one line to the shell's start file:

  # sh, bash, zsh
  eval "$(usagectl env --quiet)"
  # fish
  usagectl env --quiet --shell fish | source
  # PowerShell
  usagectl env --quiet --shell powershell | Out-String | Invoke-Expression
  # cmd
  for /f "delims=" %i in ('usagectl env --quiet --shell cmd') do @%i

A tool that only a manifest describes gets no variables except its own: the name
begins with the tool's ID, says that it is about telemetry, and is not another
program's. Others are left out and reported on stderr.

What no variable reaches is told on stderr, with what does; --quiet leaves it out.

EXIT STATUS
   0  printed
  64  a bad flag or an unknown shell
  65  an unknown tool
  74  the answer could not be printed
  78  a tool's manifest cannot be used`,
		Example: `  # For the shell that is running
  eval "$(usagectl env)"
  # For one tool
  usagectl env homebrew
  # For a Dockerfile, as if all were refused
  usagectl env --all --shell docker`,
		RunE: func(_ *cobra.Command, args []string) error { return c.run(args) },
	}
	flags := command.Flags()
	flags.BoolVar(&c.all, "all", false, "as if you had refused every tool")
	flags.StringVar(&c.shell, "shell", c.shell, "write for `SHELL`: sh, bash, zsh, fish, powershell, cmd, docker, github, dotenv")
	return command
}

// run prints what makes the tools obey.
func (c *envCommand) run(names []string) error {
	dialect, err := shell.Parse(c.shell)
	if err != nil {
		return fail(exitUsage, err)
	}
	if c.all && len(names) > 0 {
		return fail(exitUsage, errors.New("name tools, or say --all, not both"))
	}
	recorded := consent.ReadRecorded(c.world.Dirs)
	tools, err := c.switches(names, recorded)
	if err != nil {
		return err
	}
	orders := catalogue.Obey(wishes(tools, recorded, c.all), c.all || len(names) == 0 && c.everything(recorded))
	if c.json {
		return c.printJSON(envJSON(orders))
	}
	return showOrders(c.ui, dialect, orders)
}

// everything reports whether all is refused, so that DO_NOT_TRACK can be set: it would
// catch the exceptions that obey it.
func (c *envCommand) everything(recorded consent.Recorded) bool {
	return recorded.AllRefused() && !slices.ContainsFunc(recorded.Exceptions(), c.tools.obeysDoNotTrack)
}

// switches are the tools named, or every one that is known, as far as their own
// switches are known.
func (c *envCommand) switches(names []string, recorded consent.Recorded) ([]*catalogue.Tool, error) {
	var list []*catalogue.Tool
	if len(names) > 0 {
		ids, err := c.referToKnown(names)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			t, err := c.switchOf(id)
			if err != nil {
				return nil, err
			}
			if recorded.Of(id).State == "" && !c.quiet {
				c.note("nothing is decided about %s", t.ID)
			}
			list = append(list, t)
		}
		return list, nil
	}
	all := catalogue.All()
	for i := range all {
		list = append(list, &all[i])
	}
	added := c.tools.library.Added()
	for _, id := range added {
		if _, known := catalogue.Find(id.String()); known {
			continue
		}
		m, err := c.tools.library.Find(id)
		if err != nil {
			c.warn("the manifest of %s cannot be used: %s", id, firstLine(err))
			continue
		}
		list = append(list, c.declaredSwitches(m, added))
	}
	return list, nil
}

// switchOf finds what switches a tool: in the catalogue, else in its manifest.
func (c *envCommand) switchOf(id manifest.ID) (*catalogue.Tool, error) {
	if known := knownAs(id); known != nil {
		return known, nil
	}
	m, err := c.tools.named(id.String(), "")
	if err != nil {
		return nil, err
	}
	return c.declaredSwitches(m, c.tools.library.Added()), nil
}

// declaredSwitches are the switches that a manifest declares, and reports which of
// them are not for that manifest to set: a shell runs what is printed here.
func (c *envCommand) declaredSwitches(m *manifest.Manifest, added []manifest.ID) *catalogue.Tool {
	t, leftOut := catalogue.Declared(m, added)
	if !c.quiet {
		for _, v := range leftOut {
			c.note("%s is left out: the manifest of %s names it, but %s", v.Name, t.ID, v.Why)
		}
	}
	return t
}

// showOrders prints the variables, and says what they do not reach.
func showOrders(u *ui, dialect shell.Dialect, orders catalogue.Orders) error {
	var script bytes.Buffer // one write, for a prompt waits
	for _, v := range orders.Variables {
		line, err := assignment(dialect, v)
		if err != nil {
			u.warn("%s is left out: %v", v.Name, err)
			continue
		}
		fmt.Fprintln(&script, line)
	}
	u.stdout.Write(script.Bytes())
	if u.quiet {
		return nil
	}
	for _, w := range orders.Warnings {
		u.warn("%s", w)
	}
	for _, b := range orders.Beyond {
		u.note("no variable reaches %s: %s", b.Tool.Name, b.Do)
	}
	if u.stdout.Terminal && len(orders.Variables) > 0 {
		u.hint("to have this in every shell add a line to its start file: see \"usagectl env --help\"")
	}
	return nil
}

// wishes are what is recorded about the tools; with all, everything is refused.
func wishes(tools []*catalogue.Tool, recorded consent.Recorded, all bool) []catalogue.Wish {
	var list []catalogue.Wish
	for _, t := range tools {
		id, err := manifest.ParseID(t.ID)
		if err != nil {
			continue // no decision can be about it
		}
		switch state := recorded.Of(id).State; {
		case all || state == consent.Refused:
			list = append(list, catalogue.Wish{Tool: t, Off: true})
		case state == consent.Granted:
			list = append(list, catalogue.Wish{Tool: t})
		}
	}
	return list
}

// assignment is the line with which a shell sets or unsets a variable.
func assignment(dialect shell.Dialect, v catalogue.Order) (string, error) {
	if v.Unset {
		return dialect.Unset(v.Name)
	}
	return dialect.Set(v.Name, v.Value)
}

// envJSON is what "env --json" prints.
func envJSON(orders catalogue.Orders) any {
	type variable struct {
		Name  string   `json:"name"`
		Value *string  `json:"value"` // null: it must not be set
		Tools []string `json:"tools"` // for which it is
	}
	type beyond struct {
		Tool string `json:"tool"`
		Name string `json:"name"`
		Do   string `json:"do"`
	}
	variables, unreached := []variable{}, []beyond{}
	for _, v := range orders.Variables {
		item := variable{Name: v.Name, Tools: v.Tools}
		if !v.Unset {
			item.Value = &v.Value
		}
		variables = append(variables, item)
	}
	for _, b := range orders.Beyond {
		unreached = append(unreached, beyond{b.Tool.ID, b.Tool.Name, b.Do})
	}
	return struct {
		Schema    int        `json:"schema"`
		Variables []variable `json:"variables"`
		Beyond    []beyond   `json:"beyond"`
		Warnings  []string   `json:"warnings"`
	}{1, variables, unreached, append([]string{}, orders.Warnings...)}
}
