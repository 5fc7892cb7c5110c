package cmd

import "github.com/usagectl/usagectl/internal/dirs"

// onThisSystem adds the fixed place for machine-wide settings, which no variable can move.
func onThisSystem(d dirs.Dirs) dirs.Dirs {
	d.System = "/Library/Application Support"
	return d
}
