package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/manual"
)

// manPages writes usagectl(1) and a page for each command, by their paths.
func manPages(root *cobra.Command) map[string][]byte {
	pages := map[string][]byte{"man/usagectl.1": overview(root)}
	for _, c := range visible(root) {
		pages["man/"+pageName(c)+".1"] = commandPage(c)
		for _, part := range manual.Parts(c) {
			pages["man/"+pageName(part)+".1"] = commandPage(part)
		}
	}
	return pages
}

// visible are the commands that people are told of.
func visible(root *cobra.Command) []*cobra.Command {
	var list []*cobra.Command
	for _, c := range root.Commands() {
		if !c.Hidden {
			list = append(list, c)
		}
	}
	return list
}

// pageName is the name of a command's page: git's convention, and everybody's since.
func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// overview is usagectl(1): what there is, and what holds for all of it.
func overview(root *cobra.Command) []byte {
	r := newPage("usagectl", 1)
	r.name("usagectl", root.Short)
	r.heading("Synopsis")
	r.text(bold("usagectl") + " [" + italic("COMMAND") + "] [" + italic("flags") + "]")
	r.heading("Description")
	r.paragraphs(root.Long)
	r.line(".PP")
	r.paragraphs(manual.Privacy().Intro + "\n\n" + manual.Privacy().Outro)
	r.heading("Commands")
	for _, c := range inOrder(root) {
		r.term(reference(pageName(c), 1))
		r.text(escape(c.Short + "."))
	}
	r.heading("Options")
	r.flags(manual.Flags(root.LocalFlags()))
	r.terms("Exit status", manual.ExitCodes(), "")
	r.terms("Environment", manual.Environment(), "")
	r.terms("Files", manual.Files(), "")
	r.examples(root.Example)
	r.seeAlso(append(references(visible(root), nil), reference("usagectl-manifest", 5)))
	return []byte(r.String())
}

// inOrder are the commands as the help lists them, and then the others.
func inOrder(root *cobra.Command) []*cobra.Command {
	var list []*cobra.Command
	listed := map[string]bool{}
	for _, group := range manual.Groups() {
		for _, name := range group.Commands {
			if c, _, err := root.Find([]string{name}); err == nil {
				list = append(list, c)
				listed[name] = true
			}
		}
	}
	for _, c := range visible(root) {
		if !listed[c.Name()] {
			list = append(list, c)
		}
	}
	return list
}

// commandPage is the page of one command.
func commandPage(c *cobra.Command) []byte {
	text, codes := manual.ExitStatus(c.Long)
	r := newPage(pageName(c), 1)
	r.name(pageName(c), c.Short)
	r.heading("Synopsis")
	r.text(bold(c.CommandPath()) + escape(strings.TrimPrefix(c.UseLine(), c.CommandPath())))
	r.heading("Description")
	r.paragraphs(text)
	if parts := manual.Parts(c); len(parts) > 0 {
		r.heading("Commands")
		for _, part := range parts {
			r.term(reference(pageName(part), 1))
			r.text(escape(part.Short + "."))
		}
	}
	if flags := manual.Flags(c.LocalFlags()); len(flags) > 0 {
		r.heading("Options")
		r.flags(flags)
	}
	r.heading("Options of every command")
	r.flags(manual.Flags(c.InheritedFlags()))
	r.exitStatus(codes)
	r.terms("Environment", manual.Environment(), topmost(c).Name())
	r.terms("Files", manual.Files(), topmost(c).Name())
	r.examples(c.Example)
	r.seeAlso(append([]string{reference("usagectl", 1)}, references(visible(c.Root()), c)...))
	return []byte(r.String())
}

// topmost is the command itself, or the one that it is a part of.
func topmost(c *cobra.Command) *cobra.Command {
	for c.Parent() != c.Root() {
		c = c.Parent()
	}
	return c
}

// name is the section that whatis(1) and apropos(1) read.
func (r *roff) name(name, short string) {
	r.heading("Name")
	r.text(escape(name) + ` \- ` + escape(strings.ToLower(short[:1])+short[1:]))
}

// flags lists flags as options.
func (r *roff) flags(flags []manual.Flag) {
	for _, f := range flags {
		name := bold(f.Name)
		if f.Short != "" {
			name = bold(f.Short) + ", " + name
		}
		switch {
		case f.Optional:
			name += "[=" + italic(f.Value) + "]"
		case f.Value != "":
			name += " " + italic(f.Value)
		}
		r.term(name)
		r.text(escape(sentence(f.Usage)))
	}
}

// terms lists what concerns a command, or all of it for "".
func (r *roff) terms(title string, topic manual.Topic, command string) {
	r.heading(title)
	if command == "" {
		r.paragraphs(topic.Intro)
	}
	none := true
	for _, t := range topic.Terms {
		if command == "" || t.Concerns(command) {
			none = false
			r.term(bold(t.Name))
			r.text(escape(sentence(t.Text)))
		}
	}
	if none {
		r.text("None.")
	}
}

// sentence makes a sentence of what stands in a list.
func sentence(text string) string {
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// exitStatus lists a command's exit codes: lines of a number and its meaning, with
// lines that go on, and lines between them that stand for themselves.
func (r *roff) exitStatus(codes string) {
	r.heading("Exit status")
	code := regexp.MustCompile(`^ {1,3}(\d+)  (.*)`)
	for line := range strings.Lines(codes) {
		line = strings.TrimRight(line, "\n")
		switch m := code.FindStringSubmatch(line); {
		case m != nil:
			r.term(bold(m[1]))
			r.text(escape(m[2]))
		case strings.HasPrefix(line, " "):
			r.text(escape(strings.TrimSpace(line)))
		default:
			r.line(".PP")
			r.text(escape(line))
		}
	}
}

// examples writes the lines of a command's examples; a comment says what the
// lines below it are for.
func (r *roff) examples(text string) {
	r.heading("Examples")
	for i, e := range manual.Examples(text) {
		if i > 0 {
			r.line(".PP")
		}
		r.text(escape(e.Purpose + ":"))
		r.line(".PP")
		r.example(e.Lines)
	}
}

func (r *roff) seeAlso(pages []string) {
	r.heading("See also")
	r.text(strings.Join(pages, ", "))
}

// reference is how a page is named in another.
func reference(name string, section int) string {
	return fmt.Sprintf("%s(%d)", bold(name), section)
}

// references names the pages of commands, but for one.
func references(commands []*cobra.Command, but *cobra.Command) []string {
	var list []string
	for _, c := range commands {
		if c != but {
			list = append(list, reference(pageName(c), 1))
		}
	}
	return list
}
