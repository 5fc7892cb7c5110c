//go:build unix && !darwin

package dirs

// onThisSystem adds the fixed place for machine-wide settings (XDG Base Directory
// specification's default), which no variable can move.
func onThisSystem(d Dirs) Dirs {
	d.System = "/etc/xdg"
	return d
}
