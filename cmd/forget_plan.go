package cmd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// plan is what is forgotten together: the tools that share a source ID.
type plan struct {
	tools []tool
	path  string // of the source ID; "" if the tool has none
	id    string // "" if there is none
	alias string // the name that was given, if it is not the first tool's ID

	undeclared bool          // the first tool's manifest is not here
	traces     sender.Traces // of that tool

	before requests // of the tools, when the command began
}

// refused are the requests that receivers refused before.
func (p plan) refused() []deletion {
	return slices.DeleteFunc(slices.Clone(p.before.list), func(d deletion) bool { return !d.Refused() })
}

// declared are the requests that could not be made before, for want of a manifest, and can be now.
func (p plan) declared() []deletion {
	return slices.DeleteFunc(slices.Clone(p.before.list), func(d deletion) bool {
		return !d.Undeclared || !d.State.Open() || !slices.ContainsFunc(p.tools, func(t tool) bool {
			return t.manifest != nil && slices.Contains(d.Tools, t.id)
		})
	})
}

// forgetting is the plan as the sender takes it.
func (p plan) forgetting(localOnly bool) sender.Forgetting {
	f := sender.Forgetting{SourcePath: p.path, SourceID: p.id, LocalOnly: localOnly}
	for _, t := range p.tools {
		if t.manifest == nil {
			f.Undeclared = append(f.Undeclared, sender.Undeclared{Tool: t.id, SentTo: p.traces.SentTo})
			continue
		}
		f.Tools = append(f.Tools, t.manifest)
	}
	return f
}

// forgotten is what was done for one tool of the plan, as far as the requests say.
func (p plan) forgotten(t tool, d sender.Deletion, requests []deletion) forgottenTool {
	f := forgottenTool{Tool: t.id, name: t.name(), SharedWith: []manifest.ID{}, SourcePath: p.path, SHA256: d.SHA256}
	if t.id == p.tools[0].id {
		f.Named, f.undeclared = p.alias, p.undeclared
	}
	for _, other := range p.tools {
		if other.id != t.id {
			f.SharedWith = append(f.SharedWith, other.id)
		}
	}
	for _, r := range requests {
		if slices.Contains(r.Tools, t.id) {
			f.Deletions.list = append(f.Deletions.list, r)
		}
	}
	return f
}

// toForget names the tools that "forget --all" is about: those that have a source ID
// here or of which something else is kept, and if anybody is to be asked those of which a receiver refused a request.
// The error says that there may be more.
func (c *forgetCommand) toForget() (names []string, unlisted error) {
	names = c.withSourceID()
	for _, hidden := range c.tools.library.Hidden() {
		unlisted = fail(exitIO, fmt.Errorf("tools whose manifest may be in %s are left out: it cannot be read: %w", hidden.Path, hidden.Err))
	}
	kept, err := c.world.sender().Kept()
	if err != nil {
		unlisted = fail(exitIO, fmt.Errorf("not all that is kept can be listed: %s", oneLine(err)))
	}
	for _, id := range kept {
		if !slices.Contains(names, id.String()) {
			names = append(names, id.String())
		}
	}
	for _, id := range consent.ReadRecorded(c.world.Dirs).Tools() { // what it was agreed for may be gone, and its ID not
		if name := id.String(); !slices.Contains(names, name) && !c.tools.knows(id) && c.tools.usualID(id) != "" {
			names = append(names, name)
		}
	}
	if c.localOnly {
		return names, unlisted
	}
	all, err := c.world.sender().Deletions()
	if err != nil && unlisted == nil {
		unlisted = requests{unknown: err}.failure()
	}
	for _, d := range all {
		for _, r := range d.Requests {
			for _, id := range r.Tools {
				declared := r.Undeclared && r.State.Open() && c.tools.look(id).manifest != nil
				if name := id.String(); (r.Refused() || declared) && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names, unlisted
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
				f := forgottenTool{Tool: ref.id, Named: aliasOf(name, ref.id), SharedWith: []manifest.ID{}, Outcome: outcomeFailed, Error: err.Error()}
				if known := knownAs(ref.id); known != nil && isOwnData(err) {
					f.Outcome, f.ToDo = outcomeOwnData, c.world.ownDataToDo(known)
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
		return c.planUndeclared(t, name)
	}
	if err != nil {
		return plan{}, err
	}
	p := plan{tools: []tool{t}, alias: aliasOf(name, t.id)}
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
		return plan{}, fail(idCode(err), fmt.Errorf("nothing was changed for %s: the source ID cannot be read: %w", t.id, err))
	}
	p.tools = append(p.tools, c.tools.sharing(t.id, p.path)...)
	return p, nil
}

// planUndeclared finds out what is forgotten with a tool whose manifest is not here: what is kept,
// and the source ID, where the journal says that it was or where it is unless a manifest says
// otherwise. A file there of a tool that sends by itself is that tool's own.
func (c *forgetCommand) planUndeclared(t tool, name string) (plan, error) {
	usual := ""
	if !t.id.IsZero() {
		usual = c.tools.usualID(t.id)
	}
	if t.id.IsZero() || !c.kept.traces(t.id) && (usual == "" || t.known != nil) {
		return plan{}, c.cannotForget(t)
	}
	p := plan{tools: []tool{c.tools.look(t.id)}, alias: aliasOf(name, t.id), undeclared: true}
	var err error
	if p.traces, err = c.world.sender().Traces(t.id); err != nil {
		return plan{}, fail(exitIO, fmt.Errorf("nothing was changed for %s: %s", t.id, oneLine(err)))
	}
	places := p.traces.SourcePaths
	if usual != "" {
		places = append(slices.Clone(places), usual)
	}
	for _, path := range places {
		id, err := identity.Load(path)
		switch {
		case errors.Is(err, identity.ErrNone), errors.Is(err, identity.ErrInvalid): // which is not usagectl's
			continue
		case err != nil:
			return plan{}, fail(idCode(err), fmt.Errorf("nothing was changed for %s: the source ID cannot be read: %w", t.id, err))
		}
		p.path, p.id = path, id
		p.tools = append(p.tools, c.tools.sharing(t.id, path)...)
		break
	}
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
	return fail(exitData, ownData{t.known.Name}, c.world.ownDataToDo(t.known))
}

// ownDataToDo is what a person can do about what a tool keeps that sends by itself.
func (w World) ownDataToDo(t *catalogue.Tool) string {
	ask := "ask its makers what they hold, " + t.Homepage
	switch {
	case t.Deletion != "":
		ask = "it takes deletion requests itself: " + t.Deletion
	case t.Homepage == "":
		ask = "ask its makers what they hold"
	}
	keeps := "it keeps its ID in "
	if t.Status != catalogue.Active {
		keeps = "it kept its ID in "
	}
	if t.IDFile != "" {
		ask = keeps + w.places(t.IDFile) + "; " + ask
	}
	if t.Status != catalogue.Active {
		return fmt.Sprintf("%s collects nothing any more (%s), and usagectl has nothing of what it collected before; %s", t.Name, t.Status, ask)
	}
	return fmt.Sprintf("%s sends by itself and keeps its own data: turn it off with \"usagectl disable %s\"; %s", t.Name, t.ID, ask)
}
