package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// toolsShowCommand is the command that shows what a manifest declares.
type toolsShowCommand struct {
	*app
	manifest string
	markdown bool
}

func newToolsShow(a *app) *cobra.Command {
	c := &toolsShowCommand{app: a}
	command := &cobra.Command{
		Use:   "show TOOL",
		Short: "Show what a tool declares, or write the page about it",
		Long: `Show prints what a tool's manifest declares: who collects, why, what is sent at each
level and what each field is for, where it goes, how long it is kept, how to refuse,
and how to have it deleted. With --manifest the name can be left out.

With --json it prints the manifest as data. With --markdown it prints the page "what
is sent" for the tool's documentation, with examples made by the code that makes what
is sent. The page depends on the manifest alone, so a test can hold that it is fresh.

EXIT STATUS
   0  shown
  64  a bad flag or a wrong number of arguments
  65  an unknown tool, or one that has no manifest
  74  the answer could not be printed
  78  the tool's manifest cannot be used`,
		Example: `  # Who asks, why, what for, where to, and how to refuse
  usagectl tools show demo
  # The page for the documentation of a tool
  usagectl tools show demo --markdown > TELEMETRY.md`,
		Args: func(command *cobra.Command, args []string) error {
			if c.manifest != "" {
				return words(0, 1)(command, args)
			}
			return words(1, 1)(command, args)
		},
	}
	flags := command.Flags()
	flags.StringVar(&c.manifest, "manifest", "", "read the tool's manifest from `FILE`")
	flags.BoolVar(&c.markdown, "markdown", false, "print the page \"what is sent\" for the tool's documentation")
	command.RunE = func(_ *cobra.Command, args []string) error { return c.run(strings.Join(args, "")) }
	return command
}

// run shows a tool, by its name or its manifest.
func (c *toolsShowCommand) run(name string) error {
	if c.markdown && c.json {
		return fail(exitUsage, errors.New("--markdown and --json cannot be combined"))
	}
	m, err := c.declaration(name, c.manifest)
	if err != nil {
		return err
	}
	if name != "" {
		c.say(reference{id: m.Tool.ID, alias: aliasOf(name, m.Tool.ID)})
	}
	switch {
	case c.markdown:
		page, err := pageAbout(m)
		if err != nil {
			return fail(exitIO, err)
		}
		c.stdout.Write([]byte(page))
		return nil
	case c.json:
		return c.printJSON(declarationOf(m))
	}
	showDeclaration(c.stdout, m)
	c.apart = true
	c.hint("see the exact document with \"usagectl inspect %s%s\"", m.Tool.ID, manifestOption(c.manifest))
	return nil
}

// declaration finds a manifest: a tool's by its name, the one in a file, or that of the tool in the file.
func (a *app) declaration(name, file string) (*manifest.Manifest, error) {
	if name != "" {
		return a.tools.named(name, file)
	}
	m, err := a.tools.manifest(manifest.ID{}, file)
	return m, badManifest(err)
}

// badManifest is the failure for a manifest that cannot be used; nil if it can.
func badManifest(err error) error {
	var bad manifest.Errors
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return fail(exitConfig, err)
	}
	return fail(exitConfig, fmt.Errorf("manifest: %w", err))
}

// showDeclaration shows what a manifest declares, in the order in which people ask.
func showDeclaration(out term.Stream, m *manifest.Manifest) {
	heading := func(text string) { out.Printf("\n%s\n", out.Style(term.Strong, text)) }
	item := func(format string, args ...any) {
		out.Printf("  %s\n", out.Wrap(fmt.Sprintf(format, args...), 2))
	}
	out.Printf("%s (%s)\n", out.Style(term.Strong, m.Tool.Name), m.Tool.ID.String())
	for _, about := range []struct{ what, says string }{{"Homepage", m.Tool.Homepage}, {"Privacy", m.Tool.Privacy}, {"Contact", m.Tool.Contact}} {
		if about.says != "" {
			out.Printf("  %-8s  %s\n", about.what, about.says)
		}
	}
	showLabel(out, m, len(m.Consent.Levels))
	heading("On or off by default")
	item("%s", defaultOf(m))
	heading("How to refuse")
	item("usagectl disable %s", m.Tool.ID)
	item("DO_NOT_TRACK set to \"1\" in the environment, for all tools")
	for _, r := range m.Consent.Refuse {
		item("%s in the environment%s", ruleText(r), inDotenv(m))
	}
	heading("How to agree")
	item("usagectl enable %s", m.Tool.ID)
	for _, r := range m.Consent.Grant {
		item("%s in the environment, to level 1", grantText(r))
	}
	heading("How to have it deleted")
	item("%s", deletionOf(m))
}

