//go:build unix

package dirs

import (
	"path/filepath"
	"slices"
	"strings"
)

// base are the base directories of the XDG Base Directory specification, as the
// environment moves them, for somebody with this home; what would be in the home is "" if
// that is "". The xdg package, which says the same, is not used here: it reads a file of
// places that nobody needs whenever the program starts, and knows no home but $HOME.
func base(env func(name string) string, home string) Dirs {
	here := standard(home)
	one := func(name, standard string) string {
		if list := absolute(home, env(name), standard); len(list) > 0 {
			return list[0]
		}
		return ""
	}
	several := func(name string, standard []string) []string {
		if list := absolute(home, filepath.SplitList(env(name))...); len(list) > 0 {
			return list
		}
		return absolute(home, standard...)
	}
	return Dirs{
		ConfigHome: one("XDG_CONFIG_HOME", here.ConfigHome),
		StateHome:  one("XDG_STATE_HOME", here.StateHome),
		DataHome:   one("XDG_DATA_HOME", here.DataHome),
		ConfigDirs: several("XDG_CONFIG_DIRS", here.ConfigDirs),
		DataDirs:   several("XDG_DATA_DIRS", here.DataDirs),
	}
}

// unmoved are the places if no variable moves them.
func unmoved(home string) Dirs { return base(func(string) string { return "" }, home) }

// absolute are the absolute ones of the paths, once each, as the specification wants
// it. One may begin with the home, as ~ or $HOME, which a file that is no shell's
// script leaves as it is.
func absolute(home string, paths ...string) []string {
	var list []string
	for _, path := range paths {
		for _, word := range []string{"~", "$HOME"} {
			if rest, ok := strings.CutPrefix(path, word); ok {
				path = under(home, rest)
				break
			}
		}
		if filepath.IsAbs(path) && !slices.Contains(list, path) {
			list = append(list, path)
		}
	}
	return list
}
