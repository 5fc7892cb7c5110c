package dirs

import (
	"os"
	"os/user"
	"strconv"
)

const support = "/Library/Application Support"

// standard are the places of macOS, as the xdg package has them.
func standard(home string) Dirs {
	own := under(home, "Library", "Application Support")
	return Dirs{
		ConfigHome: own, StateHome: own, DataHome: own,
		ConfigDirs: []string{under(home, "Library", "Preferences"), support, "/Library/Preferences", under(home, ".config")},
		DataDirs:   []string{support, under(home, ".local", "share")},
	}
}

// onThisSystem adds the fixed place for machine-wide settings, which no variable can move.
func onThisSystem(d Dirs) Dirs {
	d.System = support
	return d
}

// accountHome is the home that the user database has for this process's account, or "".
// The system is asked: its database is no file. That takes no cgo.
func accountHome() string {
	account, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	if err != nil {
		return ""
	}
	return account.HomeDir
}
