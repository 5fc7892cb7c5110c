package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// TestKilledDecisionLeavesNothing kills "enable" and "disable --system --root" at the
// system calls by which they write. The next one leaves no temporary file.
func TestKilledDecisionLeavesNothing(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	image := t.TempDir()
	left := 0
	for _, call := range []string{"fsync", "rename,renameat,renameat2", "fchmod"} {
		for n := 1; n <= 2; n++ {
			for _, c := range []struct {
				dir  string
				args []string
			}{
				{filepath.Join(p.home, ".config", "usagectl", "consent"), []string{"enable", "harm"}},
				{filepath.Join(image, "etc", "xdg", "usagectl", "consent"), []string{"disable", "--all", "--system", "--root", image}},
			} {
				must(t, os.RemoveAll(c.dir))
				p.injected(fmt.Sprintf("%s:signal=SIGKILL:when=%d", call, n), c.args...)
				left += temporaryIn(c.dir)
				if _, msg, code := p.run("", c.args...); code != 0 {
					t.Errorf("%q: %d, %s", c.args, code, msg)
				}
				if temporaryIn(c.dir) > 0 {
					t.Errorf("after %s %d: %q", call, n, filesIn(c.dir))
				}
			}
		}
	}
	if left == 0 {
		t.Error("no kill left anything")
	}
}

func temporaryIn(dir string) int { return strings.Count(strings.Join(filesIn(dir), " ")+" ", ".tmp ") }

// TestLiftAtOnce has many take back a refusal of all at the same time.
func TestLiftAtOnce(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	for range 4 {
		if _, msg, code := p.run("", "disable", "--all"); code != 0 {
			t.Fatalf("%d, %s", code, msg)
		}
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if out, err := p.command("enable", "--all").CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
		wg.Wait()
	}
}

// TestForgetOnDiskFirst holds that a deletion request has reached the disk, and its name and those
// of the directories made for it too, before the ID is removed and before anybody is asked: a
// power cut loses no request.
func TestForgetOnDiskFirst(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	must(t, os.Mkdir(filepath.Join(p.home, ".demo"), 0o700))
	mustWrite(t, filepath.Join(p.home, ".demo", "source"), uuid.NewString())
	file := filepath.Join(t.TempDir(), "trace")
	cmd := p.by([]string{"strace", "-f", "-qq", "-y", "-o", file, "-e", "trace=fsync,link,linkat,unlink,unlinkat,openat"}, "forget", "demo", "--yes")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	trace := string(mustRead(t, file))
	at := -1
	for _, step := range []string{
		`fsync\(\d+<\S+/state/usagectl>`, // the names of new directories, that of "deletions" first
		`fsync\(\d+<\S+/\.local/state>`,
		`fsync\(\d+<\S+/\.local>`,
		`fsync\(\d+<\S+/deletions/\S+\.json\S*>`, // what it says
		`linkat?\(.*/deletions/[0-9a-f]+\.json"`,
		`fsync\(\d+<\S+/deletions>`, // its name
		`unlink(at)?\(.*/\.demo/source"`,
		`openat\(.*/\.demo/events\.jsonl"`, // whom it is sent to
	} {
		place := regexp.MustCompile(step).FindStringIndex(trace)
		if place == nil || place[0] < at {
			t.Fatalf("%s is not what happens next:\n%s", step, trace)
		}
		at = place[0]
	}
}

// TestDecisionsAreSynced holds that a power cut takes back no decision and no deletion
// request: the file is on the disk before it has its name, and the name is when the command ends.
func TestDecisionsAreSynced(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	must(t, os.MkdirAll(filepath.Join(p.home, ".harm"), 0o700))
	mustWrite(t, filepath.Join(p.home, ".harm", "source"), uuid.NewString())
	for _, c := range []struct {
		args []string
		path string // what is there then, with a directory
	}{
		{[]string{"enable", "harm"}, "consent/harm.toml"},
		{[]string{"disable", "harm"}, "consent/harm.toml"},
		{[]string{"disable", "--all"}, "consent/all.toml"},
		{[]string{"forget", "harm", "--yes"}, "deletions/[0-9a-f]{64}.json"},
	} {
		file := filepath.Join(t.TempDir(), "trace")
		cmd := p.by([]string{"strace", "-f", "-y", "-qq", "-o", file, "-e", "trace=fsync,rename,renameat,renameat2,link,linkat"}, c.args...)
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 0 && code != 69 { // harm offers no way to ask for deletion
			t.Fatalf("usagectl %q: %v: %s", c.args, err, out)
		}
		dir, name, _ := strings.Cut(c.path, "/")
		order := regexp.MustCompile(`(?s)fsync\(\d+<[^>]*/` + dir + `/[^>]+>\).*(rename|link)\w*\([^\n]*` + name + `"[^\n]*\n.*fsync\(\d+<[^>]*/` + dir + `>\)`)
		if trace := mustRead(t, file); !order.Match(trace) {
			t.Errorf("usagectl %q does\n%s", c.args, trace)
		}
	}
}
