package outbox

import (
	"slices"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Claimed lists the events that are being delivered, by the names of their files; none if
// that cannot be read.
func (o Outbox) Claimed() []string {
	files, _ := o.Names("claimed")
	for i, file := range files {
		files[i] = eventOf(file)
	}
	return files
}

// Ahead lists the queued events of the same run that were taken before an event, by the
// names of their files, the oldest first.
func (o Outbox) Ahead(e Entry) []string {
	names, _ := o.Names("new")
	names = slices.DeleteFunc(names, func(name string) bool { return name >= e.Name() })
	runs := o.Runs(names)
	return slices.DeleteFunc(names, func(name string) bool { return runs[name] != e.RunID || e.RunID == uuid.Nil })
}

// Runs are the runs of those of the named events that are queued or being delivered and
// can be read, by name.
func (o Outbox) Runs(names []string) map[string]uuid.UUID {
	runs := map[string]uuid.UUID{}
	if len(names) == 0 {
		return runs
	}
	files, _ := o.Names("claimed")
	claimed := map[string]string{}
	for _, file := range files {
		claimed[eventOf(file)] = file
	}
	for _, name := range names {
		for _, path := range []string{o.Path("new", name), o.Path("claimed", claimed[name]), o.Path("new", name)} { // put back in between
			data, err := statefile.Read(path, maxEntry)
			if err != nil {
				continue
			}
			if e, err := o.parse(name, data); err == nil {
				runs[name] = e.RunID
			}
			break
		}
	}
	return runs
}
