package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// forgetCommand is the command that has a tool forget the person.
type forgetCommand struct {
	*app
	all, localOnly, yes bool
	manifest            string
	confirm             []string
}

func newForget(a *app) *cobra.Command {
	c := &forgetCommand{app: a}
	command := &cobra.Command{
		Use:   "forget TOOL... | --all",
		Short: "Have a tool forget you, here and at the other end",
		Long: `Forget removes a tool's source ID here, with the events that wait under it and the
journal of what left, and asks whoever collects for the tool to delete what they
hold under that ID. Usagectl keeps the request, and sends it again and again, until
the receiver acknowledges or refuses it, even if telemetry is off, because you asked
for it. Beside the ID the request holds what names it, and what the tool's manifest
always puts there: see it with "usagectl inspect TOOL --forget". Earlier requests of
the tool that a receiver refused are sent again each time that you run this command.

"accepted" means that the receiver took the request, and not that it has deleted
anything: that only the receiver can say.

Tools that share a source ID are forgotten together. Where nobody can be asked, it
says what you can do yourself. With --all that is no failure: it erases what is kept
of every tool, and asks everybody who can be asked.

Of a tool whose manifest is not here, such as one that was uninstalled, it removes
the ID that usagectl knows of and what is kept, asks nobody, and keeps the ID with
where events went, for you to name. With --manifest the request is made later.

EXIT STATUS
   0  forgotten here; whoever can be asked was, or will be
   1  you said no; with --all, not every tool could be forgotten, whatever the
      reason, or several of those that were named could not; or the tool's
      events carry no source ID, so there is nothing to ask for
  64  a bad flag, no tool, or something to forget, no terminal to ask at and
      no --yes
  65  an unknown tool or request, a file that holds no source ID, or a tool that
      sends by itself and keeps its own ID: nothing was changed
  69  erased here, but the tool offers no way to ask for deletion, or its
      manifest is not here
  73  the request could not be written; nothing was changed
  74  something could not be removed or noted, or the answer could not be
      printed; the request was filed; or earlier requests cannot be looked at
  76  the receiver refused the request
  77  the source ID may not be read or removed, or the home is somebody else's
  78  the tool's manifest cannot be used
 130  interrupted`,
		Example: `  # Forget the source ID here, and have what was collected under it deleted
  usagectl forget demo
  # All of them, without being asked
  usagectl forget --all --yes
  # Only here: nobody is told
  usagectl forget demo --local-only
  # When a mail has been answered
  usagectl forget --confirm 6ba7b810-9dad-41d1-80b4-00c04fd430c8`,
		Annotations: map[string]string{byPerson: "yes"},
		RunE: func(command *cobra.Command, args []string) error {
			if err := c.world.ownHome(); err != nil {
				return err
			}
			return untilInterrupted(command.Context(), forgetInterrupted, func(ctx context.Context) error {
				if len(c.confirm) > 0 {
					return c.settle(ctx, args)
				}
				return c.run(ctx, args)
			})
		},
	}
	flags := command.Flags()
	flags.BoolVar(&c.all, "all", false, "forget every tool of which something is kept here, or whose request was refused")
	flags.BoolVar(&c.localOnly, "local-only", false, "forget here, and ask nobody")
	flags.BoolVarP(&c.yes, "yes", "y", false, "do not ask")
	flags.StringVar(&c.manifest, "manifest", "", "read the tool's manifest from `FILE`")
	flags.StringSliceVar(&c.confirm, "confirm", nil, "note that the request `ID` is settled, as by mail")
	return command
}

// forgetInterrupted is what is said of a forgetting that a person ends.
const forgetInterrupted = "interrupted: what was filed is carried on by itself"

// run forgets what is named, and asks the person before.
func (c *forgetCommand) run(ctx context.Context, names []string) error {
	c.staysHere = c.localOnly
	if err := oneOrAll(names, c.all); err != nil {
		return err
	}
	if c.all && c.manifest != "" {
		return fail(exitUsage, errors.New("--manifest is for one tool, not for --all"))
	}
	c.kept.warnOfDamage(c.ui)
	if c.all && c.world.Dirs.Home == "" {
		return fail(exitCreate, fmt.Errorf("nothing was changed: %w", identity.ErrNoHome))
	}
	var unlisted error
	if c.all {
		names, unlisted = c.toForget()
	}
	plans, results, failures := c.plans(names)
	failures = append(failures, unlisted)
	if len(plans) > 0 && !c.yes && !c.world.Interactive {
		return fail(exitUsage, errors.New("nothing was changed: forget asks first, and there is no terminal to ask at"),
			"say --yes to go on without being asked")
	}
	if err := c.consult(ctx, plans); err != nil {
		return err
	}
	asked := map[string]bool{}
	for _, p := range plans {
		if ctx.Err() != nil {
			break
		}
		list, err := c.forget(ctx, p, asked)
		results = append(results, list...)
		if err == nil && !c.all && !c.localOnly {
			err = unasked(list)
		}
		failures = append(failures, err)
		showForgotten(c.ui, list, c.all)
		for _, t := range p.tools {
			failures = append(failures, c.forgetAsking(t.id))
		}
	}
	if c.all && ctx.Err() == nil {
		failures = append(failures, c.forgetAsking(manifest.ID{}))
	}
	return c.end(ctx, results, failures)
}

