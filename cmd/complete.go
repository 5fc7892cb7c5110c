package cmd

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/usagectl/usagectl/completions"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// What a shell offers when somebody presses TAB. The rules here: it looks, and
// never writes, sends or starts anything; what it cannot read it passes over
// without a word, for the person is in the middle of a line; and what comes from a
// manifest reaches the line only if no shell would do anything with it.

// offer is a word that may stand next on the line, and what it is.
type offer struct{ word, about string }

// line is the line that is being typed: the command, with the flags that were
// given, and the words before the one at which the cursor is.
type line struct {
	*app
	command *cobra.Command
	args    []string
}

// addCompletions has the commands offer words and values of flags.
func addCompletions(a *app, root *cobra.Command) {
	root.InitDefaultHelpCmd() // else the help command comes later
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	for _, c := range slices.Concat(root.Commands(), parts(root, toolsName)) {
		c.ValidArgsFunction = func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			l := &line{a, c, args}
			if c.Parent() != root {
				return l.wordsOfTools(typed)
			}
			if c.Name() == execName && len(args) > 0 { // any word of the command can be a file
				return nil, cobra.ShellCompDirectiveDefault
			}
			return offered(l.words(typed), typed)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			f.Usage = strings.ReplaceAll(f.Usage, "`", "") // the marks around a value's name are for help
			if f.Value.Type() == "bool" {
				return
			}
			_ = c.RegisterFlagCompletionFunc(f.Name, func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
				return (&line{a, c, args}).valuesOfFlag(f.Name, typed)
			}) // it fails for a flag that is not there, or has one
		})
	}
}

// parts are the commands below one of the program's, if that is built.
func parts(root *cobra.Command, name string) []*cobra.Command {
	c, _, err := root.Find([]string{name})
	if err != nil {
		return nil
	}
	return c.Commands()
}

// offered is the answer to the shell: what begins like the word that is being
// typed, in the order given, once each and with a description.
func offered(list []offer, typed string) ([]string, cobra.ShellCompDirective) {
	var lines []string
	directive := cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	for _, o := range list {
		if !strings.HasPrefix(o.word, typed) || !harmless(o.word) {
			continue
		}
		lines = append(lines, o.word+"\t"+brief(o.about))
		if strings.HasSuffix(o.word, "=") {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
	}
	return lines, directive
}

// harmless reports whether a word means itself in every shell, its spaces aside,
// which all of them can quote. Names of events and values of fields come from
// manifests, and one such as "$(reboot)" is better typed by hand.
func harmless(word string) bool {
	return !strings.ContainsFunc(word, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" _-.,:+=@%/", r)
	})
}

// brief is a description that leaves room for what it describes.
func brief(text string) string {
	const most = 60
	short, length := "", -1
	for _, word := range strings.Fields(term.Clean(text)) {
		length += 1 + utf8.RuneCountInString(word)
		if length > most {
			return strings.TrimRight(short, ",.;:") + "…"
		}
		short = strings.TrimPrefix(short+" "+word, " ")
	}
	return short
}

// words are the words that can stand at the cursor, if no flag does.
func (l *line) words(typed string) []offer {
	switch l.command.Name() {
	case "help":
		return l.commands()
	case "completion":
		return l.first(completions.Shells()...)
	case "ask":
		if len(l.args) > 0 {
			return nil
		}
	case "inspect", "send":
		if len(l.args) > 0 {
			return l.events()
		}
	case execName, "status", "enable", "disable", "env", "flush", "forget":
	default:
		return nil
	}
	if l.given("all") || l.given("confirm") { // instead of names
		return nil
	}
	if l.given("manifest") {
		return l.declared()
	}
	return l.tooling(typed, l.args)
}

// tooling are the tools that begin so, but for those that are named already.
func (l *line) tooling(typed string, named []string) []offer {
	var list []offer
	passed := map[string]bool{}
	for _, name := range named {
		passed[name] = true
	}
	declared := l.tools.library.IDs()
	candidates := l.candidates(typed)
	for _, id := range candidates {
		if name := id.String(); !passed[name] && strings.HasPrefix(name, typed) {
			passed[name] = true
			list = append(list, offer{name, l.aboutTool(id, slices.Contains(declared, id))})
		}
	}
	if typed == "" {
		return list
	}
	return append(list, aliases(typed, candidates, passed)...)
}

// aliases are the commands that begin like the word that is being typed, by which the
// candidates can be named. What was passed already is not offered once more.
func aliases(typed string, candidates []manifest.ID, passed map[string]bool) []offer {
	var list []offer
	for _, id := range candidates {
		known := knownAs(id)
		if known == nil || passed[id.String()] {
			continue
		}
		for _, name := range known.Commands {
			if !passed[name] && strings.HasPrefix(name, typed) {
				passed[name] = true
				list = append(list, offer{name, known.Name})
			}
		}
	}
	return list
}

