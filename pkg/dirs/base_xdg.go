//go:build darwin || windows

package dirs

import "github.com/adrg/xdg"

// base are the base directories of this system, as its environment moves them.
func base(func(string) string) Dirs {
	return Dirs{
		ConfigHome: xdg.ConfigHome,
		StateHome:  xdg.StateHome,
		DataHome:   xdg.DataHome,
		ConfigDirs: xdg.ConfigDirs,
		DataDirs:   xdg.DataDirs,
	}
}
