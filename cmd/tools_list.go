package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// toolsListCommand is the command that lists the tools that have a manifest.
type toolsListCommand struct{ *app }

func newToolsList(a *app) *cobra.Command {
	c := &toolsListCommand{a}
	return &cobra.Command{
		Use:   "list",
		Short: "List the tools that have a manifest",
		Long: `List shows each tool that has a manifest: those that come with usagectl, those that
you added, and those of this machine. The first one that is found counts, your own
before the machine's and that before the one that comes with usagectl; the others of
the same tool are shown as replaced. A manifest that cannot be used is listed with
what is wrong. "usagectl status --all" also lists the tools of which only the
switches are known.

EXIT STATUS
   0  listed
  64  a bad flag or a wrong number of arguments
  74  the answer could not be printed, or a directory of manifests cannot be
      read, so that a tool may be missing
  78  a manifest cannot be used`,
		Example: `  # The tools that have a manifest, and where it is
  usagectl tools list
  # The same for programs
  usagectl tools list --json`,
		Args: words(0, 0),
		RunE: func(*cobra.Command, []string) error { return c.run() },
	}
}

// listedTool is a tool that has a manifest. What is not known of one whose manifest cannot be
// used is empty, 0 for the levels.
type listedTool struct {
	Tool      manifest.ID `json:"tool"`
	Name      string      `json:"name"`
	Manifest  string      `json:"manifest"` // its file, or "builtin"
	Default   string      `json:"default"`
	Levels    int         `json:"levels"`
	Transport string      `json:"transport"`
	Endpoint  string      `json:"endpoint"`
	Replaces  []string    `json:"replaces"` // other manifests of the same tool, which do not count
	Problem   string      `json:"problem"`  // why the manifest cannot be used, or ""

	err error
}

// run lists them.
func (c *toolsListCommand) run() error {
	list := []listedTool{}
	for _, id := range c.tools.library.IDs() {
		list = append(list, c.look(id))
	}
	if c.json {
		if err := c.printJSON(struct {
			Schema int          `json:"schema"`
			Tools  []listedTool `json:"tools"`
		}{1, list}); err != nil {
			return err
		}
	} else {
		c.show(list)
	}
	c.warnOfOddNames()
	code := exitOK
	hidden := len(c.kept.warnOfManifests(c.ui, nil)) > 0
	if hidden {
		code = exitIO
	}
	for _, t := range list {
		// Behind a directory that cannot be looked into no manifest is known to count, which
		// need not be said of each.
		if bad := (manifest.Errors{}); t.err != nil && (!hidden || errors.As(t.err, &bad)) {
			c.tell(&failure{err: fmt.Errorf("the manifest of %s cannot be used: %w", t.Tool, t.err)})
			code = exitConfig
		}
	}
	if code == exitOK {
		return nil
	}
	return fail(code, nil)
}

// look finds out about one tool.
func (c *toolsListCommand) look(id manifest.ID) listedTool {
	t := listedTool{Tool: id, Name: id.String(), Replaces: []string{}}
	found := c.manifestsOf(id)
	t.Manifest = found[0]
	t.Replaces = append(t.Replaces, found[1:]...)
	m, err := c.tools.library.Find(id)
	if err != nil {
		t.Problem, t.err = err.Error(), err
		return t
	}
	t.Name, t.Default, t.Levels = m.Tool.Name, string(m.Consent.Default), len(m.Consent.Levels)
	t.Transport, t.Endpoint = string(m.Send.Transport), secret.URL(m.Send.Endpoint)
	return t
}

// manifestsOf are the places in which there is a manifest of a tool, the one that counts
// first: files, and the one that comes with the program as [manifest.Builtin].
func (a *app) manifestsOf(id manifest.ID) []string {
	var list []string
	for _, dir := range a.tools.library.Dirs {
		if file := (manifest.Library{Dirs: []string{dir}}).File(id); file != "" {
			list = append(list, file)
		}
	}
	if _, err := (manifest.Library{}).Find(id); err == nil {
		list = append(list, manifest.Builtin)
	}
	return list
}

// show shows them in a table.
func (c *toolsListCommand) show(list []listedTool) {
	columns := []term.Column{
		{Heading: "TOOL"},
		{Heading: "DEFAULT", Yields: 3},
		{Heading: "MANIFEST", Elastic: 24},
		{Heading: "REPLACES", Yields: 2},
		{Heading: "GOES TO", Grows: true},
	}
	var rows [][]term.Cell
	for _, t := range list {
		var replaces []string
		for _, file := range t.Replaces {
			replaces = append(replaces, c.place(file))
		}
		goes := term.Cell{Text: t.Endpoint, Short: hostOf(t.Endpoint)}
		if t.err != nil {
			goes = term.Cell{Text: "unknown", Style: term.Bad}
		}
		rows = append(rows, []term.Cell{
			{Text: t.Tool.String(), Style: term.Strong},
			{Text: cmp.Or(t.Default, term.None)},
			{Text: c.place(t.Manifest)},
			{Text: cmp.Or(strings.Join(replaces, ", "), term.None)},
			goes,
		})
	}
	c.stdout.Table(columns, rows)
	c.apart = true
	c.hint("see what a tool declares with \"usagectl tools show TOOL\"")
}

// hostOf is the host of an address, or the address where it names none.
func hostOf(endpoint string) string {
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		return u.Host
	}
	return endpoint
}

// place is where a manifest is, for people.
func (a *app) place(file string) string {
	if file == manifest.Builtin {
		return "built in"
	}
	return tilde(a.world.Dirs.Home, file)
}

// warnOfOddNames says which files in the directories of manifests are none, because of their
// names: their authors would look for them in vain.
func (c *toolsListCommand) warnOfOddNames() {
	for _, dir := range c.tools.library.Dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // which is said elsewhere
		}
		for _, e := range entries {
			if !strings.EqualFold(filepath.Ext(e.Name()), ".toml") || len(manifest.IDsOf([]os.DirEntry{e})) > 0 {
				continue
			}
			_, err := manifest.ParseID(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))
			c.warn("%s is not used: %v", filepath.Join(dir, e.Name()), cmp.Or(err, errors.New("its name must end in .toml")))
		}
	}
}