func (l *line) given(flag string) bool { return l.command.Flags().Changed(flag) }

// first offers the same words always, but only as the first one.
func (l *line) first(words ...string) []offer {
	var list []offer
	for _, word := range words {
		if len(l.args) == 0 {
			list = append(list, offer{word: word})
		}
	}
	return list
}

// commands are those that help explains; cobra itself adds the topics.
func (l *line) commands() []offer {
	var list []offer
	for _, c := range l.command.Root().Commands() {
		if !c.Hidden && len(l.args) == 0 {
			list = append(list, offer{c.Name(), c.Short})
		}
	}
	return list
}

// declared is the tool that --manifest is about.
func (l *line) declared() []offer {
	m := l.manifest()
	if m == nil || len(l.args) > 0 {
		return nil
	}
	return []offer{{m.Tool.ID.String(), m.Tool.Name + ": " + m.Tool.Purpose}}
}

// candidates are the tools that the command can do something with. Of those that are
// known the ones on this machine come first, if nothing of the name is typed yet.
func (l *line) candidates(typed string) []manifest.ID {
	stored, _ := l.kept.tools() // as far as it can be read, as everything here
	here := newSurvey(l.app)
	var list []manifest.ID
	switch l.command.Name() {
	case "ask", "inspect", "send", "show", "diff":
		return l.tools.library.IDs()
	case execName:
		return slices.DeleteFunc(l.tools.library.IDs(), func(id manifest.ID) bool {
			m, err := l.tools.manifest(id, "")
			return err != nil || m.Exec == nil
		})
	case "flush":
		return slices.DeleteFunc(stored, func(id manifest.ID) bool { return !l.waits(id) })
	case "forget":
		list = slices.DeleteFunc(l.tools.library.IDs(), func(id manifest.ID) bool { return !l.tools.hasSourceID(id) })
		return append(list, slices.DeleteFunc(stored, func(id manifest.ID) bool { return !l.kept.traces(id) })...)
	}
	if typed == "" {
		list, _ = here.ids(false)
	}
	all, _ := here.ids(true)
	return append(list, all...)
}

// waits reports whether flush has something to do for a tool.
func (l *line) waits(id manifest.ID) bool {
	queued, _ := l.world.sender().Queued(id)
	deletions, _ := l.kept.deletions(id)
	return queued > 0 || slices.ContainsFunc(deletions.list, func(d deletion) bool { return d.State == sender.Pending })
}

// aboutTool describes a tool: its name, and why it collects or what.
func (l *line) aboutTool(id manifest.ID, declared bool) string {
	if declared {
		m, err := l.tools.manifest(id, "")
		if err != nil {
			return "its manifest cannot be used"
		}
		return m.Tool.Name + ": " + m.Tool.Purpose
	}
	known, ok := catalogue.Find(id.String())
	switch {
	case !ok:
		return ""
	case known.Data == "":
		return known.Name
	}
	return known.Name + ": " + known.Data
}

// manifest is the one that the line is about: that of --manifest, or of the tool
// that is named first; nil if there is none that can be used.
func (l *line) manifest() *manifest.Manifest {
	file := ""
	if f := l.command.Flag("manifest"); f != nil {
		file = fromHome(l.world.Dirs.Home, f.Value.String())
	}
	var m *manifest.Manifest
	var err error
	switch {
	case len(l.args) > 0:
		m, err = l.tools.named(l.args[0], file)
	case file != "":
		m, err = l.tools.manifest(manifest.ID{}, file)
	}
	if err != nil {
		return nil
	}
	return m
}

// fromHome reads a path as a shell would have, which hands over the line as it is.
func fromHome(home, path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && home != "" {
		return filepath.Join(home, rest)
	}
	return path
}

// events are those of the tool that is named, each with what a caller says about it.
func (l *line) events() []offer {
	m := l.manifest()
	if m == nil || len(l.args) > 1 {
		return nil
	}
	var list []offer
	for _, event := range m.EventNames() {
		about := ""
		for _, f := range callerFields(m, event) {
			about += ", " + f.Name
		}
		list = append(list, offer{event, strings.TrimPrefix(about, ", ")})
	}
	return list
}

// callerFields are the fields of an event that a caller sets; of all events if none
// is named.
func callerFields(m *manifest.Manifest, event string) []*manifest.Field {
	var list []*manifest.Field
	for i := range m.Fields {
		if f := &m.Fields[i]; f.From == manifest.FromCaller && (event == "" || f.In(event)) {
			list = append(list, f)
		}
	}
	return list
}
