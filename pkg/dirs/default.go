package dirs

import (
	"os"
	"path/filepath"
	"reflect"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Default returns the directories of the person who runs this process, from its
// environment and its system. The home is that of the environment if it is an absolute
// path to a directory, and else the one that the user database has for the account; if
// that is none either, a place is "" unless a variable names it. It reads the state
// directory's owner and mode once, for [Dirs.StateFlaw], and changes nothing.
func Default() Dirs {
	said, _ := os.UserHomeDir() // "" if it is not said
	home := firstHome(func() string { return said }, accountHome)
	d := base(os.Getenv, home)
	d.Home = home
	d = checked(onThisSystem(d))
	usual := unmoved(home)
	usual.Home, usual.System, usual.StateFlaw = d.Home, d.System, d.StateFlaw
	if !reflect.DeepEqual(d, usual) {
		d.Usual = &usual
	}
	return d
}

// firstHome is the first of the places that can be a home, or "". A place that cannot be
// looked at is one, and what is in it cannot be looked at either.
func firstHome(places ...func() string) string {
	for _, place := range places {
		home := place()
		if !filepath.IsAbs(home) {
			continue
		}
		info, err := os.Stat(home)
		if err == nil && info.IsDir() || err != nil && !statefile.NotThere(err) {
			return home
		}
	}
	return ""
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