// forgetAsking removes when a tool, or with the zero ID any, asked the person what they think.
func (c *forgetCommand) forgetAsking(id manifest.ID) error {
	if err := c.world.decisions(false).ForgetAsking(id); err != nil {
		return fail(exitIO, fmt.Errorf("not all that says when you were asked could be removed: %s", oneLine(err)))
	}
	return nil
}

// end tells what failed, prints the JSON, and finds the exit code.
func (c *forgetCommand) end(ctx context.Context, results []forgottenTool, failures []error) error {
	failures = slices.DeleteFunc(failures, func(err error) bool { return err == nil })
	if c.json {
		if err := c.printJSON(struct {
			Schema int             `json:"schema"`
			Tools  []forgottenTool `json:"tools"`
		}{1, append([]forgottenTool{}, results...)}); err != nil {
			return err
		}
	} else if c.all && len(results) == 0 && len(failures) == 0 && !c.quiet {
		c.stdout.Printf("No tool has a source ID here, and nothing else is kept.\n")
	}
	if c.all && slices.ContainsFunc(results, forgottenTool.accepted) {
		c.hint("\"accepted\" does not say that anything is deleted: see \"usagectl status TOOL\"")
	}
	code := exitOK
	for _, err := range failures {
		var f *failure
		if errors.As(err, &f) {
			c.tell(f)
			code = max(code, 1)
			if len(failures) == 1 {
				code = f.code
			}
		}
	}
	switch {
	case ctx.Err() != nil:
		return fail(exitInterrupted, errors.New(forgetInterrupted))
	case code == exitOK:
		return nil
	case c.all:
		return fail(exitNo, nil)
	}
	return fail(code, nil)
}

// forget does what is planned. asked holds the hashes of the IDs of which this command
// has asked, so that nobody is asked twice.
func (c *forgetCommand) forget(ctx context.Context, p plan, asked map[string]bool) ([]forgottenTool, error) {
	shown := newProgress(c.ui, c.world.Now)
	defer shown.clear()
	s := c.world.sender().OnThrownAway(shown.counter(thrownAwayProgress))
	if p.id == "" {
		return c.forgetTraces(ctx, s, p, asked)
	}
	d, removed, err := s.Forget(ctx, p.forgetting(c.localOnly))
	shown.clear()
	var failure error
	if ctx.Err() == nil || errors.Is(err, sender.ErrNotFiled) {
		failure = c.failureOf(p, d, err)
	}
	var list []forgottenTool
	requests := newRequests(deletionsOf(d), p.before.list, c.localOnly)
	if d.SHA256 != "" && !c.localOnly {
		asked[d.SHA256] = true
		earlier, err := c.askAgain(ctx, s, p, asked)
		requests = append(requests, slices.DeleteFunc(earlier, func(r deletion) bool { return r.SHA256 == d.SHA256 })...)
		if failure == nil {
			failure = cmp.Or(err, refused(requests))
		}
	}
	for _, t := range p.tools {
		f := p.forgotten(t, d, requests)
		f.Forgotten, f.Events = d.Erased || statefile.Done(err) && d.SHA256 != "", removed[t.id]
		if failure != nil && err != nil {
			f.Error = err.Error()
		}
		f.judge(t, p.traces.SentTo, c.localOnly)
		list = append(list, f)
	}
	if failure == nil {
		failure = c.unlisted(p, p.before)
	}
	return list, failure
}

// unlisted is the failure of a forgetting that cannot tell which requests there were before.
func (c *forgetCommand) unlisted(p plan, before requests) error {
	if before.unknown == nil || c.localOnly || c.all { // with --all it was said once
		return nil
	}
	return fail(exitIO, fmt.Errorf("%s: %s", p.tools[0].id, before.reason()))
}

// newRequests leaves out what was settled before, if the ID came back and was
// asked for anew.
func newRequests(requests, before []deletion, localOnly bool) []deletion {
	fresh := slices.DeleteFunc(slices.Clone(requests), func(r deletion) bool { return settledIn(before, r) })
	if len(fresh) == 0 && !localOnly {
		return requests
	}
	return fresh
}

// settledIn reports whether a request was settled before.
func settledIn(before []deletion, r deletion) bool {
	return slices.ContainsFunc(before, func(b deletion) bool { return b.RequestID == r.RequestID && !b.State.Open() })
}

