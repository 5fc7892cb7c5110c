package cmd

import "golang.org/x/sys/windows"

// systemConfig is the fixed place for machine-wide settings. Windows is asked for
// it, because a variable could be set by anybody.
func systemConfig() string {
	path, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		return ""
	}
	return path
}
