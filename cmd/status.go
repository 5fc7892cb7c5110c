package cmd

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

func newStatus(a *app) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "status [TOOL...]",
		Short: "Show which telemetry is on, and why",
		Long: `Status shows a row for each tool: whether its telemetry is on, because of what,
what waits, when something left last, and which deletion requests there are.

Without a name it shows the tools seen on this machine: those with a decision, a
source ID, an outbox, a deletion request, a program on PATH, or files. With one
name it shows every rule and what it says.

EXIT STATUS
   0  shown; with -q TOOL: telemetry is on
   1  with -q TOOL: telemetry is off
  64  a bad flag
  65  a name is no tool ID
  78  a manifest cannot be used`,
		Example: `  # What is on here, and why
  usagectl status
  # Each rule, and what it says about one tool
  usagectl status demo
  # Every tool that is known, for a program to read
  usagectl status --all --json
  # In a script
  usagectl status -q demo && echo "demo may send"`,
		RunE: func(_ *cobra.Command, args []string) error { return runStatus(a, args, all) },
	}
	c.Flags().BoolVar(&all, "all", false, "show every tool that is known")
	return c
}

// toolStatus is one tool as "status --json" has it.
type toolStatus struct {
	Tool       manifest.ID     `json:"tool"`
	Name       string          `json:"name"`
	Telemetry  string          `json:"telemetry"`
	Reason     consent.Reason  `json:"reason"`
	Level      int             `json:"level"`
	Levels     int             `json:"levels"`
	Default    string          `json:"default"`
	Endpoint   string          `json:"endpoint"`
	Manifest   string          `json:"manifest"`
	SourceID   *string         `json:"source_id"`
	SourcePath string          `json:"source_path"`
	Queued     int             `json:"queued"`
	Rejected   int             `json:"rejected"`
	Dropped    int             `json:"dropped"`
	LastSent   *time.Time      `json:"last_sent"`
	NewFields  []string        `json:"new_fields"`
	NewEvents  []string        `json:"new_events"`
	Deletions  []deletion      `json:"deletions"`
	Layers     []consent.Layer `json:"layers"`
	Own        *ownStatus      `json:"own"` // null for a tool that the catalogue does not know

	backoff  sender.Backoff
	unerased []sender.Deletion // that could not be carried out here yet
	on       bool

	badSource bool // something else is where the source ID would be
}

func runStatus(a *app, names []string, all bool) error {
	here := a.surroundings()
	damage := a.warnOfDamage()
	ids, err := here.statusIDs(names, all)
	if err != nil {
		return err
	}
	list := make([]toolStatus, 0, len(ids))
	var bad error
	for _, id := range ids {
		t := a.look(id)
		if t.problem != nil {
			a.warn("the manifest of %s cannot be used: %s", id, firstLine(t.problem))
			bad = fail(exitConfig, nil)
		}
		list = append(list, here.statusOf(t))
	}
	switch {
	case a.quiet && len(names) > 0:
		return off(list, bad)
	case a.json:
		err = a.printJSON(struct {
			Schema int              `json:"schema"`
			Tools  []toolStatus     `json:"tools"`
			Unused []sender.Refused `json:"unused"` // what is kept and cannot be relied on
		}{1, list, damage})
	case len(names) == 1 && len(list) == 1:
		a.showTool(list[0])
	case all:
		a.showKnown(list)
	default:
		a.showTable(list)
	}
	if err == nil && len(names) > 0 {
		err = bad
	}
	return err
}

// off is the answer of "status -q TOOL".
func off(list []toolStatus, bad error) error {
	if bad != nil {
		return bad
	}
	for _, s := range list {
		if !s.on {
			return fail(exitNo, nil)
		}
	}
	return nil
}

