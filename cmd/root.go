// Package cmd is the command line: each command parses, calls, and renders.
//
// [Main] runs the program in a [World], which holds all that it looks at or touches.
// Each command is a type with its flags, built by newX and done by its run method, in
// a file of its name. What the commands share is small: the [World], a ui that talks
// to people and whose file begins with the rules of text, a resolver that finds tools
// by name, and kept, which reads what is kept about them.
package cmd

import (
	"io"
	"log"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/pkg/consent"
)

// app is what every command gets.
type app struct {
	*ui
	world World
	tools resolver
	kept  kept

	answer     *answer // stdout, to which ui prints too
	staysHere  bool    // this command must not lead to anything being sent
	neverFails bool    // nor fail because of what it prints
}

func newApp(w World) *app {
	out := &answer{out: w.Stdout.Writer}
	w.Stdout.Writer = out
	return &app{ui: &ui{stdout: w.Stdout, stderr: w.Stderr}, answer: out, world: w, tools: newResolver(w), kept: kept{w}}
}

// Main runs the program and returns its exit code.
func Main(w World, args []string) int {
	log.SetOutput(io.Discard)      // where net/http tells, in lines of its own, what a server did wrong
	signal.Ignore(syscall.SIGPIPE) // a reader who has read enough must not end what a command does
	a := newApp(w)
	args = commandFirst(builders(nil), args)
	root := newRoot(a, builders(args))
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		addCompletions(a, root) // which no other command has to wait for
	}
	root.SetArgs(args)
	root.SetIn(w.Stdin)
	root.SetOut(a.stdout)
	root.SetErr(w.Stderr.Writer)
	command, err := root.ExecuteC()
	code := a.unprinted(a.end(command, args, err))
	if command.Annotations[byPerson] != "" && code != exitUsage && !sendsEvent(args) {
		a.carryOn()
	}
	return code
}

// byPerson marks commands that a person runs, which see to it that deletion
// requests arrive and that old events go.
const byPerson = "by-person"

// carryOn starts a deliverer if a deletion request waits for one, or an event is too old to
// be kept.
func (a *app) carryOn() {
	if a.staysHere || consent.ForeignHome(a.world.Dirs) != "" {
		return
	}
	if err := a.world.sender().StartForDue(); err != nil && a.verbose {
		a.warn("no deliverer could be started for what is due: %v", err)
	}
}

// Tree is the tree of commands, for whoever writes documentation from it. It is
// not for running: it has no world to run in.
func Tree() *cobra.Command {
	root := newRoot(newApp(World{}), builders(nil))
	root.InitDefaultHelpCmd()
	return root
}

// builder makes a command, or what there is of it.
type builder struct {
	name  string
	build func(*app) *cobra.Command
}

// builders are those of the commands that the words on the command line can be about:
// of one alone if it comes first, for the others cost each start a part of its time;
// else of all, as for help, completion and suggestions.
func builders(args []string) []builder {
	all := []builder{
		{"status", newStatus},
		{"enable", newEnable},
		{"disable", newDisable},
		{"inspect", newInspect},
		{sendName, newSend},
		{execName, newExec},
		{"flush", newFlush},
		{"forget", newForget},
		{"ask", newAsk},
		{"env", newEnv},
		{"tools", newTools},
		{"completion", newCompletion},
		{"version", newVersion},
		{deliverCommand, newDeliver},
	}
	for _, b := range all {
		if len(args) > 0 && b.name == args[0] {
			return []builder{b}
		}
	}
	return append(all, builder{"help", newHelp})
}

// newRoot is the program's command, with the commands that the builders make.
func newRoot(a *app, list []builder) *cobra.Command {
	var showVersion bool
	root := &cobra.Command{
		Use:   "usagectl",
		Short: "See and control what your tools tell about you",
		Long: `Usagectl shows and switches the usage telemetry of your tools, and sends events
for scripts that never have to wait. Without a command it shows the status.`,
		Example: `  # What is on here, and why
  usagectl
  # What exactly would leave; the demo goes to a file, never to the network
  usagectl inspect demo run.end --set exit_code=0
  # Refuse all of it, for good
  usagectl disable --all`,
		Args:        noSuchCommand,
		Annotations: map[string]string{byPerson: "yes"},
		RunE: func(*cobra.Command, []string) error {
			a.staysHere = a.staysHere || showVersion
			switch {
			case showVersion && a.json:
				return runVersion(a.ui)
			case showVersion:
				a.stdout.Printf("usagectl %s\n", Version())
				return nil
			}
			return (&statusCommand{app: a}).run(nil)
		},
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRun:  func(*cobra.Command, []string) { a.color(a.world.Env) },
	}
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "print JSON")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print only what is asked for")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "say more")
	flags.BoolVar(&a.noColor, "no-color", false, "print without colour")
	flags.BoolP("help", "h", false, "show what a command does")
	root.Flags().BoolVar(&showVersion, "version", false, "print the version")
	root.SetFlagErrorFunc(badFlag)
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		a.staysHere = true // whoever looks a command up does not run it
		showHelp(a, c)
	})
	root.SetHelpCommand(&cobra.Command{Use: "help", Hidden: true}) // unless help is asked for
	for _, b := range list {
		c := b.build(a)
		if b.name == "help" {
			root.SetHelpCommand(c)
		} else {
			root.AddCommand(c)
		}
	}
	return root
}
