package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/manual"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// newHelp is the help command: of a command, or of a topic.
func newHelp(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "help [COMMAND | TOPIC]",
		Short: "Show what a command does, or explain a topic",
		Long: `Help shows what a command does, as --help does, or explains a topic: ` + strings.Join(topicNames(), ", ") + `.
It prints text, with --json too.

EXIT STATUS
   0  shown
  64  there is no such command or topic
  74  the answer could not be printed`,
		Example: `  # What a command does
  usagectl help send
  # What usagectl itself does with what it knows
  usagectl help privacy`,
		RunE: func(c *cobra.Command, args []string) error {
			command, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 || command == c && len(args) > 1 {
				return noPage(c, args)
			}
			showHelp(a, command)
			return nil
		},
	}
	for _, topic := range manual.Topics() {
		page := &cobra.Command{
			Use:   topic.Name,
			Short: topic.Short,
			RunE: func(_ *cobra.Command, args []string) error {
				if len(args) > 0 {
					return noPage(c, append([]string{topic.Name}, args...))
				}
				newHelpPage(a).topic(topic)
				return nil
			},
		}
		page.SetHelpFunc(func(*cobra.Command, []string) { newHelpPage(a).topic(topic) })
		c.AddCommand(page)
	}
	return c
}

// noPage is the error for words about which there is no help.
func noPage(help *cobra.Command, args []string) error {
	asked := strings.Join(args, " ")
	return fail(exitUsage, fmt.Errorf("there is no command or topic %s%s", manifest.Quote(asked), didYouMean(asked, helpNames(help), "")),
		`see what there is with "usagectl --help"`)
}

// helpNames is what help can be asked about.
func helpNames(help *cobra.Command) []string {
	return append(commandNames(help.Root()), topicNames()...)
}

// helpWidth is how wide help is at most: the lines of a manual, not of a screen.
const helpWidth = 80

// helpPage prints one page of help.
type helpPage struct{ term.Stream }

func newHelpPage(a *app) helpPage {
	out := a.stdout
	out.Color = term.Colored(out.Terminal, a.noColor, a.world.Env) // no PreRun runs before --help
	out.Width = min(out.Width, helpWidth)
	return helpPage{out}
}

// showHelp shows what a command does, and leads to nothing else.
func showHelp(a *app, c *cobra.Command) {
	a.staysHere = true
	if p := newHelpPage(a); c.HasParent() {
		p.command(c)
	} else {
		p.overview(c)
	}
}

// command is the help of a command, its examples first.
func (p helpPage) command(c *cobra.Command) {
	text, codes := manual.ExitStatus(c.Long)
	p.Printf("%s.\n", c.Short)
	if c.HasExample() {
		p.heading("Examples")
		p.text(c.Example)
	}
	p.heading("Usage")
	p.Printf("  %s\n", c.UseLine())
	if text != "" {
		p.Printf("\n")
		p.text(text)
	}
	if parts := manual.Parts(c); len(parts) > 0 {
		p.heading("Commands")
		for _, part := range parts {
			p.Printf("  %-5s %s\n", part.Name(), part.Short)
		}
	}
	p.flags("Flags", manual.Flags(c.LocalFlags()))
	p.flags("Flags of every command", manual.Flags(c.InheritedFlags()))
	if codes != "" {
		p.heading("Exit status")
		p.Printf("%s\n", term.Styled(codes))
	}
}

// overview is the help of the program: one screen, by who needs what.
func (p helpPage) overview(root *cobra.Command) {
	p.text(root.Long)
	for _, group := range manual.Groups() {
		p.heading(group.Title)
		for _, name := range group.Commands {
			if c, _, err := root.Find([]string{name}); err == nil {
				p.Printf("  %-9s %s\n", name, c.Short)
			}
		}
	}
	p.Printf("\n")
	p.Printf("More: version, completion SHELL, help COMMAND,\n      help %s\n", strings.Join(topicNames(), "|"))
	p.Printf("Every command takes --help, --json, --quiet, --verbose and --no-color.\n")
}

// topicNames are the topics that help explains.
func topicNames() []string {
	var names []string
	for _, t := range manual.Topics() {
		names = append(names, t.Name)
	}
	return names
}

// topic explains a topic.
func (p helpPage) topic(t manual.Topic) {
	p.Printf("%s.\n\n", p.Style(term.Strong, t.Short))
	p.text(t.Intro)
	for _, entry := range t.Terms {
		p.Printf("\n  %s\n", p.Style(term.Strong, entry.Name))
		p.Printf("      %s\n", term.Styled(p.Wrap(entry.Text, 6)))
	}
	if t.Outro != "" {
		p.Printf("\n")
		p.text(t.Outro)
	}
}

// heading starts a part of a page.
func (p helpPage) heading(title string) { p.Printf("\n%s\n", p.Style(term.Strong, title+":")) }

// flags lists flags, if there are any.
func (p helpPage) flags(title string, flags []manual.Flag) {
	if len(flags) == 0 {
		return
	}
	p.heading(title)
	names, width := make([]string, len(flags)), 0
	for i, f := range flags {
		names[i] = flagName(f)
		width = max(width, len(names[i]))
	}
	for i, f := range flags {
		p.Printf("%s   %s\n", term.Styled(fmt.Sprintf("%-*s", width, names[i])), p.Wrap(f.Usage, width+3))
	}
}

// flagName is a flag as it is written, in line with others that are short for
// nothing.
func flagName(f manual.Flag) string {
	name := "      " + f.Name
	if f.Short != "" {
		name = "  " + f.Short + ", " + f.Name
	}
	switch {
	case f.Optional:
		name += "[=" + f.Value + "]"
	case f.Value != "":
		name += " " + f.Value
	}
	return name
}

// text shows text as package manual has it.
func (p helpPage) text(text string) {
	for i, b := range manual.Blocks(text) {
		if i > 0 {
			p.Printf("\n")
		}
		if b.Verbatim {
			p.Printf("%s\n", term.Styled(strings.Join(b.Lines, "\n")))
		} else {
			p.Printf("%s\n", term.Styled(p.Wrap(strings.Join(b.Lines, " "), 0)))
		}
	}
}
