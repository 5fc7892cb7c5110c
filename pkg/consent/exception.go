package consent

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// A refusal of all tools is not about a tool that it excepts by name, nor, if it is the
// person's, about one to which the person agreed after it: the later, more specific
// word of the same person counts.
//
// Which of the two was first is not left to clocks, for a home can be shared by many
// machines: each refusal of all has a name of its own, and an agreement that comes after
// it says that name. One that says another name, or none, came before it, or before
// the same person refused all once more.

// name is how an agreement says which refusal of all it comes after. One that was
// written by hand has no name but its date.
func (d Decision) name() string {
	if d.Refusal != "" {
		return d.Refusal
	}
	return d.At.Format(time.RFC3339)
}

// excepts reports whether a refusal of all tools names a tool as an exception.
func (d Decision) excepts(id manifest.ID) bool { return slices.Contains(d.Except, id.String()) }

// concerns reports whether what is said of all tools refuses one, about which the same
// person said tool. The machine's word has no such other: it is the zero value.
func (d Decision) concerns(id manifest.ID, tool Decision) bool {
	return d.State == Refused && !d.excepts(id) && !tool.agreedAfter(d)
}

// agreedAfter reports whether the person agreed to a tool after they refused all.
func (d Decision) agreedAfter(all Decision) bool {
	switch {
	case d.State != Granted:
		return false
	case d.Despite != "" || all.Refusal != "":
		return d.Despite == all.name()
	}
	return !all.At.IsZero() && d.At.After(all.At) // both were written by hand
}

// checkExceptions returns an error if not all of them are the IDs of tools.
func checkExceptions(names []string) error {
	for _, name := range names {
		if _, err := manifest.ParseID(name); err != nil {
			return fmt.Errorf("it makes an exception of no tool: %w", err)
		}
	}
	return nil
}

// exceptions are the names of tools as a refusal of all keeps them: sorted, once each.
func exceptions(tools []manifest.ID) []string {
	var names []string
	for _, id := range tools {
		names = append(names, id.String())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// withdraw removes the agreements that a refusal of all is about, and what was told: they
// do not come back when it is lifted. A file that cannot be relied on stays.
func (s Store) withdraw(all Decision) error {
	dir, _ := userDir(s.Dirs)
	if dir == "" {
		return nil
	}
	ids, err := idsIn(dir)
	errs := []error{err}
	for _, id := range ids {
		if tool := readUser(s.Dirs, id); tool.yes() && all.concerns(id, tool.Decision) {
			errs = append(errs, statefile.Delete(tool.Path))
		}
	}
	return errors.Join(errs...)
}

// yes reports whether a statement lets something be sent.
func (r Statement) yes() bool {
	return r.Decision.State == Granted || r.Decision.State == Notified
}

// except prepares a refusal of all that is not about a tool. If one was about it so far,
// that ends now, as if it were lifted: it leaves its mark, and no agreement from before.
func (s Store) except(id manifest.ID) error {
	tool, now := readUser(s.Dirs, id), s.now()
	if all := readUser(s.Dirs, manifest.ID{}); all.Problem != "" || all.Decision.concerns(id, tool.Decision) {
		if tool.yes() {
			if err := statefile.Delete(tool.Path); !statefile.Done(err) {
				return err
			}
		}
	} else if m, err := readMark(markOf(s.File(manifest.ID{})), statefile.Own); err == nil {
		now = m.of(id) // which the new mark will not say any more
	}
	file := markOf(s.File(id))
	if m, err := readMark(file, statefile.Own); now.IsZero() || err == nil && !m.at.Before(now) {
		return nil
	}
	if err := statefile.Write(file, mark{at: now}.text(), 0o600, 0o700); !statefile.Done(err) {
		return err
	}
	return nil
}
