package cmd

// systemConfig is the fixed place for machine-wide settings, which no variable can move.
func systemConfig() string { return "/Library/Application Support" }
