package acceptance

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRemoveAll runs what docs/privacy.md says removes all that usagectl keeps: in a home in
// which nothing is kept, where it must not fail, and in one in which everything is.
func TestRemoveAll(t *testing.T) {
	needProgram(t, "sh")
	page := string(mustRead(t, repository("docs/privacy.md")))
	_, rest, _ := strings.Cut(page, "### To remove all of it")
	removal := blocks(rest, "sh")
	if len(removal) != 1 || !strings.Contains(removal[0], "usagectl forget --all") {
		t.Fatalf("the page says %q: is it read right?", removal)
	}
	const use = `
usagectl enable -q demo anon
usagectl send demo run.start --wait=30s --fail
usagectl send anon run --wait=30s --fail
usagectl send demo run.end
usagectl disable -q ray
test -s ~/.demo/source
test -s ~/.local/state/usagectl/journal/anon.jsonl
`
	for name, before := range map[string]string{"unused": "", "used": use, "used before": use + removal[0]} {
		home := t.TempDir()
		if before != "" {
			write(t, filepath.Join(home, ".local/share/usagectl/tools/anon.toml"), anonymousTool)
		}
		if out, err := inHome(home, before+removal[0]); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if left := filesBelow(t, home); len(left) > 0 {
			t.Errorf("%s: %q are left", name, left)
		}
	}
}

// anonymousTool is the manifest of a tool without a source ID, which keeps a key and a journal.
const anonymousTool = `schema = 1
[tool]
id = "anon"
purpose = "Shows what is kept of a tool without a source ID."
[identity]
kind = "none"
[send]
transport = "file"
endpoint = "~/.demo/anon.log"
[[event]]
name = "run"
[[field]]
name = "user"
from = "host.user_hash"
purpose = "To count people."
`

// inHome runs a script in a home, and ends at the first command that fails.
func inHome(home, script string) (string, error) {
	c := exec.Command("sh", "-ec", script)
	c.Dir = home
	c.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	out, err := c.CombinedOutput()
	return string(out), err
}

// filesBelow are the files below a directory, and no directories.
func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			list = append(list, path)
		}
		return err
	}))
	slices.Sort(list)
	return list
}