// eventsAt are the events that a level adds, but for a deletion request.
func eventsAt(m *manifest.Manifest, level int) []string {
	var names []string
	for _, e := range m.Events {
		if e.Level == level && !m.IsDeletion(e.Name) {
			names = append(names, e.Name)
		}
	}
	return names
}

// defaultOf says what holds for a person who has not said anything.
func defaultOf(m *manifest.Manifest) string {
	if m.Consent.Default == manifest.OptOut {
		return "On unless you refuse (opt-out). usagectl shows a notice first, and sends nothing before a person has seen it on a terminal."
	}
	return "Off until you agree (opt-in)."
}

// ruleText says when a rule about a variable holds.
func ruleText(r manifest.EnvRule) string {
	switch {
	case r.HasUnless:
		return fmt.Sprintf("%s set to anything but %q", r.Env, r.Unless)
	case r.When == manifest.Present:
		return r.Env + " set to anything"
	}
	return fmt.Sprintf("%s set to %q", r.Env, r.When)
}

// grantText says when a rule about a variable agrees. To be there is not enough for that.
func grantText(r manifest.EnvRule) string {
	if r.When == manifest.Present {
		return r.Env + " set to a word for yes, such as 1"
	}
	return ruleText(r)
}

// inDotenv says that a variable counts in .env files too, if it does.
func inDotenv(m *manifest.Manifest) string {
	if !m.Consent.Dotenv {
		return ""
	}
	return ", or in a .env file of the working directory or one above it"
}

// deletionOf says how a person has deleted what was collected.
func deletionOf(m *manifest.Manifest) string {
	forget := fmt.Sprintf("\"usagectl forget %s\"", m.Tool.ID)
	switch {
	case m.Forget.Method == manifest.ForgetHTTP:
		return forget + " asks " + secret.URL(m.Forget.Endpoint) + " to delete it."
	case m.Forget.Method == manifest.ForgetEvent:
		return forget + " asks " + secret.URL(m.Send.Endpoint) + " to delete it, by the event " + m.Forget.Event + "."
	case m.Forget.Method == manifest.ForgetMail:
		return forget + " writes the message to send to " + m.Forget.Mail + "."
	case !hasID(m):
		return "The tool takes no requests. Its events carry no ID by which yours could be found."
	case m.Tool.Contact != "":
		return "The tool takes no requests; write to " + m.Tool.Contact + "."
	}
	return "The tool takes no requests, and names nobody to write to."
}

// hasID reports whether a tool's events carry anything by which those of an installation, a
// person or a machine can be told apart.
func hasID(m *manifest.Manifest) bool { return hasSourceID(m) || hashed(m) != "" }

// hashed says whose names a tool's events carry a hash of; "" for none.
func hashed(m *manifest.Manifest) string {
	var names []string
	for _, name := range []struct {
		from manifest.Source
		text string
	}{{manifest.FromUserHash, "your login name"}, {manifest.FromNameHash, "your host name"}} {
		if slices.ContainsFunc(m.Fields, func(f manifest.Field) bool { return f.From == name.from }) {
			names = append(names, name.text)
		}
	}
	return strings.Join(names, " and one of ")
}

// hasSourceID reports whether a tool's events carry a source ID.
func hasSourceID(m *manifest.Manifest) bool {
	for i := range m.Fields {
		if m.Fields[i].From == manifest.FromSourceID {
			return true
		}
	}
	return false
}
