package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Dir is the directory of journals below usagectl's state directory.
func Dir(state string) string { return filepath.Join(state, "journal") }

// Ending is how a journal's name ends, behind the tool's ID. The older half of a journal that
// was full has ".1" behind it.
const Ending = ".jsonl"

// Exists reports whether there is a journal, whatever is in it; in doubt there is.
func (j Journal) Exists() bool {
	for _, path := range []string{j.path, j.path + ".1", j.markPath()} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}
