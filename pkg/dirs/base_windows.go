package dirs

import (
	"path/filepath"

	"github.com/adrg/xdg"
)

// base are the base directories of this system, as its environment moves them, for
// somebody with this home; what would be in the home is "" if that is "".
func base(env func(name string) string, home string) Dirs {
	own := func(variable, path string) string {
		if home == "" && !filepath.IsAbs(env(variable)) {
			return ""
		}
		return path
	}
	return Dirs{
		ConfigHome: own("XDG_CONFIG_HOME", xdg.ConfigHome),
		StateHome:  own("XDG_STATE_HOME", xdg.StateHome),
		DataHome:   own("XDG_DATA_HOME", xdg.DataHome),
		ConfigDirs: xdg.ConfigDirs,
		DataDirs:   xdg.DataDirs,
	}
}
