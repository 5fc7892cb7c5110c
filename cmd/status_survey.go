package cmd

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

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
}

func newSurvey(a *app) survey {
	return survey{
		app:      a,
		recorded: consent.ReadRecorded(a.world.Dirs),
		here:     catalogue.Here{Env: a.world.Env, Dirs: a.world.Dirs, Program: programs.OnPath(a.world.Env)},
	}
}

// ids are the tools that are seen on this machine; with all every one that is known.
func (s survey) ids(all bool) ([]manifest.ID, error) {
	list, err := s.world.sender().Tools()
	if err != nil {
		return nil, fail(exitIO, fmt.Errorf("the outbox: %w", err))
	}
	deletions, _ := s.world.sender().Deletions() // as far as they can be read
	for _, d := range deletions {
		if len(d.Requests) > 0 {
			list = append(list, d.Tools...)
		}
	}
	list = append(list, s.recorded.Tools()...)
	for _, id := range s.tools.library.IDs() {
		if all || s.here.Program(id.String()) != "" || s.tools.hasSourceID(id) {
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
	return slices.Compact(list), nil
}

// ruleUnknown is the reason of a tool of which nothing is known.
const ruleUnknown consent.Rule = "unknown"

// of is how a tool is.
func (s survey) of(t tool) toolStatus {
	r := toolStatus{
		Tool: t.id, Name: t.name(), Telemetry: onOff(t.verdict.On()), Reason: t.verdict.Reason,
		Level: t.verdict.Terms().Level, Levels: 1, Default: string(manifest.OptIn), Manifest: "none",
		NewFields: append([]string{}, t.verdict.NewFields...), NewEvents: append([]string{}, t.verdict.NewEvents...),
		Deletions: []deletion{}, Layers: t.verdict.Layers, on: t.verdict.On(),
	}
	if m := t.manifest; m != nil {
		r.Levels, r.Default, r.Endpoint, r.Manifest = len(m.Consent.Levels), string(m.Consent.Default), secret.URL(m.Send.Endpoint), m.File
		s.addSource(&r, m)
		s.addOutput(&r, m)
	}
	switch {
	case t.known != nil:
		s.addOwn(&r, t)
	case t.nobodys():
		r.Telemetry, r.Reason = "unknown", consent.Reason{Rule: ruleUnknown, Detail: s.nothingKnown(t.id)}
	}
	if t.problem != nil && r.Reason.Rule == consent.Undecided {
		r.Reason = consent.Reason{Rule: sender.RuleManifest, Detail: "its manifest cannot be used: " + firstLine(t.problem)}
	}
	if s.world.Dirs.StateDir() == "" {
		r.Unrecorded = s.world.sender().Unrecorded(t.id)
		return r
	}
	var err error
	if r.delivery, err = s.world.sender().Status(t.id); err != nil {
		s.warn("the outbox of %s cannot be read: %v", t.id, err)
	}
	r.Queued, r.Rejected, r.Dropped = r.delivery.Queued, r.delivery.Rejected, r.delivery.Dropped
	r.OverBounds = r.delivery.OverBounds
	r.Unrecorded = r.delivery.Unrecorded
	if last := r.delivery.Last; !last.At.IsZero() {
		r.LastSent, r.Last = &last.At, &last
	}
	r.Deletions, r.unerased = s.kept.deletions(t.id)
	return r
}

// nothingKnown says why it is not known whether a tool's telemetry is on.
func (s survey) nothingKnown(id manifest.ID) string {
	text := "no tool of that name is known here"
	if known := catalogue.Named(id.String()); len(known) > 0 { // an earlier version took a command for a tool
		text = fmt.Sprintf("no tool has that ID, and %s has its own decision: see \"usagectl status %s\"", known[0].Name, id)
	}
	if why := s.recorded.Of(id).Why; why != "" {
		text += ", but something is decided: " + why
	}
	return text
}

// ruleOwn is the reason of a tool that does not ask usagectl: its own rule.
const ruleOwn consent.Rule = "own"

// addOwn says what the tool does by itself. If it has no manifest that is all
// there is to say, for nothing is sent for it from here.
func (s survey) addOwn(r *toolStatus, t tool) {
	r.known = t.known
	r.Own = s.own(t.known, s.recorded.Of(t.id))
	if t.manifest != nil || t.problem != nil {
		return
	}
	r.Telemetry, r.on = r.Own.Telemetry, r.Own.Telemetry == "on"
	r.Reason = consent.Reason{Rule: ruleOwn, Detail: r.Own.Because}
	r.Endpoint = t.known.Endpoint
	if !t.known.OptIn {
		r.Default = string(manifest.OptOut)
	}
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
