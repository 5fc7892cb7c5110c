package consent

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
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
const maxMark = 64 << 10

// A mark is a line: the time, and after that the tools that a refusal of all was not about.
type mark struct {
	at     time.Time
	except []string
}

func (m mark) text() []byte {
	return []byte(strings.Join(append([]string{m.at.UTC().Format(time.RFC3339Nano)}, m.except...), " ") + "\n")
}

// of is when the refusal was in force for a tool last; the zero time if it never was.
func (m mark) of(id manifest.ID) time.Time {
	if slices.Contains(m.except, id.String()) {
		return time.Time{}
	}
	return m.at
}

// lift takes back the person's refusal in a consent file, and marks it, durably. It
// is no error if somebody else was quicker. On an error the refusal holds, unless it
// is [ErrNotDurable].
func lift(file string, m mark) error {
	marked := statefile.Write(markOf(file), m.text(), 0o600, 0o700)
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
		file := markOf(fileIn(dir, id))
		if m, err := readMark(file, statefile.Own); err != nil || m.at.After(now) {
			errs = append(errs, statefile.Write(file, mark{now, m.except}.text(), 0o600, 0o700))
		}
	}
	return errors.Join(errs...)
}

// RefusedAt is when a refusal that concerned the tool, the person's or the machine's, was
// in force last, as far as that is marked; the zero time if none was. An error means
// that this cannot be told.
func RefusedAt(d dirs.Dirs, id manifest.ID) (time.Time, error) {
	var last time.Time
	bad := readMarks(d, []manifest.ID{{}, id}, func(m mark) {
		if at := m.of(id); at.After(last) {
			last = at
		}
	})
	if len(bad) > 0 {
		return last, errors.New(bad[0].Path + ": " + bad[0].Problem)
	}
	return last, nil
}

// readMarks reads the person's and the machine's marks about some tools, and about all with
// the zero ID. It returns those that cannot be relied on.
func readMarks(d dirs.Dirs, about []manifest.ID, read func(mark)) []Statement {
	var bad []Statement
	look := func(dir string, trusted func(os.FileInfo) error, counts bool) {
		if dir == "" || missing(dir) {
			return
		}
		for _, id := range about {
			path := markOf(fileIn(dir, id))
			if m, err := readMark(path, trusted); err == nil {
				read(m)
			} else if counts {
				bad = append(bad, Statement{Path: path, Problem: problem(err)})
			}
		}
	}
	look(d.UserConsent(), statefile.Own, true)
	look(d.UsualConsent(), statefile.Own, unused(d))
	for _, dir := range d.SystemConsent() {
		look(dir, statefile.OwnOrRoots, true)
	}
	return bad
}

// readMark reads a mark; the zero value if there is none, or with an error.
func readMark(path string, trusted func(os.FileInfo) error) (mark, error) {
	data, info, err := statefile.ReadRegular(path, maxMark, false)
	if errors.Is(err, os.ErrNotExist) {
		if err = statefile.Absent(filepath.Dir(path)); err == nil {
			return mark{}, nil
		}
	}
	if err == nil {
		err = trusted(info)
	}
	var m mark
	if err == nil {
		m, err = parseMark(string(data))
	}
	if err != nil {
		return mark{}, err
	}
	return m, nil
}

func parseMark(text string) (mark, error) {
	at, tools, _ := strings.Cut(strings.TrimSpace(text), " ")
	m := mark{except: strings.Fields(tools)}
	if err := checkExceptions(m.except); err != nil {
		return mark{}, err
	}
	var err error
	m.at, err = time.Parse(time.RFC3339Nano, at)
	return m, err
}
