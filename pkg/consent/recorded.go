package consent

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Recorded is what is recorded about the tools of a person on a machine, whatever
// the environment says. It is for programs that read only their own variable, and
// have to be told: see [Decide] for those that ask.
type Recorded struct {
	machine []Statement // about all tools
	person  Statement   // likewise
	hidden  Standing    // a directory that may hold a refusal of any tool, and cannot be listed
	mine    map[manifest.ID]Statement
	theirs  map[manifest.ID]Standing // the machine's, of one tool
	marks   []Statement              // of refusals that were lifted, which cannot be relied on
}

// Standing is what is recorded about one tool.
type Standing struct {
	State State  // "" if nothing is
	Why   string // for people; "" if nothing is
	// Unknown says that nobody is known to have refused: the state is [Refused] because
	// what is recorded cannot be read or relied on, and may be a refusal.
	Unknown bool
}

// ReadRecorded reads every decision there is: a few directories, and a file for
// each decision. What cannot be read or relied on counts as a refusal.
func ReadRecorded(d dirs.Dirs) Recorded {
	r := ReadMachine(d)
	r.person = readUser(d, manifest.ID{})
	if dir := d.UserConsent(); dir != "" {
		for _, id := range r.listed(dir) {
			r.mine[id] = readUser(d, id)
		}
	}
	if dir := d.UsualConsent(); dir != "" && !missing(dir) {
		ids, err := idsIn(dir)
		if err != nil && unused(d) {
			ids = r.listed(dir)
		}
		for _, id := range ids {
			r.mine[id] = readUser(d, id)
		}
	}
	open := slices.DeleteFunc(r.named(), func(id manifest.ID) bool { return r.Of(id).State == Refused })
	if len(open) > 0 || !r.AllRefused() { // else all is off without a mark
		r.marks = readMarks(d, append([]manifest.ID{{}}, open...), func(mark) {})
	}
	return r
}

// RefusedElsewhere is the file of the person's refusal of all tools, if it is in the usual
// place, from which a variable moved the decisions; else "".
func (r Recorded) RefusedElsewhere() string {
	if r.person.Usual && r.person.Decision.State == Refused {
		return r.person.Path
	}
	return ""
}

// ReadMachine is [ReadRecorded] of what is refused for a machine alone, for an image, which
// nobody uses yet.
func ReadMachine(d dirs.Dirs) Recorded {
	r := Recorded{mine: map[manifest.ID]Statement{}, theirs: map[manifest.ID]Standing{}}
	for _, dir := range d.SystemConsent() {
		if missing(dir) {
			continue
		}
		r.machine = append(r.machine, readFile(fileIn(dir, manifest.ID{}), true, statefile.OwnOrRoots))
		for _, id := range r.listed(dir) {
			s := readSystemTool(dir, id)
			r.theirs[id] = r.theirs[id].and(standing(s, refusedByMachine(id, s)))
		}
	}
	return r
}

// Of is what is recorded about a tool. A refusal of all is one of each that it does not
// except, and to which the person has not agreed since.
func (r Recorded) Of(id manifest.ID) Standing {
	s := r.hidden
	for _, all := range r.machine {
		s = s.and(standing(all, refusedByMachine(id, all)))
	}
	s = s.and(standing(r.person, refusedByPerson(id, r.person, r.mine[id])))
	return s.and(r.ofItself(id))
}

// RefusedByName reports whether a tool is refused itself, and not only because all are.
func (r Recorded) RefusedByName(id manifest.ID) bool { return r.ofItself(id).State == Refused }

// ofItself is what the decisions that name a tool say of it.
func (r Recorded) ofItself(id manifest.ID) Standing {
	mine := r.mine[id]
	return r.theirs[id].and(standing(mine, refusedByPerson(id, Statement{}, mine)))
}

