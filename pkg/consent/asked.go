package consent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// How often a person is asked whether they agree to a tool: at most MostAsked times
// ever, as long as they do not answer, and not twice within AskAgainAfter.
const (
	MostAsked     = 3
	AskAgainAfter = 24 * time.Hour
)

// Why [Store.BeginAsking] says that a person is not to be asked now.
var (
	// ErrAskedLately says that they were asked less than [AskAgainAfter] ago, or that
	// another process asks them now.
	ErrAskedLately = errors.New("you were asked less than a day ago")
	// ErrAskedEnough says that they were asked [MostAsked] times.
	ErrAskedEnough = fmt.Errorf("you were asked %d times, and are not asked again", MostAsked)
	// ErrAskedUnknown says that it cannot be told when they were asked.
	ErrAskedUnknown = errors.New("it cannot be told when you were asked")
)

// An asking is a file beside the decision that it is about, with the time in it. The first
// is TOOL.asked-1, and each is made exclusively before the question is shown: of two
// processes that would ask at once one does, and a question that ended with the terminal
// or the power counts too. A decision about the tool removes them.

// maxAsking is the size, in bytes, of the largest asking that is read.
const maxAsking = 64

// askingsOf is what follows the tool's ID in the names of its askings.
const askingsOf = ".asked-"

// BeginAsking records, durably, that the person is asked about a tool now. It returns how
// often they can be asked after this. The question is shown only if the error is nil or
// [ErrNotDurable]; others are [ErrAskedLately], [ErrAskedEnough] and
// [ErrAskedUnknown], and those of the disk, on which an answer could not be recorded either.
func (s Store) BeginAsking(id manifest.ID) (left int, err error) {
	if s.File(id) == "" {
		return 0, ErrNoConfigHome
	}
	free := 0
	for n := MostAsked; n > 0; n-- {
		at, err := readAsking(s.asking(id, n))
		switch {
		case errors.Is(err, os.ErrNotExist):
			free = n
		case err != nil:
			return 0, fmt.Errorf("%w: %s: %s", ErrAskedUnknown, s.asking(id, n), problem(err))
		case s.now().Sub(at) < AskAgainAfter: // also of a clock that was wrong
			return 0, ErrAskedLately
		}
	}
	if free == 0 {
		return 0, ErrAskedEnough
	}
	text := s.now().UTC().Format(time.RFC3339) + "\n"
	err = statefile.Create(s.asking(id, free), []byte(text), 0o700)
	if errors.Is(err, os.ErrExist) {
		return 0, ErrAskedLately
	}
	return MostAsked - free, err
}

// asking is the file of the nth time that the person is asked about a tool.
func (s Store) asking(id manifest.ID, n int) string {
	return strings.TrimSuffix(s.File(id), ".toml") + askingsOf + strconv.Itoa(n)
}

// readAsking reads when a person was asked.
func readAsking(path string) (time.Time, error) {
	data, info, err := statefile.ReadRegular(path, maxAsking, false)
	if err == nil {
		err = statefile.Own(info)
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339, strings.TrimSpace(string(data)))
}

// ForgetAsking removes what is recorded of how often the person was asked about a tool,
// or, with the zero ID, about each.
func (s Store) ForgetAsking(id manifest.ID) error {
	file := s.File(id)
	if file == "" {
		return nil
	}
	if !id.IsZero() {
		var errs []error
		for n := 1; n <= MostAsked; n++ {
			errs = append(errs, statefile.IgnoreMissing(statefile.Remove(s.asking(id, n))))
		}
		return errors.Join(errs...)
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	errs := []error{statefile.IgnoreMissing(err)}
	for _, e := range entries {
		if at := strings.LastIndex(e.Name(), askingsOf); at >= 0 {
			if tool, err := manifest.ParseID(e.Name()[:at]); err == nil {
				errs = append(errs, s.ForgetAsking(tool))
			}
		}
	}
	return errors.Join(errs...)
}

// asked reports whether a person was asked about a tool, and has not decided since.
func asked(d dirs.Dirs, id manifest.ID) bool {
	_, err := os.Lstat(Store{Dirs: d}.asking(id, 1))
	return err == nil
}
