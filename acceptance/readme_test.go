//go:build linux

package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestReadme runs every command that README.md shows, section by section, each
// with an empty home, and compares what it prints with what the README says. "…"
// there stands for any text in a line, "..." for any lines. The manifest shown is
// installed first. /etc/xdg is the test's own, in a mount namespace.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(repository("README.md"))
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for section := range strings.SplitSeq(string(readme), "\n## ") {
		home := t.TempDir()
		for _, block := range blocks(section, "toml") {
			write(t, filepath.Join(home, ".local/share/usagectl/tools/mytool.toml"), block)
		}
		for _, block := range blocks(section, "console") {
			for _, c := range transcript(block) {
				commands++
				if got := readmeShell(t, home, c.command); !c.matches(got) {
					t.Errorf("$ %s\ngot:\n%s\nthe README has:\n%s", c.command, got, c.output)
				}
			}
		}
	}
	if commands < 12 {
		t.Errorf("only %d commands were found: is the README read right?", commands)
	}
	if setup := blocks(string(readme), "sh"); len(setup) != 2 || setup[1] != "go test ./...\n" {
		t.Errorf("the README must have two set-up commands, the second running the tests: %q", setup)
	}
}

// TestReadmeMainJob runs the README's first set-up command where there is no network. The two events that it sends are
// of one run.
func TestReadmeMainJob(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(repository("README.md"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", blocks(string(readme), "sh")[0])
	cmd.Dir = repository()
	inOwnMounts(cmd)
	cmd.SysProcAttr.Unshareflags |= syscall.CLONE_NEWNET // the tests were built, so the modules are there
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"exit_code": 0`) || !strings.Contains(string(out), "You refused the telemetry of Demo") {
		t.Errorf("%v\n%s", err, out)
	}
	_, left, _ := strings.Cut(string(out), "inspect demo --sent")
	runs := regexp.MustCompile(`"run": "[0-9a-f-]{36}"`).FindAllString(left, -1)
	if len(runs) != 2 || runs[0] != runs[1] {
		t.Errorf("the runs of the events: %q", runs)
	}
}

// TestReadmePython runs the line that README.md has for Python, with and without a program of
// that name.
func TestReadmePython(t *testing.T) {
	t.Parallel()
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

// blocks are the fenced code blocks of a language.
func blocks(text, language string) []string {
	var list []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// shown is a command and what the README says that it prints.
type shown struct{ command, output string }

func transcript(block string) []shown {
	var list []shown
	for line := range strings.Lines(block) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			list = append(list, shown{command: strings.TrimSpace(command)})
		} else {
			list[len(list)-1].output += line
		}
	}
	return list
}

func (s shown) matches(got string) bool {
	pattern := regexp.QuoteMeta(s.output)
	pattern = regexp.MustCompile(`(?m)^\\\.\\\.\\\.\n`).ReplaceAllString(pattern, "(?s:.*)")
	pattern = strings.ReplaceAll(pattern, "…", ".*")
	return regexp.MustCompile(`\A` + pattern + `\z`).MatchString(got)
}

// readmeShell runs a command in a namespace where /etc/xdg is below home.
func readmeShell(t *testing.T, home, command string) string {
	t.Helper()
	xdg := filepath.Join(home, "etc-xdg")
	if err := os.MkdirAll(xdg, 0o755); err != nil {
		t.Fatal(err)
	}
	const inside = `mkdir -p /etc/xdg && mount --bind "$1" /etc/xdg && exec sh -c "$2"`
	c := exec.Command("sh", "-c", inside, "sh", xdg, command)
	c.Dir = home
	c.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	inOwnMounts(c)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("$ %s\n%v\n%s", command, err, out)
	}
	return string(out)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
