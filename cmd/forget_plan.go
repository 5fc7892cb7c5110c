package cmd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// plan is what is forgotten together: the tools that share a source ID.
type plan struct {
	tools []tool
	path  string // of the source ID; "" if the tool has none
	id    string // "" if there is none

	before []deletion // of the tools, when the command began
}

// refused are the requests that receivers refused before.
func (p plan) refused() []deletion {
	return slices.DeleteFunc(slices.Clone(p.before), func(d deletion) bool { return !d.Refused() })
}

// forgetting is the plan as the sender takes it.
func (p plan) forgetting(localOnly bool) sender.Forgetting {
	f := sender.Forgetting{SourcePath: p.path, SourceID: p.id, LocalOnly: localOnly}
	for _, t := range p.tools {
		f.Tools = append(f.Tools, t.manifest)
	}
	return f
}

// forgotten is what was done for one tool of the plan, as far as the requests say.
func (p plan) forgotten(t tool, d sender.Deletion, requests []deletion) forgottenTool {
	f := forgottenTool{Tool: t.id, name: t.name(), SharedWith: []manifest.ID{}, SourcePath: p.path, SHA256: d.SHA256, Deletions: []deletion{}}
	for _, other := range p.tools {
		if other.id != t.id {
			f.SharedWith = append(f.SharedWith, other.id)
		}
	}
	for _, r := range requests {
		if slices.Contains(r.Tools, t.id) {
			f.Deletions = append(f.Deletions, r)
		}
	}
	return f
}

// toForget names the tools that "forget --all" is about: those that have a source ID
// here or of which something else is kept, and if anybody is to be asked those of which a receiver refused a request.
func (c *forgetCommand) toForget() []string {
	names := c.withSourceID()
	kept, err := c.world.sender().Kept()
	if err != nil {
		c.warn("not all that is kept can be listed: %s", oneLine(err))
	}
	for _, id := range kept {
		if !slices.Contains(names, id.String()) {
			names = append(names, id.String())
		}
	}
	if c.localOnly {
		return names
	}
	all, _ := c.world.sender().Deletions() // see warnOfDamage
	for _, d := range all {
		for _, r := range d.Requests {
			for _, id := range r.Tools {
				if name := id.String(); r.Refused() && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// withSourceID names the tools that have a source ID here.
func (c *forgetCommand) withSourceID() []string {
	var names []string
	for _, id := range c.tools.library.IDs() {
		if c.tools.hasSourceID(id) {
			names = append(names, id.String())
		}
	}
	return names
}

// plans finds out what belongs together. What cannot be forgotten is an error each,
// and a result if it is the ID of a tool.
func (c *forgetCommand) plans(names []string) (plans []plan, failed []forgottenTool, failures []error) {
	planned := map[manifest.ID]bool{}
	for _, name := range names {
		p, err := c.plan(name)
		if err != nil {
			failures = append(failures, err)
			if ref, _ := c.tools.referToOne(name); !ref.id.IsZero() {
				f := forgottenTool{Tool: ref.id, SharedWith: []manifest.ID{}, Deletions: []deletion{}, Outcome: outcomeFailed, Error: err.Error()}
				if known := knownAs(ref.id); known != nil && isOwnData(err) {
					f.Outcome, f.ToDo = outcomeOwnData, ownDataToDo(known)
				}
				failed = append(failed, f)
			}
			continue
		}
		if planned[p.tools[0].id] {
			continue
		}
		for _, t := range p.tools {
			planned[t.id] = true
		}
		p.before = c.kept.deletionsOf(p.tools)
		plans = append(plans, p)
	}
	return plans, failed, failures
}

// plan finds out what is forgotten with a tool.
func (c *forgetCommand) plan(name string) (plan, error) {
	t, err := c.tools.declared(name, c.manifest)
	c.say(reference{id: t.id, alias: aliasOf(name, t.id)})
	if isUnknown(err) {
		if c.kept.traces(t.id) {
			return plan{tools: []tool{c.tools.look(t.id)}}, nil
		}
		return plan{}, c.cannotForget(t)
	}
	if err != nil {
		return plan{}, err
	}
	p := plan{tools: []tool{t}}
	if !t.manifest.Identity.Random {
		return p, nil
	}
	if p.path, err = identity.Path(t.manifest.Identity, c.world.Env, c.world.Dirs.Home, c.world.WorkDir); err != nil {
		return plan{}, fail(exitCreate, fmt.Errorf("nothing was changed for %s: %w", t.id, err))
	}
	p.id, err = identity.Load(p.path)
	switch {
	case errors.Is(err, identity.ErrNone):
		return p, nil
	case errors.Is(err, identity.ErrInvalid):
		return plan{}, fail(exitData, fmt.Errorf("nothing was changed for %s: %s holds no source ID", t.id, p.path), "look at it, and remove it yourself")
	case err != nil:
		return plan{}, fail(ioCode(err), fmt.Errorf("nothing was changed for %s: the source ID cannot be read: %w", t.id, err))
	}
	p.tools = append(p.tools, c.tools.sharing(t.id, p.path)...)
	return p, nil
}

// ownData is the error for a tool that sends by itself: what it keeps is not usagectl's.
type ownData struct{ name string }

func (e ownData) Error() string {
	return fmt.Sprintf("nothing was changed for %s: it has no manifest, so usagectl cannot ask for it", e.name)
}

func isOwnData(err error) bool { return errors.As(err, new(ownData)) }

// cannotForget is the error for a tool without a manifest, of which nothing is kept
// here. What the catalogue knows about it helps the person to do it themselves.
func (c *forgetCommand) cannotForget(t tool) error {
	if t.known == nil {
		return c.tools.unknown(t.id.String())
	}
	return fail(exitData, ownData{t.known.Name}, ownDataToDo(t.known))
}

// ownDataToDo is what a person can do about what a tool keeps that sends by itself.
func ownDataToDo(t *catalogue.Tool) string {
	ask := "ask its makers what they hold, " + t.Homepage
	switch {
	case t.Deletion != "":
		ask = "it takes deletion requests itself: " + t.Deletion
	case t.Homepage == "":
		ask = "ask its makers what they hold"
	}
	if t.IDFile != "" {
		ask = "it keeps its ID in " + t.IDFile + "; " + ask
	}
	return fmt.Sprintf("%s sends by itself and keeps its own data: turn it off with \"usagectl disable %s\"; %s", t.Name, t.ID, ask)
}
