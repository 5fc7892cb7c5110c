package cmd

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/pkg/catalogue"
)

// envCommand is the command that prints variables.
type envCommand struct {
	*app
	all, here bool
	root      string // of an image; "" for this machine
	shell     string

	// What is found on the way, to be reported.
	named    []namedTool       // the tools that were named
	leftOut  []leftOutVariable // of manifests
	broken   []string          // manifests that cannot be used
	unusable bool              // a tool that was named has such a manifest, which was said
	warnings []string
	unread   []string // directories of the image
	notes    []string // on variables that stay as the person set them
	unseen   int      // refused tools that leave no trace by which they could be found
}

func newEnv(a *app) *cobra.Command {
	c := &envCommand{app: a, shell: string(shell.Sh)}
	command := &cobra.Command{
		Use:   "env [TOOL...]",
		Short: "Print the variables that make tools obey what you decided",
		Long: `Env prints the environment variables that make each known tool obey the decisions
recorded here: those that ask usagectl obey anyway, the others read only their own
variable. For a refusal it is the literal that the tool itself reads as off, and a
variable that would turn the tool on is unset. For an agreement it is nothing, unless
the tool is off without its variable.

If all tools are refused with exceptions, a variable that would switch an exception off
is left out, DO_NOT_TRACK too. It is printed only if a tool that you refused by name reads no
other; that is reported on stderr, as are the tools that no other variable reaches.

To have it in every shell, add one line to the shell's start file. It does nothing
where usagectl is not installed:

  # sh, bash, zsh
  command -v usagectl >/dev/null && eval "$(usagectl env --quiet)"
  # fish
  type -q usagectl; and usagectl env --quiet --shell fish | source
  # PowerShell
  if (Get-Command usagectl -ErrorAction Ignore) {
    usagectl env --quiet --shell powershell | Invoke-Expression
  }
  # cmd
  for /f "delims=" %i in ('usagectl env -q --shell cmd 2^>nul') do @%i

What a shell was given by one such line is taken back by the next once nothing
recorded asks for it: the script lists what it changes in USAGECTL_ENV_SET, with
what you had there before. A value of yours that is a refusal already stays. One
that a refusal replaced or unset is put back, and one that cannot be written for the
shell stays in the list, with a warning. An agreement changes nothing that you set.
What --all changed is not taken back.

With --here only tools are covered that are found on this machine: a program on
PATH, a file of theirs, a source ID or an outbox. With --root it is the tools of the
image in a directory: programs in its usual directories, where links lead nowhere
outside. Nothing is run. A refusal of yours or of the image counts, an agreement of
yours does not, for others will use the image. A library has no program to find:
name it, or use --all.

A tool that only a manifest describes gets no variables except its own: the name
begins with the tool's ID and consists of words that switch telemetry, and the value
is a plain word. Others are left out and reported on stderr.

What no variable reaches is reported on stderr, with what does. With --quiet only
errors are reported.

EXIT STATUS
   0  printed
  64  a bad flag or an unknown shell
  65  an unknown tool, or --root names no directory
  74  the answer could not be printed
  78  a tool's manifest cannot be used; what is known of the others is printed`,
		Example: `  # For the shell that is running
  eval "$(usagectl env)"
  # For one tool
  usagectl env homebrew
  # For a Dockerfile, as if all were refused
  usagectl env --all --shell docker
  # For a list that takes few variables: only the tools that are here
  usagectl env --all --here --shell dotenv`,
		RunE: func(command *cobra.Command, args []string) error {
			return c.run(args, command.Flags().Changed("root"))
		},
	}
	flags := command.Flags()
	flags.BoolVar(&c.all, "all", false, "as if you had refused every tool")
	flags.BoolVar(&c.here, "here", false, "only tools that are found on this machine")
	flags.StringVar(&c.root, "root", "", "only tools that are found in the image whose tree is `DIR`")
	flags.StringVar(&c.shell, "shell", c.shell, "write for `SHELL`: sh, bash, zsh, fish, powershell, cmd, docker, github, dotenv")
	return command
}

// run prints what makes the tools obey.
func (c *envCommand) run(names []string, rooted bool) error {
	dialect, err := shell.Parse(c.shell)
	if err != nil {
		return fail(exitUsage, err)
	}
	if err := c.check(names, rooted); err != nil {
		return err
	}
	decided := c.decisions()
	named, err := c.switches(names, decided)
	if err != nil {
		return err
	}
	tools, err := c.found(named, decided)
	if err != nil {
		return err
	}
	var known []*catalogue.Tool // beside those that are asked about
	switch {
	case len(names) > 0:
		known = c.tools.otherTools()
	case c.here || c.root != "":
		known = named
	}
	orders := decided.orders(tools, known, len(names) == 0)
	if c.json {
		err = c.printJSON(c.document(orders))
	} else {
		if dialect.Records() && c.root == "" {
			script := c.earlier(names, named, known, decided, dialect, orders).script(orders.Variables)
			orders.Variables, c.notes, c.warnings = script.orders, script.notes, append(c.warnings, script.warnings...)
		} else { // whether the variable is there, and whose it is, nobody can know
			orders.Variables = slices.DeleteFunc(orders.Variables, func(o catalogue.Order) bool { return o.Unset && !o.Refusal })
		}
		c.show(dialect, orders)
	}
	switch {
	case err != nil, len(c.broken) == 0 && !c.unusable:
		return err
	case c.quiet && !c.json && len(c.broken) > 0:
		return fail(exitConfig, errors.New(strings.Join(c.broken, "\n")))
	}
	return fail(exitConfig, nil) // all of it was said
}

// earlier is what the shell was given before, in the light of what is decided now. If tools
// are named it is about their variables alone. known are all tools, or nil if orders are about
// all of them already: each start of a shell waits for this.
func (c *envCommand) earlier(names []string, named, known []*catalogue.Tool, decided decisions, dialect shell.Dialect, orders catalogue.Orders) earlier {
	if known != nil {
		orders = decided.orders(known, nil, true)
	} else {
		known = named
	}
	e := earlier{env: c.world.Env, dialect: dialect, all: c.all, asked: map[string]catalogue.Order{}}
	e.wishes = sync.OnceValue(func() []catalogue.Wish { return decided.wishes(known, nil) })
	for _, v := range orders.Variables {
		e.asked[v.Name] = v
	}
	if len(names) > 0 {
		e.only = map[string]bool{}
		for _, t := range named {
			for _, v := range t.Env {
				e.only[v.Name] = v.Name != catalogue.DoNotTrackName
			}
		}
	}
	return e
}

// check holds that the flags and the names go together.
func (c *envCommand) check(names []string, rooted bool) error {
	switch {
	case c.all && len(names) > 0:
		return fail(exitUsage, errors.New("name tools, or say --all, not both"))
	case len(names) > 0 && (c.here || rooted):
		return fail(exitUsage, errors.New("name tools, or have them found by --here or --root, not both"))
	case c.here && rooted:
		return fail(exitUsage, errors.New("--here is for this machine, --root for an image: say one of them"))
	case rooted && c.root == "":
		return fail(exitUsage, errors.New("--root is empty: nothing was printed"))
	}
	if !rooted {
		return nil
	}
	if info, err := os.Stat(c.root); err != nil || !info.IsDir() {
		return fail(exitData, fmt.Errorf("--root: %s is no directory", c.root))
	}
	return nil
}
