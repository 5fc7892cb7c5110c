package dirs

// onThisSystem adds the fixed place for machine-wide settings, which no variable can move.
func onThisSystem(d Dirs) Dirs {
	d.System = "/Library/Application Support"
	return d
}
