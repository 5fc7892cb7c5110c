//go:build linux

package acceptance

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func imagesPage(t testing.TB) string {
	t.Helper()
	return string(mustRead(t, repository("docs/images.md")))
}

// runLines are the commands of the page's Dockerfiles.
func runLines(page string) []string {
	var list []string
	for _, block := range blocks(page, "dockerfile") {
		for _, m := range regexp.MustCompile(`(?m)^RUN (.*)$`).FindAllStringSubmatch(block, -1) {
			list = append(list, m[1])
		}
	}
	return list
}

// TestImagesPage runs every command of docs/images.md that can be run, in /etc
// directories of its own: those of one block in one place, those in the text each in
// another.
func TestImagesPage(t *testing.T) {
	t.Parallel()
	page := imagesPage(t)
	groups := [][]string{runLines(page)}
	for _, block := range blocks(page, "sh") {
		groups = append(groups, strings.Split(strings.TrimSpace(block), "\n"))
	}
	for _, block := range blocks(page, "yaml") {
		groups = append(groups, yamlCommands(t, block))
	}
	text := regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(page, "")
	for _, m := range regexp.MustCompile("`((?:usagectl|eval) [^`]+)`").FindAllStringSubmatch(text, -1) {
		if m[1] != "usagectl enable" && !strings.HasSuffix(m[1], " TOOL") { // which take a tool; the text only names them
			groups = append(groups, []string{m[1]})
		}
	}
	commands := 0
	for _, group := range groups {
		place := newPlace(t)
		for _, command := range group {
			commands++
			out := place.run(command)
			place.written(command)
			place.jsonTold(command, out)
		}
	}
	if commands < 14 {
		t.Errorf("only %d commands were found: is the page read right? %q", commands, groups)
	}
}

// TestImagesPageVariables holds that the page shows what the program prints.
func TestImagesPageVariables(t *testing.T) {
	lines := strings.Split(newPlace(t).run("usagectl env --all --shell docker --quiet"), "\n")
	shown := regexp.MustCompile(`(?m)^ENV .*$`).FindAllString(strings.Join(blocks(imagesPage(t), "dockerfile"), "\n"), -1)
	for _, line := range shown {
		if !slices.Contains(lines, line) {
			t.Errorf("%q is not what the program prints", line)
		}
	}
	if len(shown) == 0 {
		t.Error("the page shows no ENV line: is it read right?")
	}
}

// TestImagesPageArtifact holds that GitLab is told the file that the script writes.
func TestImagesPageArtifact(t *testing.T) {
	var jobs map[string]struct {
		Script    []string
		Artifacts struct{ Reports struct{ Dotenv string } }
	}
	found := 0
	for _, block := range blocks(imagesPage(t), "yaml") {
		if yaml.Unmarshal([]byte(block), &jobs) != nil {
			continue // another program's
		}
		for name, job := range jobs {
			found++
			if report := job.Artifacts.Reports.Dotenv; report == "" || !strings.HasSuffix(strings.Join(job.Script, "\n"), "> "+report) {
				t.Errorf("%s writes %q and hands on %q", name, job.Script, report)
			}
		}
	}
	if found != 1 {
		t.Errorf("%d jobs were found: is the page read right?", found)
	}
}

// yamlCommands are the commands in a settings file of a CI system or of Ansible.
func yamlCommands(t testing.TB, text string) []string {
	t.Helper()
	var doc any
	must(t, yaml.UnmarshalWithOptions([]byte(text), &doc, yaml.UseOrderedMap()))
	list := commandsIn(doc, false)
	if len(list) == 0 {
		t.Errorf("no command in\n%s", text)
	}
	return list
}

// commandsIn are those below a node of such a file; those are what a key like "run"
// is for.
func commandsIn(node any, areCommands bool) []string {
	var list []string
	switch node := node.(type) {
	case string:
		if areCommands {
			list = strings.Split(strings.TrimSpace(node), "\n")
		}
	case []any:
		for _, item := range node {
			list = append(list, commandsIn(item, areCommands)...)
		}
	case yaml.MapSlice:
		keys := []any{"run", "script", "before_script", "after_script", "ansible.builtin.command", "ansible.builtin.shell"}
		for _, item := range node {
			list = append(list, commandsIn(item.Value, slices.Contains(keys, item.Key))...)
		}
	}
	return list
}

// place is where commands of the page are run: a home, and below it what they take for
// /etc/xdg, /etc/profile.d and the tree of an image.
type place struct {
	t   *testing.T
	dir string
}

func newPlace(t *testing.T) place {
	t.Helper()
	p := place{t, t.TempDir()}
	for _, dir := range []string{"xdg", "profile.d", "tree/etc/profile.d"} {
		must(t, os.MkdirAll(filepath.Join(p.dir, dir), 0o755))
	}
	write(t, filepath.Join(p.dir, "bin/ray"), "#!/bin/sh\n") // a tool that is here
	must(t, os.Chmod(filepath.Join(p.dir, "bin/ray"), 0o755))
	return p
}

// run runs a command in a mount namespace, and gives what it prints on stdout.
func (p place) run(command string) string {
	p.t.Helper()
	const inside = `mkdir -p /etc/xdg /etc/profile.d && mount --bind xdg /etc/xdg && mount --bind profile.d /etc/profile.d && exec sh -ec "$1"`
	c := exec.Command("sh", "-c", inside, "sh", command)
	c.Dir = p.dir
	c.Env = []string{"HOME=" + p.dir, "PATH=" + filepath.Join(p.dir, "bin") + ":" + os.Getenv("PATH"), "GITHUB_ENV=" + filepath.Join(p.dir, "github.env")}
	inOwnMounts(c)
	var msg bytes.Buffer
	c.Stderr = &msg
	out, err := c.Output()
	if err != nil {
		p.t.Errorf("$ %s\n%v\n%s", command, err, msg.String())
	}
	return string(out)
}

// written holds that the file which a command writes has the variables.
func (p place) written(command string) {
	p.t.Helper()
	m := regexp.MustCompile(`>>? *"?([^"]+)"?$`).FindStringSubmatch(command)
	if m == nil {
		return
	}
	file := strings.NewReplacer("$GITHUB_ENV", "github.env", "/etc/profile.d/", "profile.d/").Replace(m[1])
	if strings.HasPrefix(m[1], "./tree/") {
		file = m[1]
	}
	if text := string(mustRead(p.t, filepath.Join(p.dir, file))); !strings.Contains(text, "RAY_USAGE_STATS_ENABLED=0\n") {
		p.t.Errorf("$ %s\n%s holds %.200q", command, file, text)
	}
}

// jsonTold holds that a command that is run by a program which reads JSON tells it whether it
// changed something.
func (p place) jsonTold(command, out string) {
	p.t.Helper()
	if !strings.Contains(command, "--json") {
		return
	}
	for _, want := range []bool{true, false} {
		var told struct{ Tools []struct{ Changed bool } }
		if err := json.Unmarshal([]byte(out), &told); err != nil || len(told.Tools) != 1 || told.Tools[0].Changed != want {
			p.t.Errorf("$ %s\n%v: %s; want one tool, changed %v", command, err, out, want)
		}
		out = p.run(command)
	}
}
