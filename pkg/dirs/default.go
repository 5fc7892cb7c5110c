package dirs

import (
	"os"
	"path/filepath"

	"github.com/adrg/xdg"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Default returns the directories of the person who runs this process, from its
// environment and its system. Where HOME is not set a place is "" unless a variable
// names it: the xdg package takes the root directory then, where nothing of a
// person's belongs. It reads the state directory's owner and mode once, for
// [Dirs.StateFlaw], and changes nothing.
func Default() Dirs {
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		home = ""
	}
	own := func(variable, path string) string {
		if home == "" && !filepath.IsAbs(os.Getenv(variable)) {
			return ""
		}
		return path
	}
	return checked(onThisSystem(Dirs{
		Home:       home,
		ConfigHome: own("XDG_CONFIG_HOME", xdg.ConfigHome),
		StateHome:  own("XDG_STATE_HOME", xdg.StateHome),
		DataHome:   own("XDG_DATA_HOME", xdg.DataHome),
		ConfigDirs: xdg.ConfigDirs,
		DataDirs:   xdg.DataDirs,
	}))
}

// checked finds out, once for all that the program does, whether the state directory
// is a directory that only this user can have filled.
func checked(d Dirs) Dirs {
	if dir := d.UncheckedStateDir(); dir != "" {
		if err := statefile.CheckDir(dir); err != nil {
			d.StateFlaw = statefile.Reason(err)
		}
	}
	return d
}
