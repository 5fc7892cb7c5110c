package dirs

import (
	"os"
	"path/filepath"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Default returns the directories of the person who runs this process, from its
// environment and its system. Where HOME is not set a place is "" unless a variable
// names it: below the root directory is nothing of a person's. It reads the state directory's owner and mode once, for
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
	d := base(os.Getenv)
	d.Home = home
	d.ConfigHome, d.StateHome, d.DataHome = own("XDG_CONFIG_HOME", d.ConfigHome), own("XDG_STATE_HOME", d.StateHome), own("XDG_DATA_HOME", d.DataHome)
	return checked(onThisSystem(d))
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
