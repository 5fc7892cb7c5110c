package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/suggest"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/identity"
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

// resolver finds tools by the names that people give: those with a manifest, built in,
// added or named by --manifest, and those that the catalogue knows. It reads files, and
// changes nothing.
type resolver struct {
	library manifest.Library
	env     consent.Env
	dirs    dirs.Dirs
	workDir string // "" if it is not known
}

func newResolver(w World) resolver {
	return resolver{library: w.library(), env: w.Env, dirs: w.Dirs, workDir: w.WorkDir}
}

// look finds out about a tool, with or without a manifest.
func (r resolver) look(id manifest.ID) tool {
	m, err := r.library.Find(id)
	if errors.Is(err, manifest.ErrUnknownTool) {
		err = nil
	}
	t := tool{id: id, manifest: m, problem: err}
	if known, ok := catalogue.Find(id.String()); ok {
		t.known = known
	}
	return r.judge(t)
}

// judge finds out whether a tool's telemetry is on, and why.
func (r resolver) judge(t tool) tool {
	t.facts, t.verdict = consent.Store{Dirs: r.dirs}.Ask(t.id, t.manifest, r.env, r.workDir)
	return t
}

// named finds the manifest of a tool by the name that a person gives, or in a file if
// that is not empty, with the errors for people.
func (r resolver) named(name, file string) (*manifest.Manifest, error) {
	id, err := manifest.ParseID(name)
	if err != nil {
		return nil, fail(exitData, err)
	}
	m, err := r.manifest(id, file)
	var bad manifest.Errors
	switch {
	case errors.Is(err, manifest.ErrUnknownTool):
		err = r.undeclared(id, err)
	case errors.As(err, &bad):
		err = fail(exitConfig, err)
	case err != nil:
		err = fail(exitConfig, fmt.Errorf("manifest: %w", err))
	}
	return m, err
}

// declared finds a tool by its manifest, and finds out about it. With an error that
// [isUnknown] the tool is what the catalogue knows of that name.
func (r resolver) declared(name, file string) (tool, error) {
	m, err := r.named(name, file)
	if isUnknown(err) {
		id, _ := manifest.ParseID(name) // it could be looked for, so it is one
		t := tool{id: id}
		if known, ok := catalogue.Find(name); ok {
			t.known = known
		}
		return t, err
	}
	if err != nil {
		return tool{}, err
	}
	return r.judge(tool{id: m.Tool.ID, manifest: m}), nil
}

// undeclared is the error for a tool of which no manifest says what it sends.
func (r resolver) undeclared(id manifest.ID, unknown error) error {
	if known, ok := catalogue.Find(id.String()); ok {
		return fail(exitData, noManifest{known.Name},
			fmt.Sprintf("see what switches it with \"usagectl status %s\"", id))
	}
	return fail(exitData, fmt.Errorf("%w%s", unknown, didYouMean(id.String(), r.names(), "")), findTool)
}

// switchable finds a tool of which it is known what switches it: in the catalogue, else
// among the manifests.
func (r resolver) switchable(name string) (tool, error) {
	if known, ok := catalogue.Find(name); ok {
		return tool{known: known}, nil
	}
	t, err := r.declared(name, "")
	if isUnknown(err) {
		return t, r.unknown(name)
	}
	return t, err
}

// noManifest is the error for a tool of which only the switches are known. It is
// [manifest.ErrUnknownTool] in other words.
type noManifest struct{ name string }

func (e noManifest) Error() string {
	return fmt.Sprintf("no manifest says what %s sends, and it does not send it by usagectl", e.name)
}

func (e noManifest) Is(target error) bool { return target == manifest.ErrUnknownTool }

// isUnknown reports whether there is no manifest of a tool.
func isUnknown(err error) bool { return errors.Is(err, manifest.ErrUnknownTool) }

// findTool is the hint for somebody who named a tool that is not known.
const findTool = `see the tools that are known with "usagectl status --all", or how to declare one with "usagectl help manifest"`

// manifest finds the manifest of a tool: the one in file if that is not empty, which has
// to be for the tool unless the ID is zero.
func (r resolver) manifest(id manifest.ID, file string) (*manifest.Manifest, error) {
	if file == "" {
		return r.library.Find(id)
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	m, err := readManifest(path)
	if err == nil && !id.IsZero() && m.Tool.ID != id {
		err = fmt.Errorf("%s is for the tool %s, not for %s", file, m.Tool.ID, id)
	}
	return m, err
}

// obeysDoNotTrack reports whether a tool is off where DO_NOT_TRACK is set, as far as that
// is known: one with a manifest asks usagectl, which obeys it.
func (r resolver) obeysDoNotTrack(id manifest.ID) bool {
	if _, err := r.library.Find(id); !errors.Is(err, manifest.ErrUnknownTool) {
		return true
	}
	known, ok := catalogue.Find(id.String())
	return ok && (known.DoNotTrack == "yes" || slices.ContainsFunc(known.Env, func(v catalogue.Variable) bool {
		return v.Name == catalogue.DoNotTrackName && v.Role == catalogue.OptOut
	}))
}

// sharing are the other tools whose source ID is the same file.
func (r resolver) sharing(id manifest.ID, path string) []tool {
	var list []tool
	for _, other := range r.library.IDs() {
		m, err := r.library.Find(other)
		if err != nil || other == id || !m.Identity.Random {
			continue
		}
		if p, err := identity.Path(m.Identity, r.env, r.dirs.Home, r.workDir); err == nil && p == path {
			list = append(list, r.judge(tool{id: other, manifest: m}))
		}
	}
	return list
}

// hasSourceID reports whether something lies where the source ID of a tool would.
func (r resolver) hasSourceID(id manifest.ID) bool {
	m, err := r.library.Find(id)
	if err != nil || !m.Identity.Random {
		return false
	}
	path, err := identity.Path(m.Identity, r.env, r.dirs.Home, r.workDir)
	if err != nil {
		return false
	}
	_, err = os.Lstat(path)
	return err == nil
}

// parseIDs reads the IDs of tools, which need not be known.
func parseIDs(names []string) ([]manifest.ID, error) {
	var ids []manifest.ID
	for _, name := range names {
		id, err := manifest.ParseID(name)
		if err != nil {
			return nil, fail(exitData, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// unknown is the error for a name that neither a manifest nor the catalogue has.
func (r resolver) unknown(name string) error {
	return fail(exitData, fmt.Errorf("%w %s%s", manifest.ErrUnknownTool, manifest.Quote(name), r.suggestion(name)), findTool)
}

// suggestion is a remark that names the tool that may be meant, or "".
func (r resolver) suggestion(name string) string {
	for _, t := range catalogue.All() {
		if slices.Contains(t.Commands, name) {
			return fmt.Sprintf("; do you mean %q, whose program that is?", t.ID)
		}
	}
	return didYouMean(name, r.allNames(), "")
}

// names are the tools that have a manifest.
func (r resolver) names() []string {
	var names []string
	for _, id := range r.library.IDs() {
		names = append(names, id.String())
	}
	return names
}

// allNames are the tools that have a manifest or stand in the catalogue.
func (r resolver) allNames() []string {
	names := r.names()
	for _, t := range catalogue.All() {
		names = append(names, t.ID)
	}
	return names
}

// didYouMean is a remark that names the nearest of the names that exist, or, if
// none is near, all of them, as far as they fit; empty if there are none. what
// says what the names are: "events".
func didYouMean(given string, known []string, what string) string {
	if near := suggest.Nearest(given, known); near != "" {
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
