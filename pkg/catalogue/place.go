package catalogue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/statefile"
)

// ErrElsewhere says that a tool may read other settings than those that the catalogue can
// point to.
var ErrElsewhere = errors.New("it may read other settings")

var errNoHome = errors.New("no home directory is known")

// Fill puts into a path, or a text, what each ${NAME:-DEFAULT} in it stands for, as in a shell:
// the variable's value or, if it is not set or empty, the default.
func Fill(text string, env func(name string) (value string, set bool)) string {
	before, name, byDefault, after, found := fallback(text)
	if !found {
		return text
	}
	value, _ := env(name)
	if value == "" {
		value = Fill(byDefault, env)
	}
	return before + value + Fill(after, env)
}

// fallback finds the first ${NAME:-DEFAULT}; the default may hold others.
func fallback(text string) (before, name, byDefault, after string, found bool) {
	before, rest, found := strings.Cut(text, "${")
	if !found {
		return "", "", "", "", false
	}
	name, rest, found = strings.Cut(rest, ":-")
	depth := 1
	for i, r := range rest {
		switch r {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			return before, name, rest[:i], rest[i+1:], found
		}
	}
	return "", "", "", "", false
}

// find finds a switch's file; "" if there is none. The error is [ErrElsewhere], with the reason,
// or says why nobody can know where the file is.
func (h Here) find(s FileSwitch) (string, error) {
	for _, by := range s.MovedBy {
		if err := h.moved(by); err != nil {
			return "", err
		}
	}
	switch {
	case s.isDescribed():
		return "", nil
	case s.Upward:
		return h.nearest(s.Path), nil
	}
	path, err := h.expand(s.Path)
	if strings.Contains(s.Path, "*") && path != "" {
		return match(path)
	}
	return path, err
}

// moved is [ErrElsewhere] if what is named here has a tool read other settings; see
// [FileSwitch.MovedBy].
func (h Here) moved(by string) error {
	at := strings.LastIndex(by, "=")
	if at < 0 {
		if value, _ := h.Env(by); value != "" {
			return fmt.Errorf("%w: %s is set", ErrElsewhere, by)
		}
		return nil
	}
	path, err := h.expand(by[:at])
	if path == "" || err != nil {
		return err
	}
	word, there, err := read(path, FileSwitch{Format: "text"})
	switch {
	case err != nil:
		return err
	case there && word != by[at+1:]:
		return fmt.Errorf("%w: %s says %q", ErrElsewhere, by[:at], word)
	}
	return nil
}

// nearest finds a file in the directory where a tool would be started or, if it is not there,
// in the nearest one above; "" if it is in none. One that cannot be looked for counts as found:
// whoever reads it learns why.
func (h Here) nearest(path string) string {
	for dir := h.WorkDir; dir != ""; {
		file := filepath.Join(dir, filepath.FromSlash(path))
		if _, err := os.Lstat(file); !statefile.NotThere(err) {
			return file
		}
		above := filepath.Dir(dir)
		if above == dir {
			break
		}
		dir = above
	}
	return ""
}

// match finds the first file that a pattern stands for; "" if there is none. What comes before the
// part with the first star is no pattern, whatever it holds.
func match(path string) (string, error) {
	dir, pattern := path, ""
	for strings.Contains(dir, "*") {
		dir, pattern = filepath.Dir(dir), filepath.Join(filepath.Base(dir), pattern)
	}
	if _, err := os.ReadDir(dir); err != nil && !statefile.NotThere(err) {
		return "", err // [fs.Glob] says nothing of it
	}
	found, err := fs.Glob(os.DirFS(dir), filepath.ToSlash(pattern))
	if len(found) == 0 || err != nil {
		return "", err
	}
	return filepath.Join(dir, filepath.FromSlash(found[0])), nil
}

// expand is a path of the catalogue on this machine; "" if the variable that it begins with is
// not set, or no project's directory is known. The directories of the XDG Base Directory specification have its defaults. The error
// says why nobody can know.
func (h Here) expand(path string) (string, error) {
	if before, name, byDefault, after, found := fallback(path); found && before == "" {
		if value, _ := h.Env(name); value != "" {
			return h.inWorkDir(value + filepath.FromSlash(after))
		}
		return h.expand(byDefault + after)
	}
	first, rest, _ := strings.Cut(path, "/")
	base, ofHome := "", true
	switch first {
	case "":
		return filepath.FromSlash(path), nil
	case "~":
		base = h.Dirs.Home
	case "$XDG_CONFIG_HOME":
		base = h.Dirs.ConfigHome
	case "$XDG_STATE_HOME":
		base = h.Dirs.StateHome
	case "$XDG_DATA_HOME":
		base = h.Dirs.DataHome
	case "$XDG_CACHE_HOME":
		if base, _ = h.Env(first[1:]); base == "" && h.Dirs.Home != "" {
			base = filepath.Join(h.Dirs.Home, ".cache")
		}
	default:
		name, isVariable := strings.CutPrefix(first, "$")
		if base, ofHome = h.WorkDir, false; isVariable {
			base, _ = h.Env(name)
		} else {
			rest = path
		}
	}
	switch {
	case base == "" && ofHome:
		return "", errNoHome
	case base == "":
		return "", nil
	}
	return h.inWorkDir(filepath.Join(base, filepath.FromSlash(rest)))
}

// isDescribed reports whether the catalogue can only describe where the file is, as
// "<project>/.telemetry".
func (s FileSwitch) isDescribed() bool {
	return strings.ContainsAny(s.Path, "<>(") || strings.Contains(s.Path, " ") && s.isProjects()
}

// isProjects reports whether the file is one of a project.
func (s FileSwitch) isProjects() bool { return strings.IndexAny(s.Path, "~/$") != 0 }

// settings are the switches of a tool in files, but for a project's that is the file of another
// one: a directory that is everybody's home is no project's.
func (h Here) settings(t *Tool) []FileSwitch {
	return slices.DeleteFunc(slices.Clone(t.Config), func(s FileSwitch) bool {
		if !s.isProjects() {
			return false
		}
		path, err := h.find(s)
		return path != "" && err == nil && slices.ContainsFunc(t.Config, func(other FileSwitch) bool {
			same, _ := h.find(other)
			return !other.isProjects() && same == path
		})
	})
}

// inWorkDir is a path as a tool sees it that is started here. The error is [ErrElsewhere] if
// nobody can know where that is.
func (h Here) inWorkDir(path string) (string, error) {
	switch {
	case filepath.IsAbs(path):
		return filepath.Clean(path), nil
	case h.WorkDir == "":
		return "", fmt.Errorf("%w: it would look for %s where it is started", ErrElsewhere, path)
	}
	return filepath.Join(h.WorkDir, filepath.FromSlash(path)), nil
}
