package cmd

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// kept is what is kept on this machine about tools: events, journals and deletion
// requests. It reads, and changes nothing.
type kept struct{ world World }

// tools are all that have an outbox or a deletion. The error says that there may be more.
func (k kept) tools() ([]manifest.ID, error) {
	tools, err := k.world.sender().Tools()
	if err != nil {
		err = fail(exitIO, fmt.Errorf("not all that is queued can be listed: %w", err))
	}
	deletions, unread := k.world.sender().Deletions()
	if err == nil && unread != nil {
		err = requests{unknown: unread}.failure()
	}
	for _, d := range deletions {
		tools = append(tools, d.Tools...)
	}
	slices.SortFunc(tools, func(x, y manifest.ID) int { return strings.Compare(x.String(), y.String()) })
	return slices.Compact(tools), err
}

// deletions reads what was asked for about a tool, and why not all that is to be forgotten could
// be removed. One that cannot be read may be about any tool.
func (k kept) deletions(tool manifest.ID) (r requests, unerased []string) {
	all, err := k.world.sender().Deletions(tool)
	r.unknown = err
	for _, d := range all {
		for _, v := range deletionsOf(d) {
			if slices.Contains(v.Tools, tool) {
				r.list = append(r.list, v)
			}
		}
		if !d.Erased {
			unerased = append(unerased, cmp.Or(d.Problem, "it is being worked at"))
		}
	}
	return r, unerased
}

// deletionsOf reads what was asked for about several tools, each request once.
func (k kept) deletionsOf(tools []tool) (r requests) {
	for _, t := range tools {
		of, _ := k.deletions(t.id)
		r.unknown = of.unknown
		for _, d := range of.list {
			if !slices.ContainsFunc(r.list, func(o deletion) bool { return o.RequestID == d.RequestID }) {
				r.list = append(r.list, d)
			}
		}
	}
	return r
}

// openDeletions are the requests of a tool about which something is left to do. The error says
// that there may be more.
func (k kept) openDeletions(tool manifest.ID) ([]waitingDeletion, error) {
	list := []waitingDeletion{}
	requests, _ := k.deletions(tool)
	for _, d := range requests.list {
		if d.State.Open() {
			list = append(list, waitingDeletionOf(d))
		}
	}
	return list, requests.failure()
}

// traces reports whether something is kept here of a tool that is not known (any more); in doubt
// it is.
func (k kept) traces(id manifest.ID) bool {
	if k.world.Dirs.StateDir() == "" {
		return false
	}
	deletions, _ := k.deletions(id)
	return k.world.sender().Keeps(id) || deletions.unknown != nil || slices.ContainsFunc(deletions.list, func(d deletion) bool { return d.State.Open() })
}

// warnOfState says that the state directory is not used, if so. What is kept there
// stays.
func (k kept) warnOfState(u *ui) {
	if k.world.Dirs.StateFlaw != "" {
		warnOfUnused(u, k.world.sender().Unused()) // which is that
	}
}

// warnOfDamage says what is kept and not used because it cannot be read or relied on,
// once for a command, and lists it.
func (k kept) warnOfDamage(u *ui) []sender.Unused {
	list := k.world.sender().Unused()
	if k.world.Dirs.UncheckedStateDir() == "" {
		u.warn("%v", sender.ErrNoState)
		u.hint("set HOME to your home directory, or XDG_STATE_HOME to a directory of yours")
	}
	for _, l := range k.lockedDecisions() {
		list = addLocked(list, l)
	}
	warnOfUnused(u, list)
	return k.warnOfManifests(u, list)
}

// warnOfManifests says which directories of manifests cannot be looked into, and adds them to
// what is not used, unless they are in that. What sends by itself is as ever.
func (k kept) warnOfManifests(u *ui, known []sender.Unused) []sender.Unused {
	list := known
	for _, hidden := range k.world.library().Hidden() {
		if l, found := statefile.FindLocked(hidden.Path, 0o500); found {
			list = addLocked(list, l)
		} else {
			list = append(list, sender.Unused{Path: hidden.Path, Reason: hidden.Err.Error()})
		}
	}
	for _, d := range list[len(known):] {
		u.warn("manifests in %s are not used: %s", d.Path, d.Reason)
		switch own := k.world.Dirs.DataHome; {
		case d.Do != "":
			u.hint("repair it with \"%s\"", d.Do)
		case own != "" && strings.HasPrefix(d.Path, own+string(filepath.Separator)):
			u.hint("make it a directory that you can read, or remove it")
		default:
			u.hint("have its owner make it readable, or take it out of XDG_DATA_DIRS")
		}
	}
	return list
}

// warnOfDecisions says which decisions exist and cannot be relied on, so that nothing is
// sent of what they can be about, and adds them to what is not used.
func (k kept) warnOfDecisions(u *ui, recorded consent.Recorded, known []sender.Unused) []sender.Unused {
	list, hinted := known, ""
	for _, s := range recorded.Unreadable() {
		if s.Path == "" || slices.ContainsFunc(known, func(o sender.Unused) bool { return o.Path == s.Path }) {
			continue // there is no file, or it was said
		}
		mend := k.world.mendDecision(s.Path)
		u.warn("%s", notSent(s))
		said := mend.command != "" && slices.ContainsFunc(list, func(o sender.Unused) bool { return o.Do == mend.command })
		if hint := mend.hint(); !said && hint != hinted {
			u.hint("%s", hint)
			hinted = hint
		}
		list = append(list, sender.Unused{Path: s.Path, Reason: s.Problem, Do: mend.command})
	}
	return list
}

// notSent says what comes of a decision that cannot be read.
func notSent(s consent.Statement) string {
	return fmt.Sprintf("usagectl sends nothing for %s, because what was decided cannot be read: %s: %s", aboutTool(s.Path), s.Path, s.Problem)
}

// lockedDecisions are the person's decisions, and the directories that lead there, that
// their mode keeps the person from.
func (k kept) lockedDecisions() []statefile.Locked {
	dir := k.world.Dirs.UserConsent()
	if dir == "" {
		return nil
	}
	if l, found := statefile.FindLocked(dir, 0o700); found {
		return []statefile.Locked{l}
	}
	var list []statefile.Locked
	entries, _ := os.ReadDir(dir) // else a rule says why not
	for _, e := range entries {
		if l, found := statefile.FindLocked(filepath.Join(dir, e.Name()), 0o400); found {
			list = append(list, l)
		}
	}
	return list
}

// warnOfTools says which files of tools, whose ID or output they hold, their mode keeps the
// person from, and adds them to what is not used.
func (k kept) warnOfTools(u *ui, tools []*toolStatus, known []sender.Unused) []sender.Unused {
	list := known
	for _, t := range tools {
		if l, found := statefile.FindLocked(t.SourcePath, 0o400); found && t.SourcePath != "" {
			list = addLocked(list, l)
		}
		if l, found := statefile.FindLocked(t.output, 0o600); found && t.output != "" {
			list = addLocked(list, l)
		}
	}
	warnOfUnused(u, list[len(known):])
	return list
}

func addLocked(list []sender.Unused, l statefile.Locked) []sender.Unused {
	u := sender.Unused{Path: l.Path, Reason: l.Reason(), Do: l.Remedy()}
	if slices.ContainsFunc(list, func(o sender.Unused) bool { return o.Path == u.Path }) {
		return list
	}
	return append(list, u)
}

func warnOfUnused(u *ui, list []sender.Unused) {
	for _, r := range list {
		u.warn("%s is not used: %s", r.Path, r.Reason)
		if r.Do != "" {
			u.hint("repair it with \"%s\"", r.Do)
		}
	}
}
