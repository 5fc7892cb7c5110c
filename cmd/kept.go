package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// kept is what is kept on this machine about tools: events, journals and deletion
// requests. It reads, and changes nothing.
type kept struct{ world World }

// tools are the tools named, or all that have an outbox or a deletion.
func (k kept) tools(names []string) ([]manifest.ID, error) {
	if len(names) > 0 {
		return parseIDs(names)
	}
	tools, err := k.world.sender().Tools()
	if err != nil {
		return nil, fail(exitIO, fmt.Errorf("the outbox: %w", err))
	}
	deletions, _ := k.world.sender().Deletions() // as far as they can be read
	for _, d := range deletions {
		tools = append(tools, d.Tools...)
	}
	slices.SortFunc(tools, func(x, y manifest.ID) int { return strings.Compare(x.String(), y.String()) })
	return slices.Compact(tools), nil
}

// deletions reads what was asked for about a tool, as far as it can be read, and why not
// all that is to be forgotten could be removed.
func (k kept) deletions(tool manifest.ID) (list []deletion, unerased []string) {
	all, _ := k.world.sender().Deletions(tool) // see warnOfDamage
	list = []deletion{}
	for _, d := range all {
		for _, v := range deletionsOf(d) {
			if slices.Contains(v.Tools, tool) {
				list = append(list, v)
			}
		}
		if !d.Erased {
			unerased = append(unerased, cmp.Or(d.Problem, "it is being worked at"))
		}
	}
	return list, unerased
}

// deletionsOf reads what was asked for about several tools, each request once.
func (k kept) deletionsOf(tools []tool) []deletion {
	var list []deletion
	for _, t := range tools {
		of, _ := k.deletions(t.id)
		for _, d := range of {
			if !slices.ContainsFunc(list, func(o deletion) bool { return o.RequestID == d.RequestID }) {
				list = append(list, d)
			}
		}
	}
	return list
}

// openDeletions are the requests of a tool about which something is left to do.
func (k kept) openDeletions(tool manifest.ID) []waitingDeletion {
	list := []waitingDeletion{}
	requests, _ := k.deletions(tool)
	for _, d := range requests {
		if d.State.Open() {
			list = append(list, waitingDeletionOf(d))
		}
	}
	return list
}

// traces reports whether something is kept here of a tool that is not known (any more).
func (k kept) traces(id manifest.ID) bool {
	if k.world.Dirs.StateDir() == "" {
		return false
	}
	deletions, _ := k.deletions(id)
	return k.world.sender().Keeps(id) || slices.ContainsFunc(deletions, func(d deletion) bool { return d.State.Open() })
}

// warnOfState says that the state directory is not used, if so. What is kept there
// stays.
func (k kept) warnOfState(u *ui) {
	if flaw := k.world.Dirs.StateFlaw; flaw != "" {
		u.warn("%s is not used: %s", k.world.Dirs.UncheckedStateDir(), flaw)
	}
}

// warnOfDamage says what is kept and not used because it cannot be read or relied on,
// once for a command, and lists it.
func (k kept) warnOfDamage(u *ui) []sender.Unused {
	list := k.world.sender().Unused()
	for _, r := range list {
		u.warn("%s is not used: %s", r.Path, r.Reason)
	}
	return list
}
