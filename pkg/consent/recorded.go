package consent

import (
	"errors"
	"io/fs"
	"os"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Recorded is what is recorded about the tools of a person on a machine, whatever
// the environment says. It is for programs that read only their own variable, and
// have to be told: see [Decide] for those that ask.
type Recorded struct {
	all   Standing
	tools map[manifest.ID]Standing
}

// Standing is what is recorded about one tool.
type Standing struct {
	State State  // "" if nothing is
	Why   string // for people; "" if nothing is
}

// ReadRecorded reads every decision there is: a few directories, and a file for
// each decision. What cannot be read or relied on counts as a refusal.
func ReadRecorded(d dirs.Dirs) Recorded {
	r := Recorded{tools: map[manifest.ID]Standing{}}
	for _, dir := range d.SystemConsent() {
		r.all = r.all.and(standing(readFile(fileIn(dir, manifest.ID{}), true, statefile.OwnOrRoots), machineWide))
		for _, id := range r.listed(dir) {
			r.tools[id] = r.tools[id].and(standing(readSystemTool(dir, id), machineWide))
		}
	}
	if dir := d.UserConsent(); dir != "" {
		r.all = r.all.and(standing(readUser(d, manifest.ID{}), ofAll))
		for _, id := range r.listed(dir) {
			r.tools[id] = r.tools[id].and(standing(readUser(d, id), ofTool))
		}
	}
	return r
}

// Of is what is recorded about a tool. A refusal of all is one of each.
func (r Recorded) Of(id manifest.ID) Standing { return r.all.and(r.tools[id]) }

// AllRefused reports whether every tool is refused, known or not.
func (r Recorded) AllRefused() bool { return r.all.State == Refused }

// Tools lists the tools about which something is recorded, in no order.
func (r Recorded) Tools() []manifest.ID {
	var list []manifest.ID
	for id, s := range r.tools {
		if s.State != "" {
			list = append(list, id)
		}
	}
	return list
}

// and is what two records say together: the first refusal, else whatever is said.
func (s Standing) and(o Standing) Standing {
	if s.State == Refused || o.State == "" {
		return s
	}
	if o.State == Refused || s.State == "" {
		return o
	}
	return s
}

func machineWide(r Statement) string { return refusedByMachine(r) }

func ofAll(r Statement) string  { return refusedByPerson(r, Statement{}) }
func ofTool(r Statement) string { return refusedByPerson(Statement{}, r) }

func standing(r Statement, refused func(Statement) string) Standing {
	switch {
	case r.Problem != "":
		return Standing{Refused, firstProblem(r)}
	case r.Decision.State == Refused:
		return Standing{Refused, refused(r)}
	case r.Decision.State == "":
		return Standing{}
	case r.Decision.State == Granted:
		return Standing{Granted, "you agreed" + dated(r.Decision)}
	}
	return Standing{r.Decision.State, "you were told" + dated(r.Decision)}
}

// listed lists the tools that have a file in a consent directory. One that is there
// and cannot be listed can hold a refusal of any tool.
func (r *Recorded) listed(dir string) []manifest.ID {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.all = r.all.and(Standing{Refused, dir + ": " + problem(err)})
	}
	return manifest.IDsOf(entries)
}