// AllRefused reports whether all tools are refused, known or not, but for those that
// [Recorded.Exceptions] lists.
func (r Recorded) AllRefused() bool {
	refused := r.hidden.State == Refused
	for _, all := range r.aboutAll() {
		refused = refused || all.Problem != "" || all.Decision.State == Refused
	}
	return refused
}

// Exceptions lists the tools that are not refused although all are, sorted: those that the
// refusals name, or to which the person agreed since. There are none if all are not refused.
func (r Recorded) Exceptions() []manifest.ID {
	if !r.AllRefused() {
		return nil
	}
	return slices.DeleteFunc(r.named(), func(id manifest.ID) bool { return r.Of(id).State == Refused })
}

// aboutAll is what is said of all tools, by the machine and by the person.
func (r Recorded) aboutAll() []Statement { return append([]Statement{r.person}, r.machine...) }

// named are the tools that a decision names.
func (r Recorded) named() []manifest.ID {
	set := map[manifest.ID]bool{}
	for id := range r.mine {
		set[id] = true
	}
	for id := range r.theirs {
		set[id] = true
	}
	for _, all := range r.aboutAll() {
		for _, name := range all.Decision.Except {
			if id, err := manifest.ParseID(name); err == nil {
				set[id] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b manifest.ID) int { return strings.Compare(a.String(), b.String()) })
}

// Tools lists the tools about which something is recorded, sorted.
func (r Recorded) Tools() []manifest.ID {
	return slices.DeleteFunc(r.named(), func(id manifest.ID) bool {
		return r.mine[id].Problem == "" && r.mine[id].Decision.State == "" && r.theirs[id].State == ""
	})
}

// Unreadable lists what is recorded and cannot be relied on, each file once: about all tools
// first, the person's before the machine's, then the person's about one tool, and last the
// marks of refusals that were lifted (all.refused, TOOL.refused). Of what it can be about
// usagectl sends nothing. For [Recorded.Of] a decision counts as a refusal then, a mark as nothing.
func (r Recorded) Unreadable() []Statement {
	list := r.aboutAll()
	for _, id := range r.named() {
		list = append(list, r.mine[id])
	}
	seen := map[string]bool{}
	list = slices.DeleteFunc(list, func(s Statement) bool {
		again := seen[s.Path]
		seen[s.Path] = true
		return s.Problem == "" || again
	})
	return append(list, r.marks...)
}

// and is what two records say together: the first refusal, else what may be one, else
// whatever is said.
func (s Standing) and(o Standing) Standing {
	if o.weight() > s.weight() {
		return o
	}
	return s
}

// weight orders what records say: the heaviest counts.
func (s Standing) weight() int {
	switch {
	case s.State == Refused && !s.Unknown:
		return 3
	case s.State == Refused:
		return 2
	case s.State != "":
		return 1
	}
	return 0
}

// standing is what a statement about a tool comes to, if refused is why it refuses it,
// or "".
func standing(r Statement, refused string) Standing {
	switch {
	case r.Problem != "":
		return Standing{State: Refused, Why: firstProblem(r), Unknown: true}
	case refused != "":
		return Standing{State: Refused, Why: refused}
	case r.Decision.State == Granted:
		return Standing{State: Granted, Why: "you agreed" + dated(r.Decision)}
	case r.Decision.State == Notified:
		return Standing{State: Notified, Why: "you were told" + dated(r.Decision)}
	}
	return Standing{}
}

// listed lists the tools that have a file in a consent directory. One that is there
// and cannot be listed can hold a refusal of any tool.
func (r *Recorded) listed(dir string) []manifest.ID {
	ids, err := idsIn(dir)
	if err != nil {
		r.hidden = r.hidden.and(Standing{State: Refused, Why: dir + ": " + problem(err), Unknown: true})
	}
	return ids
}

// idsIn lists the tools that have a file in a consent directory, if there is one.
func idsIn(dir string) ([]manifest.ID, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = statefile.Absent(dir)
	}
	return manifest.IDsOf(entries), err
}
