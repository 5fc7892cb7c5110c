package cmd

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

type envOptions struct {
	all   bool
	shell string
}

func newEnv(a *app) *cobra.Command {
	o := envOptions{shell: string(shell.Sh)}
	c := &cobra.Command{
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
  74  stdout could not be written
  78  a tool's manifest cannot be used`,
		Example: `  # For the shell that is running
  eval "$(usagectl env)"
  # For one tool
  usagectl env homebrew
  # For a Dockerfile, as if all were refused
  usagectl env --all --shell docker`,
		RunE: func(_ *cobra.Command, args []string) error { return runEnv(a, args, o) },
	}
	flags := c.Flags()
	flags.BoolVar(&o.all, "all", false, "as if you had refused every tool")
	flags.StringVar(&o.shell, "shell", o.shell, "write for `SHELL`: sh, bash, zsh, fish, powershell, cmd, docker, github, dotenv")
	return c
}

func runEnv(a *app, names []string, o envOptions) error {
	dialect, err := shell.Parse(o.shell)
	if err != nil {
		return fail(exitUsage, err)
	}
	if o.all && len(names) > 0 {
		return fail(exitUsage, errors.New("name tools, or say --all, not both"))
	}
	recorded := consent.ReadRecorded(a.Dirs)
	tools, err := a.switches(names, recorded)
	if err != nil {
		return err
	}
	orders := catalogue.Obey(wishes(tools, recorded, o.all), o.all || recorded.AllRefused() && len(names) == 0)
	if a.json {
		return a.printJSON(envJSON(orders))
	}
	return a.showEnv(dialect, orders)
}

// switches are the tools named, or every one that is known, as far as their own
// switches are known.
func (a *app) switches(names []string, recorded consent.Recorded) ([]*catalogue.Tool, error) {
	var list []*catalogue.Tool
	if len(names) > 0 {
		for _, name := range names {
			t, err := a.switchOf(name)
			if err != nil {
				return nil, err
			}
			if id, _ := manifest.ParseID(name); recorded.Of(id).State == "" && !a.quiet {
				a.note("nothing is decided about %s", t.ID)
			}
			list = append(list, t)
		}
		return list, nil
	}
	all := catalogue.All()
	for i := range all {
		list = append(list, &all[i])
	}
	added := a.library().Added()
	for _, id := range added {
		if _, known := catalogue.Find(id.String()); known {
			continue
		}
		m, err := a.library().Find(id)
		if err != nil {
			a.warn("the manifest of %s cannot be used: %s", id, firstLine(err))
			continue
		}
		list = append(list, a.declaredSwitches(m, added))
	}
	return list, nil
}

// switchOf finds a tool by its name in the catalogue, or among the manifests.
func (a *app) switchOf(name string) (*catalogue.Tool, error) {
	if t, ok := catalogue.Find(name); ok {
		return t, nil
	}
	t, err := a.declared(name, "")
	if isUnknown(err) {
		return nil, a.unknownTool(name)
	}
	if err != nil {
		return nil, err
	}
	return a.declaredSwitches(t.manifest, a.library().Added()), nil
}

// declaredSwitches are the switches that a manifest declares, and reports which of
// them are not for that manifest to set: a shell runs what is printed here.
func (a *app) declaredSwitches(m *manifest.Manifest, added []manifest.ID) *catalogue.Tool {
	t, leftOut := catalogue.Declared(m, added)
	if !a.quiet {
		for _, v := range leftOut {
			a.note("%s is left out: the manifest of %s names it, but %s", v.Name, t.ID, v.Why)
		}
	}
	return t
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

func (a *app) showEnv(dialect shell.Dialect, orders catalogue.Orders) error {
	var script bytes.Buffer // one write, for a prompt waits
	for _, v := range orders.Variables {
		line, err := assignment(dialect, v)
		if err != nil {
			a.warn("%s is left out: %v", v.Name, err)
			continue
		}
		fmt.Fprintln(&script, line)
	}
	if _, err := a.Stdout.Write(script.Bytes()); err != nil {
		return fail(exitIO, fmt.Errorf("stdout: %w", err))
	}
	if a.quiet {
		return nil
	}
	for _, w := range orders.Warnings {
		a.warn("%s", w)
	}
	for _, b := range orders.Beyond {
		a.note("no variable reaches %s: %s", b.Tool.Name, b.Do)
	}
	if a.Stdout.Terminal && len(orders.Variables) > 0 {
		a.hint("to have this in every shell add a line to its start file: see \"usagectl env --help\"")
	}
	return nil
}

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
