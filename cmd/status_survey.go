package cmd

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/usagectl/usagectl/internal/programs"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// survey finds out how tools are, of which it looks at the machine once for all.
type survey struct {
	*app
	recorded consent.Recorded
	here     catalogue.Here
	orders   func() catalogue.Orders   // what makes every tool obey, but for DO_NOT_TRACK
	spared   func() []catalogue.Spared // what is left out for exceptions, also that
}

func newSurvey(a *app) survey {
	recorded := consent.ReadRecorded(a.world.Dirs)
	obey := func(all bool) catalogue.Orders {
		return newDecisions(a.tools, false, recorded, nil).orders(a.tools.otherTools(), nil, all)
	}
	return survey{
		app:      a,
		recorded: recorded,
		here:     catalogue.Here{Env: a.world.Env, Dirs: a.world.Dirs, WorkDir: a.world.WorkDir, Program: programs.OnPath(a.world.Env)},
		orders:   sync.OnceValue(func() catalogue.Orders { return obey(false) }),
		spared:   sync.OnceValue(func() []catalogue.Spared { return obey(true).Spared }),
	}
}

// ids are the tools that are seen on this machine; with all every one that is known. The
// error says that what is kept, or the manifests, cannot all be listed, so that there may be
// more; why not is for [kept.warnOfDamage] to say.
func (s survey) ids(all bool) ([]manifest.ID, error) {
	list, unlisted := s.world.sender().Tools()
	deletions, unread := s.world.sender().Deletions()
	for _, d := range deletions {
		if len(d.Requests) > 0 {
			list = append(list, d.Tools...)
		}
	}
	list = append(list, s.recorded.Tools()...)
	for _, id := range s.tools.library.IDs() {
		if all || len(s.seenDeclared(id)) > 0 {
			list = append(list, id)
		}
	}
	tools := catalogue.All()
	for i := range tools {
		id, err := manifest.ParseID(tools[i].ID)
		if err == nil && (all || len(s.here.Seen(&tools[i])) > 0) {
			list = append(list, id)
		}
	}
	slices.SortFunc(list, func(x, y manifest.ID) int { return strings.Compare(x.String(), y.String()) })
	if unlisted != nil || unread != nil || len(s.tools.library.Hidden()) > 0 {
		unlisted = fail(exitIO, nil)
	}
	return slices.Compact(list), unlisted
}

// ruleUnknown is the reason of a tool of which nothing is known.
const ruleUnknown consent.Rule = "unknown"

// seenDeclared lists what shows that a tool with a manifest is here: a program of its
// name, a source ID, and the manifest itself if it did not come with usagectl, for
// somebody put it there.
func (s survey) seenDeclared(id manifest.ID) []string {
	var list []string
	if path := s.here.Program(id.String()); path != "" {
		list = append(list, path)
	}
	if path := s.tools.sourceID(id); path != "" {
		list = append(list, path)
	}
	if file := s.tools.library.File(id); file != "" {
		list = append(list, file)
	}
	return list
}

// of is how a tool is.
func (s survey) of(t *tool) *toolStatus {
	r := &toolStatus{
		Tool: t.id, Name: t.name(), Telemetry: onOff(t.verdict.On()), Reason: t.verdict.Reason,
		Level: t.verdict.Terms().Level, Levels: 1, Default: string(manifest.OptIn), Manifest: "none",
		NewFields: append([]string{}, t.verdict.NewFields...), NewEvents: append([]string{}, t.verdict.NewEvents...),
		Layers: t.verdict.Layers, on: s.isOn(t), problem: t.problem,
		decideAgain: s.world.decideAgain(t), SentBy: sentByUsagectl, Decision: decisionOn(t), Switches: s.switches(t), Seen: s.seen(t),
	}
	r.Here = len(r.Seen) > 0
	if m := t.manifest; m != nil {
		r.Levels, r.Default, r.Endpoint, r.Manifest = len(m.Consent.Levels), string(m.Consent.Default), secret.URL(m.Send.Endpoint), m.File
		s.addSource(r, m)
		s.addOutput(r, m)
	}
	if r.Decision.Exception {
		r.Decision.Spared = s.sparedFor(t.id)
	}
	s.addOwn(r, t)
	s.addKept(r)
	r.todo = r.left()
	r.ToDo = toDo(r.todo)
	return r
}

// seen lists what shows that a tool is here, each once. It is never nil.
func (s survey) seen(t *tool) []string {
	list := s.seenDeclared(t.id)
	if t.known != nil {
		list = append(list, s.here.Seen(t.known)...)
	}
	unique := []string{}
	for _, path := range list {
		if !slices.Contains(unique, path) {
			unique = append(unique, path)
		}
	}
	return unique
}