// failureOf is the error of a forgetting, or that a receiver refused.
func (c *forgetCommand) failureOf(p plan, d sender.Deletion, err error) error {
	switch {
	case errors.Is(err, sender.ErrNotFiled):
		return fail(exitCreate, fmt.Errorf("%s: %w", p.tools[0].id, err), c.world.switchNow(false, p.tools...)...)
	case c.done(p.tools[0].id.String()+": it is forgotten", err) == nil:
	case d.Erased:
		return fail(exitIO, fmt.Errorf("%s: it is forgotten here, but that could not be noted: %s", p.tools[0].id, oneLine(err)),
			"no event leaves under the old ID; the rest is done by itself")
	default:
		var filed []string
		for _, r := range d.Requests {
			filed = append(filed, fmt.Sprintf("%s (%s)", r.RequestID, r.State))
		}
		note := ""
		if len(filed) > 0 {
			note = "; the deletion request was filed all the same: " + strings.Join(filed, ", ")
		}
		return fail(removalCode(err), fmt.Errorf("%s: not all could be removed: %s%s", p.tools[0].id, oneLine(err), note),
			"no event leaves under the old ID; removing it is tried again by itself, or do it yourself")
	}
	return refused(deletionsOf(d))
}

// removalCode is the exit code where something could not be removed or noted.
func removalCode(err error) int {
	var id *sender.SourceIDError
	if errors.As(err, &id) {
		return idCode(id)
	}
	return exitIO
}

// idCode is the exit code of a source ID that cannot be read or removed.
func idCode(err error) int {
	if errors.Is(err, fs.ErrPermission) {
		return exitNoPerm
	}
	return exitIO
}

// forgetTraces is for a tool without a source ID. If it was forgotten before, and
// something of that is left to do, that goes on.
func (c *forgetCommand) forgetTraces(ctx context.Context, s sender.Sender, p plan, asked map[string]bool) ([]forgottenTool, error) {
	t := p.tools[0]
	f := forgottenTool{
		Tool: t.id, Named: p.alias, name: t.name(), SharedWith: []manifest.ID{}, SourcePath: p.path, Forgotten: true,
		traces: c.world.sender().Keeps(t.id), undeclared: p.undeclared,
	}
	var err error
	var erased sender.Emptied
	if erased, err = s.EraseHere(ctx, t.id); err == nil && !c.localOnly {
		err = errors.Join(c.declare(ctx, s, t), s.ResumeDeletions(ctx, t.id, asked))
	}
	f.Events = erased.Discarded
	f.Deletions, _ = c.kept.deletions(t.id)
	f.Deletions.list = slices.DeleteFunc(f.Deletions.list, func(d deletion) bool { return settledIn(p.before.list, d) })
	if err = c.done(t.id.String()+": what was kept here is erased", err); err != nil {
		f.Forgotten, f.Error = false, err.Error()
		f.judge(t, p.traces.SentTo, c.localOnly)
		return []forgottenTool{f}, fail(removalCode(err), fmt.Errorf("%s: not all could be removed: %s", t.id, oneLine(err)))
	}
	f.judge(t, p.traces.SentTo, c.localOnly)
	return []forgottenTool{f}, cmp.Or(c.unlisted(p, f.Deletions), refused(f.Deletions.list))
}

// declare has the requests to a tool made that could not be made while its manifest was not here.
func (c *forgetCommand) declare(ctx context.Context, s sender.Sender, t tool) error {
	if t.manifest == nil {
		return nil
	}
	return s.Declare(ctx, t.manifest)
}

// askAgain asks the receivers that refused an earlier request of the plan's tools, or that were
// not known when it was made, and returns those requests as they are then. The error is of the disk.
func (c *forgetCommand) askAgain(ctx context.Context, s sender.Sender, p plan, asked map[string]bool) (list []deletion, err error) {
	for _, t := range p.tools {
		err = errors.Join(err, c.declare(ctx, s, t), s.AskRefused(ctx, t.id, asked))
	}
	was := append(p.refused(), p.declared()...)
	for _, v := range c.kept.deletionsOf(p.tools).list {
		if slices.ContainsFunc(was, func(r deletion) bool { return r.RequestID == v.RequestID }) {
			list = append(list, v)
		}
	}
	if err = c.done("the answer is noted", err); err != nil {
		err = fail(removalCode(err), fmt.Errorf("%s: the answer to an earlier request could not be noted: %s", p.tools[0].id, oneLine(err)))
	}
	return list, err
}

// refused is a failure, of which all was said, if a receiver refused a request.
func refused(list []deletion) error {
	if slices.ContainsFunc(list, func(d deletion) bool { return d.State == sender.Failed && d.Method != manifest.ForgetNone }) {
		return fail(exitRejected, nil)
	}
	return nil
}