func (s surroundings) statusIDs(names []string, all bool) ([]manifest.ID, error) {
	if len(names) > 0 {
		return parseIDs(names)
	}
	list, err := sender.Tools(s.Dirs.StateDir())
	if err != nil {
		return nil, fail(exitIO, fmt.Errorf("the outbox: %w", err))
	}
	deletions, _ := s.sender().Deletions().All() // as far as they can be read
	for _, d := range deletions {
		if len(d.Requests) > 0 {
			list = append(list, d.Tools...)
		}
	}
	list = append(list, s.recorded.Tools()...)
	for _, id := range s.library().IDs() {
		if all || s.program(id.String()) != "" || s.hasSourceID(id) {
			list = append(list, id)
		}
	}
	tools := catalogue.All()
	for i := range tools {
		id, err := manifest.ParseID(tools[i].ID)
		if err == nil && (all || len(s.seen(&tools[i])) > 0) {
			list = append(list, id)
		}
	}
	slices.SortFunc(list, func(x, y manifest.ID) int { return strings.Compare(x.String(), y.String()) })
	return slices.Compact(list), nil
}

func (a *app) hasSourceID(id manifest.ID) bool {
	m, err := a.library().Find(id)
	if err != nil || !m.Identity.Random {
		return false
	}
	path, err := identity.Path(m.Identity, a.Env, a.Dirs.Home)
	if err != nil {
		return false
	}
	_, err = os.Lstat(path)
	return err == nil
}

func (here surroundings) statusOf(t tool) toolStatus {
	a := here.app
	s := toolStatus{
		Tool: t.id, Name: t.name(), Telemetry: onOff(t.verdict.On()), Reason: t.verdict.Reason,
		Level: t.verdict.Terms().Level, Levels: 1, Default: string(manifest.OptIn), Manifest: "none",
		NewFields: append([]string{}, t.verdict.NewFields...), NewEvents: append([]string{}, t.verdict.NewEvents...),
		Deletions: []deletion{}, Layers: t.verdict.Layers, on: t.verdict.On(),
	}
	if m := t.manifest; m != nil {
		s.Levels, s.Default, s.Endpoint, s.Manifest = len(m.Consent.Levels), string(m.Consent.Default), secret.URL(m.Send.Endpoint), m.File
		a.addSource(&s, m)
	}
	if t.known != nil {
		here.addOwn(&s, t)
	}
	if a.Dirs.StateDir() == "" {
		return s
	}
	o := a.sender().Outbox(t.id)
	count, err := o.Count()
	if err != nil {
		a.warn("the outbox of %s cannot be read: %v", t.id, err)
	}
	s.Queued, s.Rejected, s.Dropped, s.backoff = count.Queued, count.Rejected, count.Dropped, o.Backoff()
	if at := a.sender().Journal(t.id).Last(); !at.IsZero() {
		s.LastSent = &at
	}
	s.Deletions, s.unerased = a.deletions(t.id)
	return s
}

// ruleOwn is the reason of a tool that does not ask usagectl: its own rule.
const ruleOwn consent.Rule = "own"

// addOwn says what the tool does by itself. If it has no manifest that is all
// there is to say, for nothing is sent for it from here.
func (here surroundings) addOwn(s *toolStatus, t tool) {
	s.Own = here.own(t.known, here.recorded.Of(t.id))
	if t.manifest != nil || t.problem != nil {
		return
	}
	s.Telemetry, s.on = s.Own.Telemetry, s.Own.Telemetry != "off" // in doubt it sends
	s.Reason = consent.Reason{Rule: ruleOwn, Detail: s.Own.Because}
	s.Endpoint = t.known.Endpoint
	if !t.known.OptIn {
		s.Default = string(manifest.OptOut)
	}
}

// addSource reads the source ID that there is, and makes none.
func (a *app) addSource(s *toolStatus, m *manifest.Manifest) {
	if !m.Identity.Random {
		return
	}
	path, err := identity.Path(m.Identity, a.Env, a.Dirs.Home)
	if err != nil {
		return
	}
	s.SourcePath = path
	id, err := identity.Load(path)
	if err == nil {
		s.SourceID = &id
	}
	s.badSource = err != nil && !errors.Is(err, identity.ErrNone)
}
