package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Dir is the directory of journals below usagectl's state directory.
func Dir(state string) string { return filepath.Join(state, "journal") }

// MarkDir is the directory below usagectl's state directory of the marks of journals that lack
// something and that cannot be marked where they are: a file of a tool's name each. See
// [Journal.Mark].
func MarkDir(state string) string { return filepath.Join(state, "unrecorded") }

// Ending is how a journal's name ends, behind the tool's ID. The older half of a journal that
// was full has ".1" behind it.
const Ending = ".jsonl"

// Exists reports whether there is a journal or a mark of it, whatever is in it; in doubt there is.
func (j Journal) Exists() bool {
	for _, path := range append(j.marks(), j.path, j.path+".1") {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}
