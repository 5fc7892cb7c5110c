package cmd

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// toolsDiffCommand is the command that says what changes for those who agreed.
type toolsDiffCommand struct{ *app }

func newToolsDiff(a *app) *cobra.Command {
	c := &toolsDiffCommand{a}
	return &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show what a new manifest asks of those who agreed to an old one",
		Long: `Diff compares two manifests of a tool and says about what a person who agreed to the
old one would have to be asked: what is collected besides, goes elsewhere, is kept
longer, or is harder to refuse. It also says what becomes of their agreement:

  left out   what is new is left out until they agree again; who has only
             seen the notice of a tool that is on by default sees another
  off        telemetry is off until they agree again
  covered    the agreement covers it, and nobody is asked: tell people yourself
  none       nothing becomes of it

Who agreed by a variable of consent.grant alone is not asked again: as long as it
holds, it covers what is new, at level 1 and wherever it goes.

OLD and NEW are tools, or files: what ends in .toml or has a slash in it, or - for
stdin, as in "git show v1.0:mytool.toml | usagectl tools diff - mytool.toml".

EXIT STATUS
   0  there is nothing to ask about
   1  there is something to ask about
  64  a bad flag or a wrong number of arguments
  65  an unknown tool, or one that has no manifest
  74  the answer could not be printed
  78  a manifest cannot be used`,
		Example: `  # What a new manifest asks of those who agreed to the one that is installed
  usagectl tools diff mytool mytool.toml`,
		Args: words(2, 2),
		RunE: func(_ *cobra.Command, args []string) error { return c.run(args[0], args[1]) },
	}
}

// run compares two manifests.
func (c *toolsDiffCommand) run(before, after string) error {
	old, err := c.read(before)
	if err != nil {
		return err
	}
	now, err := c.read(after)
	if err != nil {
		return err
	}
	changes := compare(old, now)
	ask := slices.ContainsFunc(changes, func(ch change) bool { return ch.Ask })
	switch {
	case c.json:
		if err := c.printJSON(struct {
			Schema  int         `json:"schema"`
			Tool    manifest.ID `json:"tool"`
			Ask     bool        `json:"ask"`
			Changes []change    `json:"changes"`
		}{1, now.Tool.ID, ask, append([]change{}, changes...)}); err != nil {
			return err
		}
	case !c.quiet:
		showChanges(c.stdout, now, changes)
	}
	if ask {
		return fail(exitNo, nil)
	}
	return nil
}

// read reads a manifest that is named by a tool, a file, or "-" for stdin.
func (c *toolsDiffCommand) read(name string) (*manifest.Manifest, error) {
	if name != "-" && filepath.Ext(name) != ".toml" && !strings.ContainsRune(name, '/') && !strings.ContainsRune(name, os.PathSeparator) {
		return c.tools.named(name, "")
	}
	m, _, err := c.world.readManifestText(name)
	return m, badManifest(err)
}

// showChanges shows what differs, first what there is to ask about.
func showChanges(out term.Stream, m *manifest.Manifest, changes []change) {
	if len(changes) == 0 {
		out.Printf("%s: nothing differs\n", m.Tool.ID.String())
		return
	}
	show := func(title string, ask bool) {
		first := true
		for _, ch := range changes {
			if ch.Ask != ask {
				continue
			}
			if first {
				out.Printf("%s\n", out.Style(term.Strong, title))
				first = false
			}
			out.Printf("  %s\n", out.Wrap(ch.sentence(), 4))
			if meaning := ch.meaning(); meaning != "" {
				out.Printf("    %s\n", out.Wrap(meaning, 4))
			}
		}
	}
	show("To be asked of those who agreed before", true)
	show("Nothing to ask about", false)
	if len(m.Consent.Grant) > 0 && slices.ContainsFunc(changes, func(ch change) bool { return ch.Effect == leftOut || ch.Effect == turned }) {
		var names []string
		for _, r := range m.Consent.Grant {
			if !slices.Contains(names, r.Env) {
				names = append(names, r.Env)
			}
		}
		out.Printf("%s\n", out.Wrap("Who agreed by "+strings.Join(names, " or ")+" alone is not asked again: it covers what is new, at level 1 and wherever it goes.", 0))
	}
}

// sentence says what differs.
func (ch change) sentence() string {
	what := ch.Key
	if ch.Name != "" {
		what += " " + ch.Name
	}
	switch {
	case ch.Old == "":
		return what + ": new: " + ch.New
	case ch.New == "":
		return what + ": removed; it was: " + ch.Old
	}
	return fmt.Sprintf("%s: was: %s; now: %s", what, ch.Old, ch.New)
}

// meaning says what becomes of an agreement.
func (ch change) meaning() string {
	text := map[effect]string{
		leftOut: "left out until they agree again",
		turned:  "off until they agree again",
		covered: "covered by their agreement: nobody is asked, so tell people yourself",
	}[ch.Effect]
	if ch.Note == "" || text == "" {
		return cmp.Or(text, ch.Note)
	}
	return text + "; " + ch.Note
}
