package acceptance

import (
	"os/exec"
	"path/filepath"
	"regexp"
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

// TestReadmePython runs the line that README.md has for Python, with and without a program of
// that name.
func TestReadmePython(t *testing.T) {
	needProgram(t, "python3")
	line := regexp.MustCompile("`(subprocess.run\\([^`]+\\))`; where usagectl is not installed that raises `(\\w+)`").FindStringSubmatch(readmeText(t))
	if line == nil {
		t.Fatal("the README has no such line: is it read right?")
	}
	p := newPersonIn(t, t.TempDir())
	p.declare("mytool", `schema = 1
tool = {id = "mytool", purpose = "Is sent to from Python."}
send = {transport = "file", endpoint = "~/events.jsonl"}
event = [{name = "run.end"}]
field = [{name = "exit_code", type = "int", purpose = "To see what share of runs succeed."}]
`)
	p.must("", "enable", "-q", "mytool")
	program := "import json, subprocess\nvalues = {'exit_code': 3}\nprint(" + line[1] + ".returncode)\n"
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	must(t, err)
	python := strings.TrimSpace(string(out)) // "python3" itself can be a script that takes a PATH
	for path, want := range map[string]string{filepath.Dir(p.exe): "0", t.TempDir(): line[2]} {
		cmd := exec.Command(python, "-c", program)
		cmd.Env, cmd.Dir = append(p.env, "PATH="+path), p.home
		if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), want) || want == "0" && string(out) != "0\n" {
			t.Errorf("with the path %s: %s, want %s", path, out, want)
		}
	}
	p.must("", "flush")
	if got := string(mustRead(t, filepath.Join(p.home, "events.jsonl"))); got != "{\"exit_code\":3}\n" {
		t.Errorf("it arrives as %q", got)
	}
}
