package acceptance

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestContainersPage runs the commands of docs/containers.md, block by block, each in a home in
// which the demo is on. What it says is delivered has arrived when a block ends.
func TestContainersPage(t *testing.T) {
	t.Parallel()
	page := string(mustRead(t, repository("docs/containers.md")))
	scripts := blocks(page, "sh")
	for _, block := range blocks(page, "yaml") {
		scripts = append(scripts, strings.Join(yamlCommands(t, block), "\n"))
	}
	for _, block := range blocks(page, "ini") {
		var lines []string
		for _, m := range regexp.MustCompile(`(?m)^Exec\w+=-?(.*)$`).FindAllStringSubmatch(block, -1) {
			lines = append(lines, m[1])
		}
		scripts = append(scripts, strings.Join(lines, "\n"))
	}
	if len(scripts) != 6 {
		t.Errorf("%d blocks were found: is the page read right? %q", len(scripts), scripts)
	}
	for _, script := range scripts {
		p := newPerson(t, 0, "")
		p.runs("enable", "-q", "demo")
		cmd := exec.Command("sh", "-ec", script)
		cmd.Env, cmd.Dir = append(p.env, "PATH="+filepath.Dir(p.exe)+":/usr/bin:/bin"), p.home
		if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "error") {
			t.Errorf("$ %s\n%v: %s", script, err, out)
		}
		want := strings.Count(script, "usagectl send")
		got := 0
		for _, file := range glob(filepath.Join(p.home, ".demo", "*.jsonl")) {
			got += strings.Count(string(mustRead(t, file)), "\n")
		}
		if !strings.Contains(script, "flush") {
			want = strings.Count(script, "--wait") // of the others nothing is promised
		}
		if got < want {
			t.Errorf("$ %s\n%d of %d events have arrived", script, got, want)
		}
	}
}
