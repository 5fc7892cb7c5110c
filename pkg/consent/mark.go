package consent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// A refusal leaves a mark beside its file that outlasts it and says when it was in
// force last. An event that was taken before that never leaves, however late whoever
// took it comes to queue it, and however the refusal was lifted: the agreement may be
// the same as before, so it does not tell them apart.

// markOf is the mark of a consent file.
func markOf(file string) string { return strings.TrimSuffix(file, ".toml") + ".refused" }

// maxMark is the size, in bytes, of the largest mark that is read.
const maxMark = 64

func markAt(now time.Time) []byte { return []byte(now.UTC().Format(time.RFC3339Nano) + "\n") }

// lift takes back the person's refusal in a consent file, and marks it, durably. It
// is no error if somebody else was quicker. On an error the refusal holds, unless it
// is [ErrNotDurable].
func lift(file string, now time.Time) error {
	marked := statefile.Write(markOf(file), markAt(now), 0o600, 0o700)
	if !statefile.Done(marked) {
		return marked
	}
	err := statefile.Delete(file)
	_ = statefile.Sweep(filepath.Dir(file)) // what is left there has no say, and the next decision sweeps it up
	return errors.Join(err, marked)
}

// heal rewrites the person's marks for a tool, or for all with the zero ID, that
// cannot be read or are in the future, as a wrong clock leaves them: no refusal is in
// force any more. It is for somebody who agrees, or lifts a refusal, now.
func heal(d dirs.Dirs, id manifest.ID, now time.Time) error {
	dir := d.UserConsent()
	if dir == "" {
		return nil
	}
	var errs []error
	for _, id := range []manifest.ID{{}, id} {
		mark := markOf(fileIn(dir, id))
		if at, err := readMark(mark, statefile.Own); err != nil || at.After(now) {
			errs = append(errs, statefile.Write(mark, markAt(now), 0o600, 0o700))
		}
	}
	return errors.Join(errs...)
}

// RefusedAt is when a refusal that concerned the tool, the person's or the machine's, was
// in force last, as far as that is marked; the zero time if none was. An error means
// that this cannot be told.
func RefusedAt(d dirs.Dirs, id manifest.ID) (time.Time, error) {
	var last time.Time
	look := func(dir string, trusted func(os.FileInfo) error) error {
		if missing(dir) {
			return nil
		}
		for _, id := range []manifest.ID{{}, id} {
			at, err := readMark(markOf(fileIn(dir, id)), trusted)
			if err != nil {
				return err
			}
			if at.After(last) {
				last = at
			}
		}
		return nil
	}
	if dir := d.UserConsent(); dir != "" {
		if err := look(dir, statefile.Own); err != nil {
			return last, err
		}
	}
	for _, dir := range d.SystemConsent() {
		if err := look(dir, statefile.OwnOrRoots); err != nil {
			return last, err
		}
	}
	return last, nil
}

func readMark(path string, trusted func(os.FileInfo) error) (time.Time, error) {
	data, info, err := statefile.ReadRegular(path, maxMark, false)
	if errors.Is(err, os.ErrNotExist) {
		return time.Time{}, nil
	}
	if err == nil {
		err = trusted(info)
	}
	var at time.Time
	if err == nil {
		at, err = time.Parse(time.RFC3339Nano, strings.TrimSpace(string(data)))
	}
	if err != nil {
		return at, fmt.Errorf("%s: %s", path, problem(err))
	}
	return at, nil
}
