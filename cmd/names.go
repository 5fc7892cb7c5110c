package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/suggest"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// What the name of a tool means. It is the same for every command:
//
//   - a tool's ID means that tool;
//   - a command of a tool, a package of it, or what people call it means that tool too
//     ("brew", "huggingface_hub"), and the command says which one it took;
//   - where several tools go by the name, it means each of them where that is to look or
//     to refuse, and is an error elsewhere: nobody agrees to two tools with one word;
//   - any other name is an error that lists near names, unless something is recorded for
//     it. A refusal is recorded for it all the same, because the tool may come later, with
//     a warning that nothing is known of it now.
//
// A tool of which nothing is known is neither on nor off: its telemetry is unknown.

// reference is a tool that somebody named.
type reference struct {
	id      manifest.ID
	alias   string // the name that was given, if it is not the ID
	unknown error  // if the name is nobody's: with near names, and an error of which [isUnknown] is true
}

// refer finds the tools that a name means. The error is of a name that is nobody's and
// no ID either.
func (r resolver) refer(name string) ([]reference, error) {
	id, err := manifest.ParseID(name)
	if err == nil && r.knows(id) {
		return []reference{{id: id}}, nil
	}
	var list []reference
	for _, t := range catalogue.Named(name) {
		if other, bad := manifest.ParseID(t.ID); bad == nil {
			list = append(list, reference{id: other, alias: name})
		}
	}
	switch {
	case len(list) > 0:
		return list, nil
	case strings.EqualFold(name, "all"):
		return nil, fail(exitData, errors.New("\"all\" is no tool: to mean every tool, use --all in place of a name, as in \"usagectl status --all\""))
	case err != nil:
		return nil, fail(exitData, fmt.Errorf("%w%s", err, r.suggestion(name)))
	}
	return []reference{{id: id, unknown: r.unknown(name)}}, nil
}

// referToOne is [resolver.refer] for what can be done with one known tool only.
func (r resolver) referToOne(name string) (reference, error) {
	list, err := r.refer(name)
	switch {
	case err != nil:
		return reference{}, err
	case len(list) > 1:
		return reference{}, fail(exitData, fmt.Errorf("%s is a name of several tools: use one of %s", manifest.Quote(name), listed(list)))
	}
	return list[0], list[0].unknown
}

// knows reports whether there is a tool of that ID: in the catalogue, or with a manifest,
// be it one that cannot be used. Of one that may have a manifest where nobody can look
// that is not known.
func (r resolver) knows(id manifest.ID) bool {
	if knownAs(id) != nil {
		return true
	}
	_, err := r.library.Find(id)
	return !isUnknown(err)
}

// refer finds the tools that names mean, once each, and says which tool it took a name
// for. A tool for which something is recorded here is not unknown.
func (a *app) refer(names []string) ([]reference, error) {
	var list []reference
	for _, name := range names {
		refs, err := a.tools.refer(name)
		if err != nil {
			return nil, err
		}
		for _, ref := range refs {
			if slices.ContainsFunc(list, func(r reference) bool { return r.id == ref.id }) {
				continue
			}
			if ref.unknown != nil && a.kept.keeps(ref.id) {
				ref.unknown = nil
			}
			a.say(ref)
			list = append(list, ref)
		}
	}
	return list, nil
}

// referToKnown is [app.refer] for what cannot be done with a tool that is unknown.
func (a *app) referToKnown(names []string) ([]reference, error) {
	list, err := a.refer(names)
	for _, ref := range list {
		err = cmp.Or(err, ref.unknown)
	}
	return list, err
}

// say says which tool a name was taken for, if it is not its ID.
func (u *ui) say(ref reference) {
	if ref.alias != "" && !u.quiet {
		u.note("%s", meaning(ref))
	}
}

// meaning says which tool an alias means.
func meaning(ref reference) string {
	t := tool{id: ref.id, known: knownAs(ref.id)}
	what := "another name"
	if t.known != nil && t.known.HasCommand(ref.alias) {
		what = "a command"
	}
	return fmt.Sprintf("%s is %s of %s, the tool %q", manifest.Quote(ref.alias), what, t.name(), t.id)
}

// aliasOf is the name that was given for a tool, if it is not its ID
// and the tool was found.
func aliasOf(name string, id manifest.ID) string {
	if id.IsZero() || name == id.String() {
		return ""
	}
	return name
}

