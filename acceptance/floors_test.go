package acceptance

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/usagectl/usagectl"

// floors lists the packages from the lowest to the highest floor; those of one
// floor do not import each other, but for the floor of internal.
var floors = [][]string{
	{"internal/ci", "internal/completions", "internal/hostfacts", "internal/jsondoc", "internal/manual", "internal/process", "internal/secret", "internal/settings", "internal/shell", "internal/statefile", "internal/term"},
	{"pkg/dirs", "pkg/manifest"},
	{"pkg/catalogue", "pkg/consent", "pkg/identity"},
	{"pkg/sender"},
	{"cmd"},
	{""},
}

// goPackage is what the go command tells of a package.
type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// TestFloors holds that a lower floor never imports a higher one, that only
// pkg/sender can open an HTTP connection, and that the heavy packages have one
// importer each.
func TestFloors(t *testing.T) {
	packages := list(t)
	floor := map[string]int{}
	for i, names := range floors {
		for _, name := range names {
			floor[path.Join(module, name)] = i
		}
	}
	for name, p := range packages {
		here, known := floor[name]
		if !known {
			if !strings.HasPrefix(name, module+"/internal/") && name != module+"/acceptance" {
				t.Errorf("%s stands on no floor: add it to the list", name)
			}
			continue
		}
		for _, dep := range p.Imports {
			if there, ok := floor[dep]; ok && (there > here || there == here && here > 0) {
				t.Errorf("%s imports %s, which stands no lower", name, dep)
			}
		}
	}
	sole(t, packages, "net/http", path.Join(module, "pkg/sender"))
	sole(t, packages, "github.com/shirou/gopsutil/v3/host", path.Join(module, "internal/hostfacts"))
	sole(t, packages, "github.com/charmbracelet/lipgloss", path.Join(module, "internal/term"))
	for name, p := range packages {
		below := floor[name] < floor[path.Join(module, "pkg/sender")]
		if _, known := floor[name]; known && below && slices.Contains(p.Deps, "net/http") {
			t.Errorf("%s reaches net/http", name)
		}
		if strings.HasPrefix(name, module+"/pkg/") && slices.ContainsFunc(p.Deps, forPeople) {
			t.Errorf("%s reaches cobra or lipgloss", name)
		}
		if slices.Contains(p.Deps, "google.golang.org/grpc") {
			t.Errorf("%s reaches gRPC", name)
		}
	}
}

func forPeople(dep string) bool {
	return dep == "github.com/spf13/cobra" || dep == "github.com/charmbracelet/lipgloss"
}

// sole holds that a package of the product has one importer.
func sole(t *testing.T, packages map[string]goPackage, dep, importer string) {
	t.Helper()
	found := false
	for name, p := range packages {
		if !slices.Contains(p.Imports, dep) || name == path.Join(module, "internal/benchmark") {
			continue
		}
		found = true
		if name != importer {
			t.Errorf("%s imports %s, which only %s may", name, dep, importer)
		}
	}
	if !found {
		t.Errorf("nothing imports %s: is the list read right?", dep)
	}
}

func list(t *testing.T) map[string]goPackage {
	t.Helper()
	needProgram(t, "go")
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = repository()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]goPackage{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.ImportPath == module || strings.HasPrefix(p.ImportPath, module+"/") {
			packages[p.ImportPath] = p
		}
	}
}
