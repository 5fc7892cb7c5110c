package outbox

import (
	"bytes"
	"errors"
	"os"
	"slices"

	"github.com/usagectl/usagectl/internal/statefile"
)

// ManifestFiles are the files that were given with --manifest for events that are kept here,
// each once. Of a long queue only some are looked at.
func (o Outbox) ManifestFiles() ([]string, error) {
	var list []string
	var errs []error
	for _, part := range []string{"new", "claimed", "rejected"} {
		err := statefile.EachName(o.Path(part), func(names []string) error {
			for _, name := range names {
				data, err := statefile.Read(o.Path(part, name), 4*maxEntry)
				if err != nil {
					continue // it was moved meanwhile, or is no event
				}
				if e, err := ParseEntry(data); err == nil && e.Tool == o.tool && e.Manifest != "" && !slices.Contains(list, e.Manifest) {
					list = append(list, e.Manifest)
				}
			}
			return errStop
		})
		if !errors.Is(err, errStop) && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, o.packed(func(name string, entry []byte) {
		if !bytes.Contains(entry, []byte(`"manifest":`)) {
			return
		}
		if e, err := o.parse(name, entry); err == nil && e.Manifest != "" && !slices.Contains(list, e.Manifest) {
			list = append(list, e.Manifest)
		}
	}))
	return list, errors.Join(errs...)
}
