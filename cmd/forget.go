package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

type forgetOptions struct {
	all, localOnly, yes bool
	manifest            string
	confirm             []string
}

func newForget(a *app) *cobra.Command {
	var o forgetOptions
	c := &cobra.Command{
		Use:   "forget TOOL... | --all",
		Short: "Have a tool forget you, here and at the other end",
		Long: `Forget removes a tool's source ID here, with the events that wait under it and the
journal of what left, and asks whoever collects for the tool to delete what they
hold under that ID. The request is kept until it is acknowledged, and tried again
by itself. It is sent though telemetry is off, because you asked for it, and it
holds the ID and nothing else. Earlier requests of the tool that a receiver refused
are sent again, once each time that you run this command.

Tools that share a source ID are forgotten together.

EXIT STATUS
   0  forgotten here; whoever can be asked was, or will be
   1  you said no; or of several tools not every one could be forgotten
  64  a bad flag, no tool, or no terminal to ask at and no --yes
  65  an unknown tool or request, or a file that holds no source ID
  73  the request could not be written; nothing was changed
  74  something could not be removed; the request was filed
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
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.notYourHome(); err != nil {
				return err
			}
			return untilInterrupted(c.Context(), forgetInterrupted, func(ctx context.Context) error {
				if len(o.confirm) > 0 {
					return runConfirm(ctx, a, args, o)
				}
				return runForget(ctx, a, args, o)
			})
		},
	}
	flags := c.Flags()
	flags.BoolVar(&o.all, "all", false, "forget every tool that has a source ID here, or whose request was refused")
	flags.BoolVar(&o.localOnly, "local-only", false, "forget here, and ask nobody")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	flags.StringVar(&o.manifest, "manifest", "", "read the tool's manifest from `FILE`")
	flags.StringSliceVar(&o.confirm, "confirm", nil, "note that the request `ID` is settled, as by mail")
	return c
}

const forgetInterrupted = "interrupted: what was filed is carried on by itself"

func runForget(ctx context.Context, a *app, names []string, o forgetOptions) error {
	a.staysHere = o.localOnly
	if err := a.oneOrAll(names, o.all); err != nil {
		return err
	}
	if o.all && o.manifest != "" {
		return fail(exitUsage, errors.New("--manifest is for one tool, not for --all"))
	}
	if !o.yes && !a.Interactive {
		return fail(exitUsage, errors.New("nothing was changed: forget asks first, and there is no terminal to ask at"),
			"say --yes to go on without being asked")
	}
	a.warnOfDamage()
	if o.all && a.Dirs.Home == "" {
		return fail(exitCreate, fmt.Errorf("nothing was changed: %w", identity.ErrNoHome))
	}
	if o.all {
		names = a.toForget(o)
	}
	plans, results, failures := a.plans(names, o)
	if err := a.consult(ctx, plans, o); err != nil {
		return err
	}
	asked := map[string]bool{}
	for _, p := range plans {
		if ctx.Err() != nil {
			break
		}
		list, err := a.forget(ctx, p, asked, o)
		results = append(results, list...)
		failures = append(failures, err)
		a.showForgotten(list, o)
	}
	return a.forgetEnd(ctx, results, failures, o)
}

// forgetEnd tells what failed, prints the JSON, and finds the exit code.
func (a *app) forgetEnd(ctx context.Context, results []forgottenTool, failures []error, o forgetOptions) error {
	failures = slices.DeleteFunc(failures, func(err error) bool { return err == nil })
	if a.json {
		if err := a.printJSON(struct {
			Schema int             `json:"schema"`
			Tools  []forgottenTool `json:"tools"`
		}{1, append([]forgottenTool{}, results...)}); err != nil {
			return err
		}
	} else if o.all && len(results) == 0 && len(failures) == 0 && !a.quiet {
		a.Stdout.Printf("No tool has a source ID here.\n")
	}
	code := exitOK
	for _, err := range failures {
		var f *failure
		if errors.As(err, &f) {
			a.tell(f)
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
	case o.all:
		return fail(exitNo, nil)
	}
	return fail(code, nil)
}

// forgottenTool is what was done for one tool, as "forget --json" has it.
type forgottenTool struct {
	Tool       manifest.ID   `json:"tool"`
	SharedWith []manifest.ID `json:"shared_with"` // tools of the same source ID
	Forgotten  bool          `json:"forgotten"`   // here
	SourcePath string        `json:"source_path"`
	SHA256     string        `json:"sha256"` // of the source ID; "" if there was none
	Events     int           `json:"events"` // that were thrown away
	Deletions  []deletion    `json:"deletions"`
	Error      string        `json:"error"`

	name   string
	traces bool // without a source ID: something was kept here
}

// forget does what is planned. asked holds the hashes of the IDs of which this command
// has asked, so that nobody is asked twice.
func (a *app) forget(ctx context.Context, p plan, asked map[string]bool, o forgetOptions) ([]forgottenTool, error) {
	s := a.sender()
	s.Client = sender.NewClient()
	if p.id == "" {
		return a.forgetTraces(ctx, s, p, asked, o)
	}
	d, removed, err := s.Forget(ctx, p.forgetting(o))
	var failure error
	if ctx.Err() == nil || errors.Is(err, sender.ErrNotFiled) {
		failure = a.forgetFailure(p, d, err)
	}
	var list []forgottenTool
	requests := newRequests(deletionsOf(d), p.before, o)
	if d.SHA256 != "" && !o.localOnly {
		asked[d.SHA256] = true
		earlier, err := a.askAgain(ctx, s, p, asked)
		requests = append(requests, slices.DeleteFunc(earlier, func(r deletion) bool { return r.SHA256 == d.SHA256 })...)
		if failure == nil {
			failure = cmp.Or(err, refused(requests))
		}
	}
	for _, t := range p.tools {
		f := forgottenTool{
			Tool: t.id, name: t.name(), SharedWith: []manifest.ID{}, Forgotten: d.Erased || statefile.Done(err) && d.SHA256 != "",
			SourcePath: p.path, SHA256: d.SHA256, Events: removed[t.id], Deletions: []deletion{},
		}
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
		if failure != nil && err != nil {
			f.Error = err.Error()
		}
		list = append(list, f)
	}
	return list, failure
}

// newRequests leaves out what was settled before, if the ID came back and was
// asked for anew.
func newRequests(requests, before []deletion, o forgetOptions) []deletion {
	fresh := slices.DeleteFunc(slices.Clone(requests), func(r deletion) bool { return settledIn(before, r) })
	if len(fresh) == 0 && !o.localOnly {
		return requests
	}
	return fresh
}

// settledIn reports whether a request was settled before.
func settledIn(before []deletion, r deletion) bool {
	return slices.ContainsFunc(before, func(b deletion) bool { return b.RequestID == r.RequestID && !b.State.Open() })
}

// forgetFailure is the error of a forgetting, or that a receiver refused.
func (a *app) forgetFailure(p plan, d sender.Deletion, err error) error {
	switch {
	case errors.Is(err, sender.ErrNotFiled):
		return fail(exitCreate, fmt.Errorf("%s: %w", p.tools[0].id, err))
	case a.done(p.tools[0].id.String()+": it is forgotten", err) == nil:
	case d.Erased:
		return fail(ioCode(err), fmt.Errorf("%s: it is forgotten here, but that could not be noted: %s", p.tools[0].id, oneLine(err)),
			"no event leaves under the old ID; the rest is done by itself")
	default:
		var filed []string
		for _, r := range d.Requests {
			filed = append(filed, fmt.Sprintf("%s (%s)", r.ID, r.State))
		}
		note := ""
		if len(filed) > 0 {
			note = "; the deletion request was filed all the same: " + strings.Join(filed, ", ")
		}
		return fail(ioCode(err), fmt.Errorf("%s: not all could be removed: %s%s", p.tools[0].id, oneLine(err), note),
			"no event leaves under the old ID; removing it is tried again by itself, or do it yourself")
	}
	return refused(deletionsOf(d))
}

// ioCode is the exit code of a failure of the disk.
func ioCode(err error) int {
	if errors.Is(err, fs.ErrPermission) {
		return exitNoPerm
	}
	return exitIO
}

// forgetTraces is for a tool without a source ID. If it was forgotten before, and
// something of that is left to do, that goes on.
func (a *app) forgetTraces(ctx context.Context, s sender.Sender, p plan, asked map[string]bool, o forgetOptions) ([]forgottenTool, error) {
	t := p.tools[0]
	f := forgottenTool{Tool: t.id, name: t.name(), SharedWith: []manifest.ID{}, SourcePath: p.path, Forgotten: true, traces: a.keeps(t.id)}
	var err error
	var erased sender.Emptied
	if erased, err = s.EraseHere(ctx, t.id); err == nil && !o.localOnly {
		err = s.ResumeDeletions(ctx, t.id, asked)
	}
	f.Events = erased.Discarded
	f.Deletions, _ = a.deletions(t.id)
	f.Deletions = slices.DeleteFunc(f.Deletions, func(d deletion) bool { return settledIn(p.before, d) })
	if err = a.done(t.id.String()+": what was kept here is erased", err); err != nil {
		f.Forgotten, f.Error = false, err.Error()
		return []forgottenTool{f}, fail(ioCode(err), fmt.Errorf("%s: not all could be removed: %s", t.id, oneLine(err)))
	}
	return []forgottenTool{f}, refused(f.Deletions)
}

// askAgain asks the receivers that refused an earlier request of the plan's tools, and
// returns those requests as they are then. The error is of the disk.
func (a *app) askAgain(ctx context.Context, s sender.Sender, p plan, asked map[string]bool) (list []deletion, err error) {
	for _, t := range p.tools {
		err = errors.Join(err, s.AskRefused(ctx, t.id, asked))
	}
	was := p.refused()
	for _, v := range a.deletionsOfTools(p.tools) {
		if slices.ContainsFunc(was, func(r deletion) bool { return r.RequestID == v.RequestID }) {
			list = append(list, v)
		}
	}
	if err = a.done("the answer is noted", err); err != nil {
		err = fail(ioCode(err), fmt.Errorf("%s: the answer to an earlier request could not be noted: %s", p.tools[0].id, oneLine(err)))
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

func (a *app) showForgotten(list []forgottenTool, o forgetOptions) {
	if a.json || a.quiet {
		return
	}
	shown := map[uuid.UUID]bool{}
	for _, f := range list {
		if !f.Forgotten && len(f.Deletions) == 0 {
			continue // the error says it all
		}
		a.Stdout.Printf("%s\n", a.Stdout.Wrap(f.name+": "+f.line(), 2))
		for _, d := range f.Deletions {
			switch {
			case shown[d.RequestID]:
			case o.all && d.State != sender.Pending && d.State.Open():
				a.hint("see what to send with \"usagectl inspect %s --queued\"", f.Tool)
			case d.State == sender.ByMail:
				a.showMail(d)
			case d.State == sender.Failed:
				a.showOwnWay(d)
			}
			shown[d.RequestID] = true
		}
	}
}

// line is what was done, in one line.
func (f forgottenTool) line() string {
	parts := []string{"forgotten here"}
	switch {
	case !f.Forgotten:
		parts[0] = "not all is forgotten here"
	case f.SHA256 == "" && f.traces:
		parts[0] = "it has no source ID here; what was kept of it is erased"
	case f.SHA256 == "" && len(f.Deletions) > 0:
		parts[0] = "it was forgotten here before"
	case f.SHA256 == "":
		parts[0] = "there is nothing to forget here"
	}
	if f.Events > 0 {
		parts = append(parts, strings.Trim(thrownAway(sender.Emptied{Discarded: f.Events}), " ."))
	}
	for _, d := range f.Deletions {
		parts = append(parts, d.outcome())
	}
	if len(f.Deletions) == 0 && f.SHA256 != "" {
		parts = append(parts, "nobody was asked")
	}
	return strings.Join(parts, "; ")
}

// runConfirm notes that a person says that requests are settled.
func runConfirm(ctx context.Context, a *app, names []string, o forgetOptions) error {
	if len(names) > 0 || o.all || o.localOnly || o.manifest != "" {
		return fail(exitUsage, errors.New("--confirm takes request IDs alone: it forgets no tools"))
	}
	var list []deletion
	for _, text := range o.confirm {
		id, err := uuid.Parse(text)
		if err != nil {
			return fail(exitData, fmt.Errorf("%s is no request ID: a UUID is needed", manifest.Quote(text)), `see the requests with "usagectl status"`)
		}
		d, err := a.sender().Confirm(ctx, id)
		switch {
		case errors.Is(err, sender.ErrNoRequest):
			return fail(exitData, fmt.Errorf("%s: %w", id, err), `see the requests with "usagectl status"`)
		case a.done("the request is settled", err) != nil:
			return fail(exitIO, fmt.Errorf("%s is not confirmed: %w", id, err))
		}
		for _, v := range deletionsOf(d) {
			if v.RequestID == id {
				list = append(list, v)
			}
		}
	}
	if a.json {
		return a.printJSON(struct {
			Schema    int        `json:"schema"`
			Deletions []deletion `json:"deletions"`
		}{1, list})
	}
	if a.quiet {
		return nil
	}
	for _, d := range list {
		a.Stdout.Printf("The deletion request %s is settled: %s.\n", d.RequestID.String(), string(d.State))
		a.Stdout.Printf("Of the source ID only its SHA-256 is kept: %s\n", d.SHA256)
	}
	return nil
}
