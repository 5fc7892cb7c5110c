package catalogue

import (
	"strings"
	"testing"
)

// TestNamed holds by which names other than its ID a tool is found.
func TestNamed(t *testing.T) {
	for name, want := range map[string]string{
		"brew": "homebrew", "Brew": "homebrew", "gh": "github-cli", "az": "azure-cli", "aliBuild": "alibuild", // commands
		"dbt":                "dbt-core dbt-fusion",
		"visual-studio-code": "vscode",          // a name
		"huggingface_hub":    "huggingface-hub", // a spelling of the ID
		"homebrew":           "",                // the ID itself is for Find
		"Homebrew":           "",
		"nosuch":             "", "": "", "_": "", "-": "",
	} {
		var ids []string
		for _, tool := range Named(name) {
			ids = append(ids, tool.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// TestNamedIsTheCallers holds that nobody can change the table by what was found.
func TestNamedIsTheCallers(t *testing.T) {
	Named("brew")[0].Commands[0] = "changed"
	if len(Named("brew")) != 1 {
		t.Error("the table has changed")
	}
}

// TestCommandsFindTheirTools holds that every command of the catalogue means the tools
// that install it, unless it is the ID of another tool.
func TestCommandsFindTheirTools(t *testing.T) {
	for i := range tools {
		for _, command := range tools[i].Commands {
			if _, other := find(command); other {
				continue
			}
			found := false
			for _, tool := range Named(command) {
				found = found || tool.ID == tools[i].ID
			}
			if !found {
				t.Errorf("%s does not find %s", command, tools[i].ID)
			}
		}
	}
}