// addKept says what is kept of a tool on this machine.
func (s survey) addKept(r *toolStatus) {
	d, err := s.world.sender().Status(r.Tool)
	r.delivery, r.unread, r.Unrecorded = d, err != nil, d.Unrecorded
	r.Queued, r.Rejected, r.Dropped, r.OverBounds = count(d.Queued), count(d.Rejected), count(d.Dropped), count(d.OverBounds)
	if r.unread {
		r.Queued, r.Rejected, r.Dropped, r.OverBounds = unknownCount, unknownCount, unknownCount, unknownCount
	}
	r.Deletions, r.unerased = s.kept.deletions(r.Tool)
	if s.world.Dirs.StateDir() == "" { // which is said once for all tools
		return
	}
	if r.unread {
		s.warn("the outbox of %s cannot be read: %s", r.Tool, oneLine(err))
	}
	if last := r.delivery.Last; !last.At.IsZero() {
		r.LastSent, r.Last = &last.At, &last
	}
	r.unread = r.unread || r.Deletions.unknown != nil || d.Unreadable != nil
}

// nothingKnown says why it is not known whether a tool's telemetry is on.
func (s survey) nothingKnown(t *tool) string {
	id, text := t.id, "no tool of that name is known here"
	if t.hidden != nil {
		text = t.hidden.Error()
	} else if known := catalogue.Named(id.String()); len(known) > 0 { // an earlier version took a command for a tool
		text = fmt.Sprintf("no tool has that ID, and %s has its own decision: see \"usagectl status %s\"", known[0].Name, id)
	}
	if why := s.recorded.Of(id).Why; why != "" {
		text += ", but something is decided: " + why
	}
	return text
}

// ruleOwn is the reason of a tool that does not ask usagectl: its own rule.
const ruleOwn consent.Rule = "own"

// Who sends what a status is about.
const (
	sentByUsagectl = "usagectl"
	sentByTool     = "tool"
	sentByUnknown  = "unknown"
)

// addOwn says what the tool does by itself. If it has no manifest that is all there is to
// say, for nothing is sent for it from here; and if nothing is known of it, that is
// unknown, whatever was decided.
func (s survey) addOwn(r *toolStatus, t *tool) {
	if t.known != nil && !asksUsagectl(t.known) {
		r.known = t.known
		r.Own = s.own(t.known, s.recorded.Of(t.id))
	}
	switch {
	case t.manifest != nil:
	case t.problem != nil:
		if r.Reason.Rule == consent.Undecided {
			r.Reason = consent.Reason{Rule: sender.RuleManifest, Detail: "its manifest cannot be used: " + firstLine(t.problem)}
		}
		for i := range r.Layers {
			if r.Layers[i].Rule == consent.Undecided {
				r.Layers[i].Detail = "its manifest cannot be used, so there is nothing to agree to"
			}
		}
	case t.known == nil:
		r.Telemetry, r.SentBy = "unknown", sentByUnknown
		r.Reason = consent.Reason{Rule: ruleUnknown, Detail: s.nothingKnown(t)}
	default:
		r.Telemetry, r.SentBy = r.Own.Telemetry, sentByTool
		r.Reason = consent.Reason{Rule: ruleOwn, Detail: r.Own.Because}
		r.Endpoint = t.known.Endpoint
		if !t.known.OptIn {
			r.Default = string(manifest.OptOut)
		}
	}
}

// isOn reports whether a tool's telemetry is on, be it sent by usagectl or by the tool.
func (s survey) isOn(t *tool) bool {
	switch {
	case t.manifest != nil:
		return t.verdict.On()
	case t.problem != nil || t.known == nil:
		return false
	}
	return s.here.State(t.known).Telemetry == catalogue.On
}

// addOutput says to which file the tool's events go.
func (s survey) addOutput(r *toolStatus, m *manifest.Manifest) {
	rest, inHome := strings.CutPrefix(m.Send.Endpoint, "~/")
	if m.Send.Transport == manifest.File && inHome && s.world.Dirs.Home != "" {
		r.output = filepath.Join(s.world.Dirs.Home, filepath.FromSlash(rest))
	}
}

// addSource reads the source ID that there is, and makes none.
func (s survey) addSource(r *toolStatus, m *manifest.Manifest) {
	if !m.Identity.Random {
		return
	}
	path, err := identity.Path(m.Identity, s.world.Env, s.world.Dirs.Home, s.world.WorkDir)
	if err != nil {
		return
	}
	r.SourcePath = path
	id, err := identity.Load(path)
	if err == nil {
		r.SourceID = &id
	}
	r.badSource = err != nil && !errors.Is(err, identity.ErrNone)
}
