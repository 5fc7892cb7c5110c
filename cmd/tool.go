package cmd

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// tool is a tool with what is known about it now.
type tool struct {
	id       manifest.ID
	manifest *manifest.Manifest // nil if it has none
	known    *catalogue.Tool    // nil if the catalogue does not know it
	problem  error              // why the manifest cannot be used, if it has one
	facts    consent.Facts
	verdict  consent.Verdict
}

// name is what people call the tool.
func (t tool) name() string {
	switch {
	case t.manifest != nil:
		return t.manifest.Tool.Name
	case t.known != nil:
		return t.known.Name
	}
	return t.id.String()
}

// event finds an event that a caller can send.
func (t tool) event(name string) (manifest.Event, error) {
	names := t.manifest.EventNames()
	event, ok := t.manifest.Event(name)
	switch {
	case !ok:
		return event, fmt.Errorf("%s has no event %s%s", t.id, manifest.Quote(name), didYouMean(name, names, "events"))
	case t.manifest.IsDeletion(name):
		return event, fmt.Errorf("the event %q is %s's deletion request, which \"usagectl forget %s\" sends", name, t.id, t.id)
	}
	return event, nil
}

// look finds out about a tool, with or without a manifest.
func (a *app) look(id manifest.ID) tool {
	m, err := a.library().Find(id)
	if errors.Is(err, manifest.ErrUnknownTool) {
		err = nil
	}
	t := tool{id: id, manifest: m, problem: err}
	if known, ok := catalogue.Find(id.String()); ok {
		t.known = known
	}
	return a.judge(t)
}

func (a *app) judge(t tool) tool {
	t.facts, t.verdict = a.decisions(false).Ask(t.id, t.manifest, a.Env, a.WorkDir)
	return t
}

// declared finds a tool that has a manifest: the one in file if that is not
// empty, else by its ID.
func (a *app) declared(name, file string) (tool, error) {
	id, err := manifest.ParseID(name)
	if err != nil {
		return tool{}, fail(exitData, err)
	}
	var m *manifest.Manifest
	if file == "" {
		m, err = a.library().Find(id)
	} else {
		m, err = a.fromFile(id, file)
	}
	var bad manifest.Errors
	switch {
	case errors.Is(err, manifest.ErrUnknownTool):
		return tool{}, undeclared(id, fmt.Errorf("%w%s", err, didYouMean(name, a.toolNames(), "")))
	case errors.As(err, &bad):
		return tool{}, fail(exitConfig, err)
	case err != nil:
		return tool{}, fail(exitConfig, fmt.Errorf("manifest: %w", err))
	}
	return a.judge(tool{id: id, manifest: m}), nil
}

// undeclared is the error for a tool of which no manifest says what it sends.
func undeclared(id manifest.ID, unknown error) error {
	if known, ok := catalogue.Find(id.String()); ok {
		return fail(exitData, noManifest{known.Name},
			fmt.Sprintf("see what switches it with \"usagectl status %s\"", id))
	}
	return fail(exitData, unknown, findTool)
}

// noManifest is the error for a tool of which only the switches are known. It is
// [manifest.ErrUnknownTool] in other words.
type noManifest struct{ name string }

func (e noManifest) Error() string {
	return fmt.Sprintf("no manifest says what %s sends, and it does not send it by usagectl", e.name)
}

func (e noManifest) Is(target error) bool { return target == manifest.ErrUnknownTool }

// findTool is the hint for somebody who named a tool that is not known.
const findTool = `see the tools that are known with "usagectl status --all", or how to declare one with "usagectl help manifest"`

func (a *app) fromFile(id manifest.ID, file string) (*manifest.Manifest, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	m, err := manifest.ReadFile(path)
	if err == nil && m.Tool.ID != id {
		err = fmt.Errorf("%s is for the tool %s, not for %s", file, m.Tool.ID, id)
	}
	return m, err
}

func (a *app) toolNames() []string {
	var names []string
	for _, id := range a.library().IDs() {
		names = append(names, id.String())
	}
	return names
}

// knownNames are the tools that have a manifest or stand in the catalogue.
func (a *app) knownNames() []string {
	names := a.toolNames()
	for _, t := range catalogue.All() {
		names = append(names, t.ID)
	}
	return names
}

// didYouMean is a remark that names the nearest of the names that exist, or, if
// none is near, all of them, as far as they fit; empty if there are none. what
// says what the names are: "events".
func didYouMean(given string, known []string, what string) string {
	if near := nearest(given, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	const most = 12
	switch {
	case len(known) == 0 || what == "":
		return ""
	case len(known) > most:
		known = append(slices.Clone(known[:most]), "…")
	}
	return fmt.Sprintf("; its %s are: %s", what, strings.Join(known, ", "))
}

// nearest is the name within two edits, one for a short name, or a third of the
// given one's length in edits, or "".
func nearest(given string, known []string) string {
	most := max(2, len(given)/3)
	if len(given) <= 3 {
		most = 1 // nearly every short name is two edits from another
	}
	best, bestDistance := "", 1+most
	if len(given) > 128 {
		return ""
	}
	for _, name := range known {
		if d := distance(strings.ToLower(given), strings.ToLower(name)); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance is Levenshtein's: the fewest insertions, deletions and replacements.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
