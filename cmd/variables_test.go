package cmd

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/ci"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestVariablesThatAreRead holds that no variable is looked up but those that
// docs/privacy.md says: of the help, of the facts, of the tools that are known, and of
// manifests.
func TestVariablesThatAreRead(t *testing.T) {
	p := newPerson(t)
	read := map[string]bool{}
	given := p.world.Env
	p.world.Env = func(name string) (string, bool) { read[name] = true; return given(name) }
	p.write(".local/share/usagectl/tools/acme.toml", acme)
	for _, args := range []string{
		"status", "status --all", "status acme", "status homebrew", "enable acme", "send acme run", "send acme run --endpoint-for-test 127.0.0.1:9 --wait=1ms", "inspect acme", "inspect nannyml --wire", "inspect flwr",
		"inspect stripepy --wire", "flush acme", "env", "env --all", "env --here", "disable homebrew", "enable homebrew", "forget acme --yes",
		"disable --all", "enable --all", "help", "--version", "__complete status ho",
	} {
		p.run(args)
	}
	page, err := os.ReadFile(filepath.Join("..", "docs", "privacy.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, facts, _ := strings.Cut(string(page), "## What it reads of the machine")
	facts, _, _ = strings.Cut(facts, "## What it keeps")
	p.must("help environment")
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`[A-Z][A-Z_]+`).FindAllString(facts+p.out.String(), -1) {
		named[name] = true
	}
	ci.Detect(func(name string) (string, bool) { named[name] = true; return "", false })
	tools := catalogue.All()
	for i := range tools {
		for _, v := range tools[i].Env {
			named[v.Name] = true
		}
		for _, s := range tools[i].Config {
			tools[i].Files = append(tools[i].Files, s.Path)
			for _, by := range s.MovedBy {
				named[by] = true
			}
		}
		for _, m := range regexp.MustCompile(`\$\{?(\w+)`).FindAllStringSubmatch(strings.Join(tools[i].Files, " "), -1) {
			named[m[1]] = true
		}
	}
	library := manifest.Library{Dirs: p.world.Dirs.Tools()}
	for _, id := range library.IDs() {
		m, err := library.Find(id)
		if err != nil {
			t.Fatal(err)
		}
		named[m.Identity.Env], named[m.Send.WriteKeyEnv] = true, true
		for _, r := range append(m.Consent.Refuse, m.Consent.Grant...) {
			named[r.Env] = true
		}
	}
	if len(read) < 50 {
		t.Errorf("only %d variables were looked up", len(read))
	}
	for _, name := range slices.Sorted(maps.Keys(read)) {
		if !named[name] && name != strings.ToLower(name) {
			t.Errorf("%s is looked up, and nothing says so", name)
		}
	}
}
