//go:build unix && !darwin

package cmd

// systemConfig is the fixed place for machine-wide settings (XDG Base Directory
// specification's default), which no variable can move.
func systemConfig() string { return "/etc/xdg" }
