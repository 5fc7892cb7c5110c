package catalogue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
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

// find finds the files in which a switch may be, the one that counts first; none if there is
// no such file for the tool. The error is [ErrElsewhere], with the reason, or says why nobody can
// know where the file is.
func (h Here) find(s FileSwitch) ([]string, error) {
	isSet := func(name string) bool { value, _ := h.Env(name); return value != "" }
	if s.isDescribed() || s.isOfMacOS() && runtime.GOOS != "darwin" || slices.ContainsFunc(s.Without, isSet) {
		return nil, nil
	}
	for _, by := range s.MovedBy {
		if err := h.moved(by, s.Upward); err != nil {
			return nil, err
		}
	}
	if s.Upward != "" {
		return h.upward(s.Path, s.Upward)
	}
	fixed, pattern := s.Path, ""
	for strings.Contains(fixed, "*") {
		pattern = path.Join(path.Base(fixed), pattern)
		fixed = path.Dir(fixed)
	}
	place, err := h.expand(fixed)
	if place == "" || err != nil {
		return nil, err
	}
	if pattern != "" {
		return match(place, pattern)
	}
	return []string{place}, nil
}

// moved is [ErrElsewhere] if what is named here has a tool read other settings; see
// [FileSwitch.MovedBy].
func (h Here) moved(by, upward string) error {
	name, word, hasWord := by, "", false
	if at := strings.LastIndex(by, "="); at >= 0 {
		name, word, hasWord = by[:at], by[at+1:], true
	}
	if !strings.ContainsAny(name, "/.") {
		if value, _ := h.Env(name); value != "" {
			return fmt.Errorf("%w: %s is set", ErrElsewhere, name)
		}
		return nil
	}
	at := FileSwitch{Path: name}
	if at.isProjects() {
		at.Upward = upward
	}
	paths, err := h.find(at)
	if len(paths) == 0 || err != nil {
		return err
	}
	if !hasWord {
		there, err := isThere(paths[0])
		if there {
			err = fmt.Errorf("%w: %s is there", ErrElsewhere, name)
		}
		return err
	}
	first, there, err := read(paths[0], FileSwitch{Format: "text"})
	if there && first != word {
		err = fmt.Errorf("%w: %s says %q", ErrElsewhere, name, first)
	}
	return err
}

// isThere reports whether there is something. A symbolic link that leads nowhere is an error:
// tools differ in what they make of it.
func isThere(path string) (bool, error) {
	_, err := os.Stat(path)
	if statefile.NotThere(err) {
		return false, statefile.Absent(path)
	}
	return err == nil, err
}

// upward finds a project's file in the directory where a tool would be started and in those
// above: the nearest, or with "key" all. One that cannot be looked for counts as found: whoever
// reads it learns why. If the way to the directory is over a symbolic link, some tools go up
// the one way, and some the other.
func (h Here) upward(path, mode string) ([]string, error) {
	found := above(h.WorkDir, path)
	if real, err := filepath.EvalSymlinks(h.WorkDir); h.WorkDir != "" && err == nil && real != h.WorkDir {
		if !sameFiles(found, above(real, path)) {
			return nil, fmt.Errorf("%w: it is started behind a symbolic link, and which directories are above is not known", ErrElsewhere)
		}
	}
	if mode == "file" && len(found) > 1 {
		found = found[:1]
	}
	return found, nil
}

func above(dir, path string) []string {
	var found []string
	for dir != "" {
		file := filepath.Join(dir, filepath.FromSlash(path))
		if _, err := os.Lstat(file); !statefile.NotThere(err) {
			found = append(found, file)
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return found
}

func sameFiles(a, b []string) bool {
	return slices.EqualFunc(a, b, func(one, other string) bool {
		x, err := os.Stat(one)
		y, err2 := os.Stat(other)
		return err == nil && err2 == nil && os.SameFile(x, y)
	})
}

// match finds the files in a directory that a pattern stands for.
func match(dir, pattern string) ([]string, error) {
	if _, err := os.ReadDir(dir); err != nil && !statefile.NotThere(err) {
		return nil, err // [fs.Glob] says nothing of it
	}
	found, err := fs.Glob(os.DirFS(dir), pattern)
	for i := range found {
		found[i] = filepath.Join(dir, filepath.FromSlash(found[i]))
	}
	return found, err
}

// expand is a path of the catalogue on this machine; "" if the variable that it begins with is
// not set, or no project's directory is known. The directories of the XDG Base Directory
// specification have its defaults. The error says why nobody can know.
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
	case ofHome && h.isRelative(first):
		return "", fmt.Errorf("%w: %s is relative, which only some tools disregard", ErrElsewhere, first[1:])
	case base == "" && ofHome, h.homeIsEmpty() && ofHome:
		return "", errNoHome
	case base == "":
		return "", nil
	}
	if ofHome {
		base = h.toolsHome(base)
	}
	return h.inWorkDir(filepath.Join(base, filepath.FromSlash(rest)))
}

// isRelative reports whether a directory's variable has a relative path.
func (h Here) isRelative(name string) bool {
	name, isVariable := strings.CutPrefix(name, "$")
	if !isVariable {
		return false
	}
	value, _ := h.Env(name)
	return value != "" && !filepath.IsAbs(value)
}

// homeIsEmpty reports whether HOME is set and empty, of which each tool makes something else.
func (h Here) homeIsEmpty() bool {
	home, set := h.Env("HOME")
	return set && home == "" && runtime.GOOS != "windows"
}

// toolsHome is a directory in the home as tools see it: they take HOME as it is, also where
// there is no such directory and usagectl turns to the account's home.
func (h Here) toolsHome(dir string) string {
	own, _ := h.Env("HOME")
	below, err := filepath.Rel(h.Dirs.Home, dir)
	if runtime.GOOS == "windows" || own == "" || h.Dirs.Home == "" || err != nil || !filepath.IsLocal(below) {
		return dir
	}
	return filepath.Join(own, below)
}

// isDescribed reports whether the catalogue can only describe where the file is, as
// "<project>/.telemetry".
func (s FileSwitch) isDescribed() bool {
	return strings.ContainsAny(s.Path, "<>(") || strings.Contains(s.Path, " ") && s.isProjects()
}

// isOfMacOS reports whether the file is in a place that only macOS has.
func (s FileSwitch) isOfMacOS() bool {
	return strings.HasPrefix(strings.TrimPrefix(s.Path, "~"), "/Library/")
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
		paths, err := h.find(s)
		return len(paths) > 0 && err == nil && slices.ContainsFunc(t.Config, func(other FileSwitch) bool {
			same, _ := h.find(other)
			return !other.isProjects() && len(same) > 0 && sameFiles(same[:1], paths[:1])
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