// tellUnknown tells which of the tools are unknown, and is the failure if one is.
func (u *ui) tellUnknown(list []reference) error {
	var unknown *failure
	for _, ref := range list {
		if errors.As(ref.unknown, &unknown) {
			u.tell(unknown)
		}
	}
	if unknown == nil {
		return nil
	}
	return fail(unknown.code, nil)
}

// warnOfUnknown says, after a refusal, that no tool of the name is known.
func (a *app) warnOfUnknown(id manifest.ID) {
	if hidden := a.tools.hidden(id.String()); hidden != nil && !a.tools.knows(id) {
		a.warn("%q is refused, but nothing is known of it: %v%s", id, hidden, a.tools.suggestion(id.String()))
	} else if !id.IsZero() && !a.tools.knows(id) {
		a.warn("%q is refused, but no tool of that name is known yet; the refusal counts once there is one%s", id, a.tools.suggestion(id.String()))
	}
}

// keeps reports whether something is recorded or kept here for a tool.
func (k kept) keeps(id manifest.ID) bool {
	stored, _ := k.tools() // as far as it can be read
	return slices.Contains(consent.ReadRecorded(k.world.Dirs).Tools(), id) || slices.Contains(stored, id) || k.traces(id)
}

// ids are those of the tools that were named.
func ids(list []reference) []manifest.ID {
	var all []manifest.ID
	for _, ref := range list {
		all = append(all, ref.id)
	}
	return all
}

// givenNames are the names that were given for tools, where they are not their IDs.
func givenNames(list []reference) map[manifest.ID]string {
	named := map[manifest.ID]string{}
	for _, ref := range list {
		if ref.alias != "" {
			named[ref.id] = ref.alias
		}
	}
	return named
}

// listed is a list of tools for people.
func listed(list []reference) string {
	var names []string
	for _, ref := range list {
		names = append(names, ref.id.String())
	}
	return strings.Join(names, ", ")
}

// findTool is the hint for somebody who named a tool that is not known.
const findTool = `see the tools that are known with "usagectl status --all", or how to declare one with "usagectl help manifest"`

// unknown is the error for a name that is nobody's, as far as that can be found out.
func (r resolver) unknown(name string) error {
	if hidden := r.hidden(name); hidden != nil {
		return fail(exitConfig, fmt.Errorf("%w%s", hidden, r.suggestion(name)),
			"make the directory readable, or take it out of XDG_DATA_DIRS")
	}
	return fail(exitData, fmt.Errorf("%w %s%s", manifest.ErrUnknownTool, manifest.Quote(name), r.suggestion(name)), findTool)
}

// hidden says that a tool of a name may have a manifest where nobody can look; nil if not.
func (r resolver) hidden(name string) error {
	id, err := manifest.ParseID(name)
	if err == nil {
		_, err = r.library.Find(id)
	}
	if errors.Is(err, manifest.ErrHidden) {
		return err
	}
	return nil
}

// isUnknown reports whether there is no manifest of a tool, or no tool, as far as that can
// be found out.
func isUnknown(err error) bool {
	return errors.Is(err, manifest.ErrUnknownTool) || errors.Is(err, manifest.ErrHidden)
}

// suggestion is a remark that lists the tools that may be meant, or "": by their IDs, or,
// if none of those is near, by their commands.
func (r resolver) suggestion(name string) string {
	const most = 3
	var ids, commands []string
	for _, id := range r.library.IDs() {
		ids = append(ids, id.String())
	}
	for _, t := range catalogue.All() {
		ids, commands = append(ids, t.ID), append(commands, t.Commands...)
	}
	near := suggest.Near(name, ids, most)
	if len(near) == 0 {
		near = suggest.Near(name, commands, most)
	}
	return perhaps(near)
}

// perhaps is a remark that lists the names that may be meant, or "".
func perhaps(near []string) string {
	if len(near) == 0 {
		return ""
	}
	quoted := make([]string, len(near))
	for i, name := range near {
		quoted[i] = manifest.Quote(name)
	}
	return fmt.Sprintf("; did you mean %s?", strings.Join(quoted, " or "))
}

// didYouMean is a remark that lists the nearest of the names that exist, or, if
// none is near, all of them, as far as they fit; empty if there are none. what
// says what the names are: "events".
func didYouMean(given string, known []string, what string) string {
	if near := suggest.Nearest(given, known); near != "" {
		return perhaps([]string{near})
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
