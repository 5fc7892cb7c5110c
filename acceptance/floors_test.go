package acceptance

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/usagectl/usagectl"

// floors lists the packages of the program from the lowest floor to the highest. A package
// imports only what is on a lower one. "internal/..." stands for all packages there: they may
// import each other, for Go allows no circles.
var floors = [][]string{
	{"internal/...", "completions"},
	{"pkg/dirs", "pkg/manifest"},
	{"pkg/catalogue", "pkg/consent", "pkg/identity"},
	{"pkg/lint"},
	{"pkg/sender/internal/backoff", "pkg/sender/internal/lease", "pkg/sender/internal/note", "pkg/sender/internal/payload", "pkg/sender/internal/writekey"},
	{"pkg/sender/internal/journal", "pkg/sender/internal/outbox", "pkg/sender/internal/transport"},
	{"pkg/sender/internal/deletion"},
	{"pkg/sender"},
	{"cmd"},
	{""},
}

// beside are the packages that stand beside the house: what builds it and what tests it. They
// may import everything, and no package of the program may import them.
var beside = []string{
	"acceptance", "docs/schemas", "tools/...", "internal/testuser", "pkg/sender/internal/sendertest",
}

// goPackage is what the go command tells of a package.
type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Export     string // the file with what it exports
}

// TestFloors holds that a package imports only lower ones, that one package can open an HTTP
// connection, and that the heavy packages have one importer each.
func TestFloors(t *testing.T) {
	t.Parallel()
	packages := list(t)
	sender := floorOf("pkg/sender/internal/backoff")
	for name, p := range packages {
		if isBeside(name) {
			continue
		}
		here := floorOf(name)
		if here < 0 {
			t.Errorf("%s stands on no floor: add it to the list", name)
			continue
		}
		for _, dep := range p.Imports {
			checkArrow(t, name, here, own(dep))
		}
		if here < sender && slices.Contains(p.Deps, "net/http") {
			t.Errorf("%s reaches net/http", name)
		}
		if strings.HasPrefix(name, "pkg/") && slices.ContainsFunc(p.Deps, forPeople) {
			t.Errorf("%s reaches cobra or lipgloss", name)
		}
		if slices.Contains(p.Deps, "google.golang.org/grpc") {
			t.Errorf("%s reaches gRPC", name)
		}
	}
	sole(t, packages, "net/http", "pkg/sender")
	sole(t, packages, "github.com/shirou/gopsutil/v3/mem", "internal/hostfacts")
	sole(t, packages, "github.com/charmbracelet/lipgloss", "internal/term")
}

// checkArrow holds that a package may import another one of this module; dep is "." for one
// of another module.
func checkArrow(t *testing.T, name string, here int, dep string) {
	t.Helper()
	switch there := floorOf(dep); {
	case dep == ".":
	case isBeside(dep):
		t.Errorf("%s imports %s, which is no part of the program", name, dep)
	case there > here, there == here && !matches("internal/...", name):
		t.Errorf("%s imports %s, which stands no lower", name, dep)
	}
}

// own is the path of a package in this module, "" for the program itself and "." for a
// package of another module.
func own(importPath string) string {
	if importPath == module {
		return ""
	}
	if name, ok := strings.CutPrefix(importPath, module+"/"); ok {
		return name
	}
	return "."
}

// floorOf is the number of the floor on which a package stands, -1 for none.
func floorOf(name string) int {
	return slices.IndexFunc(floors, func(names []string) bool { return anyMatches(names, name) })
}

func isBeside(name string) bool { return anyMatches(beside, name) }

func anyMatches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, name) })
}

// matches reports whether a pattern such as "pkg/dirs" or "internal/..." stands for a package.
func matches(pattern, name string) bool {
	if below, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(name, below)
	}
	return name == pattern
}

func forPeople(dep string) bool {
	return dep == "github.com/spf13/cobra" || dep == "github.com/charmbracelet/lipgloss"
}

// sole holds that a package is imported in one place: by that package, or by those below
// it. What stands beside the house does not count.
func sole(t *testing.T, packages map[string]goPackage, dep, place string) {
	t.Helper()
	var importers []string
	for name, p := range packages {
		if slices.Contains(p.Imports, dep) && !isBeside(name) {
			importers = append(importers, name)
		}
	}
	elsewhere := func(name string) bool { return !matches(place, name) && !matches(place+"/...", name) }
	if len(importers) == 0 || slices.ContainsFunc(importers, elsewhere) {
		t.Errorf("%s is imported by %q, and may be in %s alone", dep, importers, place)
	}
}

// list asks the go command about the packages of this module, by their paths in it.
func list(t *testing.T) map[string]goPackage {
	t.Helper()
	packages := map[string]goPackage{}
	for _, p := range goList(t, "-deps", "-json=ImportPath,Imports,Deps", "./...") {
		if name := own(p.ImportPath); name != "." {
			packages[name] = p
		}
	}
	return packages
}

func goList(t *testing.T, args ...string) []goPackage {
	t.Helper()
	needProgram(t, "go")
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = repository()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// TestArchitecturePackages holds that docs/architecture.md says what each package is, and
// names none that is not there.
func TestArchitecturePackages(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(string(mustPage(t, "docs/architecture.md")), "\n## Packages\n")
	section, _, _ = strings.Cut(section, "\n## ")
	said := map[string]bool{}
	for line := range strings.Lines(section) {
		names, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		for i, name := range strings.Split(names, "`") {
			if below, ok := strings.CutPrefix(name, ".../"); ok {
				name = "pkg/sender/internal/" + below
			}
			if i%2 == 1 && name != "main" && name != "acceptance/receivers" { // which is a module of its own
				said[name] = true
			}
		}
	}
	there := list(t)
	for name := range there {
		if !said[name] && name != "" && name != "acceptance" {
			t.Errorf("the page does not say what %s is", name)
		}
	}
	for name := range said {
		if _, ok := there[name]; !ok && name != "acceptance" {
			t.Errorf("the page names %s, which is not there", name)
		}
	}
}
