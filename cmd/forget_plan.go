package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
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
	return slices.DeleteFunc(slices.Clone(p.before), func(d deletion) bool { return !d.request.Refused() })
}

// toForget names the tools that "forget --all" is about: those that have a source ID
// here, and if anybody is to be asked those of which a receiver refused a request.
func (a *app) toForget(o forgetOptions) []string {
	names := a.withSourceID()
	if o.localOnly {
		return names
	}
	all, _ := a.sender().Deletions().All() // see warnOfDamage
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
func (a *app) withSourceID() []string {
	var names []string
	for _, id := range a.library().IDs() {
		if a.hasSourceID(id) {
			names = append(names, id.String())
		}
	}
	return names
}

// consult says what a person might not expect, and asks them unless they said yes
// before. An error means that they do not want it.
func (a *app) consult(ctx context.Context, plans []plan, o forgetOptions) error {
	for _, p := range plans {
		a.announce(p, o)
	}
	switch {
	case o.yes || len(plans) == 0 || a.agreed(ctx, plans, o):
		return nil
	case ctx.Err() != nil:
		return fail(exitInterrupted, errors.New("interrupted: nothing was changed"))
	}
	return fail(exitNo, errors.New("nothing was changed"))
}

// plans finds out what belongs together. What cannot be forgotten is an error each,
// and a result if it is the ID of a tool.
func (a *app) plans(names []string, o forgetOptions) (plans []plan, failed []forgottenTool, failures []error) {
	planned := map[manifest.ID]bool{}
	for _, name := range names {
		p, err := a.plan(name, o)
		if err != nil {
			failures = append(failures, err)
			if id, badName := manifest.ParseID(name); badName == nil {
				failed = append(failed, forgottenTool{Tool: id, SharedWith: []manifest.ID{}, Deletions: []deletion{}, Error: err.Error()})
			}
			continue
		}
		if planned[p.tools[0].id] {
			continue
		}
		for _, t := range p.tools {
			planned[t.id] = true
		}
		p.before = a.deletionsOfTools(p.tools)
		plans = append(plans, p)
	}
	return plans, failed, failures
}

func (a *app) plan(name string, o forgetOptions) (plan, error) {
	t, err := a.declared(name, o.manifest)
	if errors.Is(err, manifest.ErrUnknownTool) {
		if id, _ := manifest.ParseID(name); a.hasTraces(id) {
			return plan{tools: []tool{a.look(id)}}, nil
		}
		return plan{}, a.cannotForget(name)
	}
	if err != nil {
		return plan{}, err
	}
	p := plan{tools: []tool{t}}
	if !t.manifest.Identity.Random {
		return p, nil
	}
	if p.path, err = identity.Path(t.manifest.Identity, a.Env, a.Dirs.Home); err != nil {
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
	p.tools = append(p.tools, a.sharers(t.id, p.path)...)
	return p, nil
}

// cannotForget is the error for a tool without a manifest, of which nothing is kept
// here. What the catalogue knows about it helps the person to do it themselves.
func (a *app) cannotForget(name string) error {
	known, ok := catalogue.Find(name)
	if !ok {
		return a.unknownTool(name)
	}
	var hints []string
	if known.Deletion != "" {
		hints = append(hints, "it takes deletion requests itself: "+known.Deletion)
	}
	if known.IDFile != "" {
		hints = append(hints, "it keeps its ID in "+known.IDFile)
	}
	return fail(exitData, fmt.Errorf("nothing was changed for %s: it has no manifest, so usagectl cannot ask for it", known.Name), hints...)
}

// sharers are the other tools whose source ID is the same file.
func (a *app) sharers(id manifest.ID, path string) []tool {
	var list []tool
	for _, other := range a.library().IDs() {
		m, err := a.library().Find(other)
		if err != nil || other == id || !m.Identity.Random {
			continue
		}
		if p, err := identity.Path(m.Identity, a.Env, a.Dirs.Home); err == nil && p == path {
			list = append(list, a.judge(tool{id: other, manifest: m}))
		}
	}
	return list
}

// hasTraces tells whether something is kept here of a tool that is not known (any more).
func (a *app) hasTraces(id manifest.ID) bool {
	if a.Dirs.StateDir() == "" {
		return false
	}
	deletions, _ := a.deletions(id)
	return a.keeps(id) || slices.ContainsFunc(deletions, func(d deletion) bool { return d.State.Open() })
}

// keeps tells whether events or a journal of a tool are kept here.
func (a *app) keeps(id manifest.ID) bool {
	s := a.sender()
	if s.State() == "" {
		return false
	}
	count, err := s.Outbox(id).Count()
	return err != nil || count.Queued+count.Rejected > 0 || !s.Journal(id).Last().IsZero()
}

func (p plan) forgetting(o forgetOptions) sender.Forgetting {
	f := sender.Forgetting{SourcePath: p.path, SourceID: p.id, LocalOnly: o.localOnly}
	for _, t := range p.tools {
		f.Tools = append(f.Tools, t.manifest)
	}
	return f
}

// announce says, before anything is done, what a person might not expect.
func (a *app) announce(p plan, o forgetOptions) {
	if a.quiet || p.id == "" {
		return
	}
	first := p.tools[0]
	for _, t := range p.tools[1:] {
		a.note("%s shares the source ID of %s, and is forgotten with it", t.id, first.id)
	}
	if o.localOnly {
		return
	}
	for _, t := range p.tools {
		if m := t.manifest.Forget.Method; !t.verdict.On() && (m == manifest.ForgetHTTP || m == manifest.ForgetEvent) {
			a.note("the deletion request is sent though telemetry of %s is off (%s): you ask for it, and it holds the ID and nothing else",
				t.id, t.verdict.Reason.Detail)
		}
	}
}

// agreed shows what will happen, and asks once.
func (a *app) agreed(ctx context.Context, plans []plan, o forgetOptions) bool {
	for _, p := range plans {
		a.showPlan(p, o)
	}
	a.Stderr.Printf("Forget all this? [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(a.Stdin).ReadString('\n')
		if err != nil {
			a.Stderr.Printf("\n")
			select { // Ctrl-C ends the input of some terminals too, and the signal may come a moment later
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		a.Stderr.Printf("\n")
		return false
	case word := <-answer:
		return word == "y" || word == "yes"
	}
}

func (a *app) showPlan(p plan, o forgetOptions) {
	out := a.Stderr
	item := func(format string, args ...any) {
		out.Printf("  - %s\n", out.Wrap(fmt.Sprintf(format, args...), 4))
	}
	var names []string
	for _, t := range p.tools {
		names = append(names, t.name())
	}
	out.Printf("%s\n", out.Style(term.Strong, strings.Join(names, ", ")))
	switch {
	case p.id == "" && (o.localOnly || len(p.refused()) == 0):
		item("there is no source ID, so nobody can be asked for anything")
	case p.id == "":
		item("there is no source ID any more")
	default:
		item("the source ID %s is removed from %s; the next event makes a new one", p.id, a.tilde(p.path))
	}
	item("events that wait under it, the key of hashes, and the journal of what left are erased")
	if o.localOnly {
		return
	}
	for _, r := range p.refused() {
		item("%s, which refused the deletion request %s, is asked again", r.To, r.RequestID)
	}
	if p.id == "" {
		return
	}
	for _, r := range a.sender().Requests(p.forgetting(o)) {
		switch r.Method {
		case manifest.ForgetMail:
			item("you get a message to send to %s, which asks for the deletion of what was collected", r.To)
		case manifest.ForgetNone:
			item("%s; you are told whom to write to", r.Answer)
		default:
			item("%s is asked to delete what was collected under the ID, until it says yes", secret.URL(r.To))
		}
	}
}
