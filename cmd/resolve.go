package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
	hidden   error              // why it is not known whether it has one
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
	t := tool{id: id, manifest: m, known: knownAs(id)}
	switch {
	case errors.Is(err, manifest.ErrHidden):
		t.hidden = err
	case !isUnknown(err):
		t.problem = err
	}
	return r.judge(t)
}

// judge finds out whether a tool's telemetry is on, and why.
func (r resolver) judge(t tool) tool {
	t.facts, t.verdict = consent.Store{Dirs: r.dirs}.Ask(t.id, t.manifest, r.env, r.workDir)
	return t
}

// named finds the manifest of a tool by a name that a person gives, or in a file if that
// is not empty, with the errors for people.
func (r resolver) named(name, file string) (*manifest.Manifest, error) {
	id, err := manifest.ParseID(name)
	if err != nil && file != "" {
		return nil, fail(exitData, err)
	}
	var m *manifest.Manifest
	if err == nil {
		m, err = r.manifest(id, file) // before anything else is looked at, for "send" pays for it
	}
	if file == "" && (id.IsZero() || isUnknown(err)) {
		ref, failed := r.referToOne(name)
		if failed != nil {
			return nil, failed
		}
		if m, err = r.manifest(ref.id, ""); isUnknown(err) {
			return nil, undeclared(ref.id, err)
		}
	}
	var bad manifest.Errors
	switch {
	case err == nil:
		return m, nil
	case errors.As(err, &bad):
		return nil, fail(exitConfig, err)
	}
	return nil, fail(exitConfig, fmt.Errorf("manifest: %w", err))
}

// declared finds a tool by its manifest, and finds out about it. With an error that
// [isUnknown] the tool is what the catalogue knows of that name.
func (r resolver) declared(name, file string) (tool, error) {
	m, err := r.named(name, file)
	if isUnknown(err) {
		ref, _ := r.referToOne(name) // which failed in the same way
		return tool{id: ref.id, known: knownAs(ref.id)}, err
	}
	if err != nil {
		return tool{}, err
	}
	return r.judge(tool{id: m.Tool.ID, manifest: m}), nil
}

// undeclared is the error for a tool of the catalogue of which no manifest that was found
// says what it sends.
func undeclared(id manifest.ID, err error) error {
	if errors.Is(err, manifest.ErrHidden) {
		return fail(exitConfig, err)
	}
	return fail(exitData, noManifest{tool{id: id, known: knownAs(id)}.name()}, fmt.Sprintf("see what switches it with \"usagectl status %s\"", id))
}

// knownAs is what the catalogue knows of a tool; nil if it knows nothing.
func knownAs(id manifest.ID) *catalogue.Tool {
	known, _ := catalogue.Find(id.String())
	return known
}

// noManifest is the error for a tool of which only the switches are known. It is
// [manifest.ErrUnknownTool] in other words.
type noManifest struct{ name string }

func (e noManifest) Error() string {
	return fmt.Sprintf("no manifest says what %s sends, and it does not send it by usagectl", e.name)
}

func (e noManifest) Is(target error) bool { return target == manifest.ErrUnknownTool }

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

// sourceID is where the source ID of a tool is; "" if there is none.
func (r resolver) sourceID(id manifest.ID) string {
	m, err := r.library.Find(id)
	if err != nil || !m.Identity.Random {
		return ""
	}
	path, err := identity.Path(m.Identity, r.env, r.dirs.Home, r.workDir)
	if err != nil {
		return ""
	}
	if _, err = os.Lstat(path); err != nil {
		return ""
	}
	return path
}

// usualID is where the source ID of a tool is unless its manifest says otherwise; "" if there is
// nothing of the kind.
func (r resolver) usualID(id manifest.ID) string {
	path, err := identity.Path(manifest.Identity{Random: true, Path: "~/." + id.String() + "/source"}, r.env, r.dirs.Home, r.workDir)
	if err != nil {
		return ""
	}
	if _, err := identity.Load(path); errors.Is(err, identity.ErrNone) || errors.Is(err, identity.ErrInvalid) {
		return ""
	}
	return path
}

// hasSourceID reports whether something lies where the source ID of a tool would.
func (r resolver) hasSourceID(id manifest.ID) bool { return r.sourceID(id) != "" }
