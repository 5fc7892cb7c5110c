//go:build unix && !darwin

package cmd

import "github.com/usagectl/usagectl/internal/dirs"

// onThisSystem adds the fixed place for machine-wide settings (XDG Base Directory
// specification's default), which no variable can move.
func onThisSystem(d dirs.Dirs) dirs.Dirs {
	d.System = "/etc/xdg"
	return d
}
