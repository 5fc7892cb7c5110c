package acceptance

import (
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// readmeText is README.md with single spaces.
func readmeText(t *testing.T) string {
	t.Helper()
	return strings.Join(strings.Fields(string(mustPage(t, "README.md"))), " ")
}

// TestReadmeTools holds what README.md says of the tools that are known: how many they are,
// that most do not ask usagectl, and which of the built-in manifests are on by default.
func TestReadmeTools(t *testing.T) {
	readme := readmeText(t)
	ids := (manifest.Library{}).IDs()
	known := len(catalogue.All())
	if !strings.Contains(readme, "over 200 tools") || known <= 200 || known >= 300 {
		t.Errorf("%d tools are known", known)
	}
	if !strings.Contains(readme, "Few ask usagectl: most send by themselves") || len(ids) > known/10 {
		t.Errorf("of %d tools %d ask usagectl", known, len(ids))
	}
	var on []string
	for _, id := range ids {
		if builtinManifest(t, id.String()).Consent.Default == manifest.OptOut {
			on = append(on, "`"+id.String()+"`")
		}
	}
	_, said, _ := strings.Cut(readme, "Four of the built-in manifests are: ")
	said, _, _ = strings.Cut(said, ".")
	named := codeSpan.FindAllString(said, -1)
	slices.Sort(on)
	slices.Sort(named)
	if len(on) != 4 || !slices.Equal(named, on) {
		t.Errorf("on by default are %q, and the README has %q", on, named)
	}
}
