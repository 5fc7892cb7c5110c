package outbox

import (
	"errors"
	"os"
	"slices"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Others lists, by the names of their files, the events that other processes deliver, and the
// queued ones that are missing from names though they were taken before the last of it. names
// was read from the queue, is sorted, and is not empty. Other processes move events between
// the two parts meanwhile, so each part is listed twice.
func (o Outbox) Others(names []string) []string {
	var list []string
	for range 2 {
		claimed, _ := o.Names("claimed") // if that cannot be read nothing can be claimed either
		for _, file := range claimed {
			list = append(list, eventOf(file))
		}
		queued, _ := o.Names("new")
		for _, name := range queued {
			if _, known := slices.BinarySearch(names, name); !known && name < names[len(names)-1] {
				list = append(list, name)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
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
// can be read, by name. One that others move meanwhile is looked for again.
func (o Outbox) Runs(names []string) map[string]uuid.UUID {
	runs := map[string]uuid.UUID{}
	for range 3 {
		if len(names) == 0 {
			break
		}
		files, _ := o.Names("claimed")
		claimed := map[string]string{}
		for _, file := range files {
			claimed[eventOf(file)] = file
		}
		var missing []string
		for _, name := range names {
			data, err := statefile.Read(o.Path("new", name), maxEntry)
			if file := claimed[name]; errors.Is(err, os.ErrNotExist) && file != "" {
				data, err = statefile.Read(o.Path("claimed", file), maxEntry)
			}
			if errors.Is(err, os.ErrNotExist) {
				missing = append(missing, name)
			}
			if err != nil {
				continue
			}
			if e, err := o.parse(name, data); err == nil {
				runs[name] = e.RunID
			}
		}
		names = missing
	}
	return runs
}
