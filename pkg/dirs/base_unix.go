//go:build unix && !darwin

package dirs

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// base are the base directories of the XDG Base Directory specification, as the
// environment moves them. The xdg package, which says the same, is not used here: it
// reads a file of places that nobody needs whenever the program starts.
func base(env func(name string) string) Dirs {
	home := cmp.Or(env("HOME"), "/")
	one := func(name string, standard ...string) string {
		if list := absolute(home, env(name), filepath.Join(append([]string{home}, standard...)...)); len(list) > 0 {
			return list[0]
		}
		return ""
	}
	several := func(name string, standard ...string) []string {
		if list := absolute(home, filepath.SplitList(env(name))...); len(list) > 0 {
			return list
		}
		return standard
	}
	return Dirs{
		ConfigHome: one("XDG_CONFIG_HOME", ".config"),
		StateHome:  one("XDG_STATE_HOME", ".local", "state"),
		DataHome:   one("XDG_DATA_HOME", ".local", "share"),
		ConfigDirs: several("XDG_CONFIG_DIRS", "/etc/xdg"),
		DataDirs:   several("XDG_DATA_DIRS", "/usr/local/share", "/usr/share"),
	}
}

// absolute are the absolute ones of the paths, once each, as the specification wants
// it. One may begin with the home, as ~ or $HOME, which a file that is no shell's
// script leaves as it is.
func absolute(home string, paths ...string) []string {
	var list []string
	for _, path := range paths {
		for _, word := range []string{"~", "$HOME"} {
			if rest, ok := strings.CutPrefix(path, word); ok {
				path = filepath.Join(home, rest)
				break
			}
		}
		if filepath.IsAbs(path) && !slices.Contains(list, path) {
			list = append(list, path)
		}
	}
	return list
}
