package main

// theme is a set of colours, each readable on the background.
type theme struct {
	name       string
	background string
	border     string
	text       string
	faint      string
	colors     [16]string // of the terminal, 0 to 15
}

// themes are the two that a page can have.
func themes() []theme {
	return []theme{
		{
			name: "light", background: "#f6f8fa", border: "#d1d9e0", text: "#1f2328", faint: "#59636e",
			colors: [16]string{
				"#1f2328", "#b3202a", "#116329", "#7d4e00", "#0757b8", "#7a3dcb", "#176a72", "#59636e",
				"#424a53", "#b3202a", "#116329", "#7d4e00", "#0757b8", "#7a3dcb", "#176a72", "#1f2328",
			},
		},
		{
			name: "dark", background: "#151b23", border: "#3d444d", text: "#f0f6fc", faint: "#9198a1",
			colors: [16]string{
				"#9198a1", "#ff7b72", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#d1d7e0",
				"#9198a1", "#ffa198", "#7ee787", "#f2cc60", "#a5d6ff", "#e2c5ff", "#8ce3ea", "#ffffff",
			},
		},
	}
}
