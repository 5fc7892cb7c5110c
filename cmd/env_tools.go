package cmd

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/usagectl/usagectl/internal/programs"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// switches are the tools named, or every one that is known, as far as their own
// switches are known.
func (c *envCommand) switches(names []string, decided decisions) ([]*catalogue.Tool, error) {
	var list []*catalogue.Tool
	if len(names) > 0 {
		ids, err := c.referToKnown(names)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			t, err := c.switchOf(id)
			if err != nil {
				return nil, err
			}
			if decided.of(id) == "" && !c.quiet {
				c.note("nothing is decided about %s", t.ID)
			}
			list = append(list, t)
		}
		return list, nil
	}
	all := catalogue.All()
	for i := range all {
		list = append(list, &all[i])
	}
	added := c.tools.library.Added()
	for _, id := range added {
		m, err := c.tools.library.Find(id)
		if err != nil {
			c.broken = append(c.broken, fmt.Sprintf("the manifest of %s cannot be used: %s", id, firstLine(err)))
			continue
		}
		t := c.declaredSwitches(m, added)
		if _, known := catalogue.Find(id.String()); !known {
			list = append(list, t)
		}
	}
	return list, nil
}

// switchOf finds what switches a tool: in the catalogue, else in its manifest.
func (c *envCommand) switchOf(id manifest.ID) (*catalogue.Tool, error) {
	if known := knownAs(id); known != nil {
		return known, nil
	}
	m, err := c.tools.named(id.String(), "")
	if err != nil {
		return nil, err
	}
	return c.declaredSwitches(m, c.tools.library.Added()), nil
}

// declaredSwitches are the switches that a manifest declares. Which of them are not for
// that manifest to set is kept, to be reported: a shell runs what is printed here.
func (c *envCommand) declaredSwitches(m *manifest.Manifest, added []manifest.ID) *catalogue.Tool {
	t, leftOut := catalogue.Declared(m, added)
	for _, v := range leftOut {
		c.leftOut = append(c.leftOut, leftOutVariable{v.Name, t.ID, v.Why})
	}
	return t
}

// decisions are what is decided about the tools whose variables are printed.
type decisions struct {
	all      bool // as if all were refused
	recorded consent.Recorded
	image    *consent.Recorded // of the image that the variables are for; nil if they are for here
}

// decisions reads what is recorded here, and in the image.
func (c *envCommand) decisions() decisions {
	d := decisions{all: c.all, recorded: consent.ReadRecorded(c.world.Dirs)}
	if c.root != "" {
		image := consent.ReadMachine(dirs.Dirs{System: c.inImage(c.world.Dirs.System)})
		d.image = &image
	}
	return d
}

// inImage is where a path of the image is here, whether there is something or not.
func (c *envCommand) inImage(path string) string {
	place, err := programs.InTree(c.root).Path(filepath.ToSlash(path))
	if err != nil {
		return "" // so nothing is decided there
	}
	return place
}

// of is what is decided about a tool. In an image anybody's refusal counts, and nobody's
// agreement: others will use it.
func (d decisions) of(id manifest.ID) consent.State {
	state := d.recorded.Of(id).State
	switch {
	case d.all || state == consent.Refused:
		return consent.Refused
	case d.image == nil:
		return state
	case d.image.Of(id).State == consent.Refused:
		return consent.Refused
	}
	return ""
}

// everything reports whether all tools are refused, known or not, so that DO_NOT_TRACK can be
// set: it would catch the exceptions that obey it.
func (d decisions) everything(obeysDoNotTrack func(manifest.ID) bool) bool {
	refused := func(r consent.Recorded) bool {
		return r.AllRefused() && !slices.ContainsFunc(r.Exceptions(), obeysDoNotTrack)
	}
	return d.all || refused(d.recorded) || d.image != nil && refused(*d.image)
}

// orders are the variables that make the tools obey.
func (d decisions) orders(tools []*catalogue.Tool, everything bool) catalogue.Orders {
	var list []catalogue.Wish
	for _, t := range tools {
		id, err := manifest.ParseID(t.ID)
		if err != nil {
			continue // no decision can be about it
		}
		switch d.of(id) {
		case consent.Refused:
			list = append(list, catalogue.Wish{Tool: t, Off: true})
		case consent.Granted:
			list = append(list, catalogue.Wish{Tool: t})
		}
	}
	return catalogue.Obey(list, everything)
}
