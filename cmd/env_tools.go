package cmd

import (
	"errors"
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
	if len(names) == 0 {
		tools, broken := c.tools.everyTool(c.declaredSwitches)
		c.broken = broken
		return tools, nil
	}
	var list []*catalogue.Tool
	refs, err := c.referToKnown(names)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		id := ref.id
		c.named = append(c.named, namedTool{id, ref.alias})
		t, err := c.switchOf(id)
		var f *failure
		if errors.As(err, &f) && f.code == exitConfig { // the others are to obey all the same
			c.tell(f)
			c.unusable = true
			continue
		}
		if err != nil {
			return nil, err
		}
		switch {
		case decided.of(id) != "" || c.quiet:
		case slices.Contains(decided.excepted(), id):
			c.note("%s is an exception to the refusal of all tools: nothing is set for it", t.ID)
		default:
			c.note("nothing is decided about %s", t.ID)
		}
		list = append(list, t)
	}
	return list, nil
}

// everyTool is every tool that is known, as far as its own switches are known: in the
// catalogue, or by a manifest that was added, as declared says. It returns the
// manifests that cannot be used, for people.
func (r resolver) everyTool(declared func(*manifest.Manifest, []manifest.ID) *catalogue.Tool) (list []*catalogue.Tool, broken []string) {
	list = catalogue.Shared()
	added := r.library.Added()
	for _, id := range added {
		m, err := r.library.Find(id)
		if err != nil {
			broken = append(broken, fmt.Sprintf("the manifest of %s cannot be used: %s", id, firstLine(err)))
			continue
		}
		t := declared(m, added)
		if _, known := catalogue.Find(id.String()); !known {
			list = append(list, t)
		}
	}
	return list, broken
}

// otherTools is [resolver.everyTool] for whom what is declared amiss is no matter.
func (r resolver) otherTools() []*catalogue.Tool {
	list, _ := r.everyTool(func(m *manifest.Manifest, added []manifest.ID) *catalogue.Tool {
		t, _ := catalogue.Declared(m, added)
		return t
	})
	return list
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

// decisions reads what is recorded here, and in the image.
func (c *envCommand) decisions() decisions {
	var image *consent.Recorded
	if c.root != "" {
		read := consent.ReadMachine(dirs.Dirs{System: c.inImage(c.world.Dirs.System)})
		image = &read
	}
	recorded := consent.ReadRecorded(c.world.Dirs)
	for _, s := range recorded.Unreadable() {
		switch {
		case c.all:
		case isMark(s.Path): // which says nothing of now
			c.warnings = append(c.warnings, notSent(s))
		default:
			c.warnings = append(c.warnings, "what was decided cannot be read, and counts as a refusal here: "+unreadableBecause(s))
		}
	}
	return newDecisions(c.tools, c.all, recorded, image)
}

// unreadableBecause says why a decision cannot be read.
func unreadableBecause(s consent.Statement) string {
	if s.Path == "" {
		return s.Problem
	}
	return s.Path + ": " + s.Problem
}

// inImage is where a path of the image is here, whether there is something or not.
func (c *envCommand) inImage(path string) string {
	place, err := programs.InTree(c.root).Path(filepath.ToSlash(path))
	if err != nil {
		return "" // so nothing is decided there
	}
	return place
}
