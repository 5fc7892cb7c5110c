package cmd

import (
	"slices"

	"github.com/usagectl/usagectl/internal/programs"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// found are those of the tools that are here, or in the image, if only they are asked for.
func (c *envCommand) found(tools []*catalogue.Tool, decided decisions) ([]*catalogue.Tool, error) {
	var seen func(t *catalogue.Tool) bool
	switch {
	case c.root != "":
		seen = c.seenInImage()
	case c.here:
		var err error
		if seen, err = c.seenHere(); err != nil {
			return nil, err
		}
	default:
		return tools, nil
	}
	list := []*catalogue.Tool{}
	for _, t := range tools {
		switch {
		case seen(t):
			list = append(list, t)
		case len(t.Commands)+len(t.Files) == 0 && len(decided.orders([]*catalogue.Tool{t}, nil, false).Variables) > 0:
			c.unseen++
		}
	}
	return list, nil
}

// seenInImage finds tools by the programs of the image.
func (c *envCommand) seenInImage() func(*catalogue.Tool) bool {
	program, unread := programs.InTree(c.root).Programs()
	c.unread = unread
	image := catalogue.Here{Env: func(string) (string, bool) { return "", false }, Dirs: dirs.Dirs{}, Program: program}
	return func(t *catalogue.Tool) bool { return program(t.ID) != "" || len(image.Seen(t)) > 0 }
}

// seenHere finds tools by their programs and files, and by what is kept of them.
func (c *envCommand) seenHere() (func(*catalogue.Tool) bool, error) {
	here := newSurvey(c.app).here
	used, err := c.kept.tools()
	if err != nil {
		c.warn("tools that are only seen by their outbox are left out: %s", oneLine(err))
	}
	return func(t *catalogue.Tool) bool {
		id, err := manifest.ParseID(t.ID)
		return err == nil && (slices.Contains(used, id) || c.tools.hasSourceID(id)) || here.Program(t.ID) != "" || len(here.Seen(t)) > 0
	}, nil
}
