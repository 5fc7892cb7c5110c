package dirs

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// onThisSystem puts things where Windows has a place for them, which the xdg
// package does in part: decisions go with the person from machine to machine, and
// so into %APPDATA%. What waits in the outbox, the journal and the keys stay on their machine, for
// two copies of an outbox would be delivered twice.
//
// Machine-wide refusals are in %ProgramData%, where anybody can put one. Manifests
// are looked for where only an administrator can, because they say what is sent and where to.
//
// Windows is asked for these places: a variable could be set by anybody.
func onThisSystem(d Dirs) Dirs {
	d.System = knownFolder(windows.FOLDERID_ProgramData)
	if d.ConfigHome != "" && !filepath.IsAbs(os.Getenv("XDG_CONFIG_HOME")) {
		d.ConfigHome = knownFolder(windows.FOLDERID_RoamingAppData)
	}
	if os.Getenv("XDG_CONFIG_DIRS") == "" {
		d.ConfigDirs = nil
	}
	if os.Getenv("XDG_DATA_DIRS") == "" {
		d.DataDirs = programDirs()
	}
	return d
}

func programDirs() []string { return []string{knownFolder(windows.FOLDERID_ProgramFiles)} }

// unmoved are the places if no variable moves them.
func unmoved(string) Dirs {
	local := knownFolder(windows.FOLDERID_LocalAppData)
	return Dirs{ConfigHome: knownFolder(windows.FOLDERID_RoamingAppData), StateHome: local, DataHome: local, DataDirs: programDirs()}
}

// accountHome is the profile that Windows has for this process's account, or "".
func accountHome() string { return knownFolder(windows.FOLDERID_Profile) }

// knownFolder is a place that Windows knows, or "".
func knownFolder(id *windows.KNOWNFOLDERID) string {
	path, err := windows.KnownFolderPath(id, windows.KF_FLAG_DONT_VERIFY)
	if err != nil {
		return ""
	}
	return path
}
