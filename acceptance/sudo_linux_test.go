package acceptance

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSudo has root decide, send, deliver and forget in a home that is somebody
// else's, by way of sudo or otherwise: nothing of root's may appear there, for its owner
// could not change it, and nothing that its owner put there may have root do anything.
func TestSudo(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("it takes root")
	}
	for name, variables := range map[string][]string{"sudo": {"SUDO_UID=65534"}, "su": nil, "sudo twice": {"SUDO_UID=0"}} {
		t.Run(name, func(t *testing.T) { inForeignHome(t, variables) })
	}
}

func inForeignHome(t *testing.T, variables []string) {
	p := newPerson(t, nobody, "")
	home := p.home
	p.enable()
	p.holdBack()
	p.send() // which root does not deliver
	p.letGo()
	roots := filepath.Join(t.TempDir(), "roots.jsonl")
	mustWrite(t, roots, "root's\n")
	added := filepath.Join(t.TempDir(), "added.toml")
	mustWrite(t, added, "schema = 1\n[tool]\nid = \"added\"\npurpose = \"p\"\n[send]\ntransport = \"http\"\nendpoint = \"http://127.0.0.1:9/\"\n[[event]]\nname = \"run\"\n")
	plantDeletion(t, filepath.Join(home, ".local", "state", "usagectl"), home, roots)
	queue := filepath.Join(home, ".local", "state", "usagectl", "outbox", "demo", "new")
	must(t, os.MkdirAll(queue, 0o700))
	mustWrite(t, filepath.Join(queue, "17b0000000000000-11111111-2222-4333-8444-555555555555.json"), "{}") // which is too old, too
	must(t, filepath.WalkDir(home, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, nobody, nobody))
	}))
	before := listing(t, home)
	run := newPersonIn(t, home, variables...).run
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"enable", "demo"}, 77},
		{[]string{"enable", "--all"}, 77},
		{[]string{"disable", "demo"}, 77},
		{[]string{"disable", "--all"}, 77},
		{[]string{"forget", "demo", "--yes"}, 77},
		{[]string{"tools", "add", "--yes", added}, 77},
		{[]string{"send", "demo", "run.start", "--wait=10s"}, 0},
		{[]string{"flush"}, 77},
		{[]string{"flush", "demo", "--rejected"}, 77},
		{[]string{"flush", "harm"}, 77},
		{[]string{"send", "harm", "run.end", "--wait=10s"}, 0},
		{[]string{"send", "harm", "run.end"}, 0},
		{[]string{"deliver"}, 0},
		{[]string{"deliver", "--stdin"}, 0},
		{[]string{"status"}, 78}, // what was decided there is not known to root, nor what is queued
		{[]string{"inspect", "demo"}, 0},
		{[]string{"env", "--all"}, 0},
	} {
		if _, stderr, code := run("", c.args...); code != c.code {
			t.Errorf("%q: exit code %d, want %d: %s", c.args, code, c.code, stderr)
		}
	}
	if _, stderr, _ := run("", "disable", "homebrew"); !strings.Contains(stderr, "export HOMEBREW_NO_ANALYTICS=1") {
		t.Errorf("what works at once is not said: %s", stderr)
	}
	if after := listing(t, home); after != before {
		t.Errorf("in the home there is\n%s\nand there was\n%s", after, before)
	}
	if got := string(mustRead(t, roots)); got != "root's\n" {
		t.Errorf("root's file: %q", got)
	}
	if requests := len(p.recorder.all()); requests > 0 {
		t.Errorf("%d requests were sent", requests)
	}
	p.run("", "flush", "harm") // it was there to be delivered
	p.arrived(1)
}

// plantDeletion puts a deletion into a state directory that would have a line
// appended to a file, and its source ID removed.
func plantDeletion(t *testing.T, state, home, file string) {
	t.Helper()
	const id = "0b7e1f5e-7d0e-4b52-9a3c-5c9f1d2e3a4b"
	sum := sha256.Sum256([]byte(id))
	hash := hex.EncodeToString(sum[:])
	victim := filepath.Join(home, "documents", "id")
	for _, dir := range []string{filepath.Dir(victim), filepath.Join(state, "deletions")} {
		must(t, os.MkdirAll(dir, 0o700))
	}
	mustWrite(t, victim, id)
	mustWrite(t, filepath.Join(state, "deletions", hash+".json"), fmt.Sprintf(`{"schema":1,"sha256":%q,"source_id":%q,"source_path":%q,
"tools":["evil"],"requested_at":"2026-11-21T12:00:00Z","erased":false,"requests":[{"request_id":"4b8a1d4e-53ff-4d55-9d43-3d2a4b1c7f10",
"tools":["evil"],"names":["Evil"],"requested_at":"2026-11-21T12:00:00Z","state":"pending","method":"event","to":%q,"contact":"",
"event":"forget","send":{"transport":"file","endpoint":%q},"payload":{"x":%q}}]}`, hash, id, victim, file, file, id))
}

// TestStateOfSomebodyElse has a state directory made by somebody else in a directory
// in which everybody can make one, or through a link, or one that others can write.
// Nothing in it is believed, followed or removed, and status says so.
func TestStateOfSomebodyElse(t *testing.T) {
	t.Parallel()
	const owner, other = 1001, 1002
	if os.Geteuid() != 0 {
		t.Skip("it takes root to make what belongs to others")
	}
	for name, spoil := range map[string]func(t *testing.T, state string){
		"of somebody else": func(t *testing.T, state string) {
			must(t, filepath.WalkDir(state, func(path string, _ fs.DirEntry, err error) error {
				return errors.Join(err, os.Lchown(path, other, other))
			}))
			must(t, os.Chmod(state, 0o777))
		},
		"that others can write": func(t *testing.T, state string) { must(t, os.Chmod(state, 0o777)) },
		"through a link": func(t *testing.T, state string) {
			must(t, os.Rename(state, state+".real"))
			must(t, os.Symlink(state+".real", state))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPerson(t, owner, "")
			shared := filepath.Join(filepath.Dir(p.home), "shared")
			must(t, os.MkdirAll(shared, 0o700))
			must(t, os.Chmod(shared, 0o777|os.ModeSticky))
			victim := filepath.Join(p.home, "log.txt")
			mustWrite(t, victim, "mine\n")
			state := filepath.Join(shared, "usagectl")
			plantDeletion(t, state, p.home, victim)
			must(t, filepath.WalkDir(filepath.Dir(p.home), func(path string, _ fs.DirEntry, err error) error {
				return errors.Join(err, os.Lchown(path, owner, owner))
			}))
			spoil(t, state)
			before := listing(t, shared) + listing(t, filepath.Join(p.home, "documents"))
			for _, args := range [][]string{
				{"status"},
				{"status", "--json"},
				{"flush"},
				{"flush", "evil"},
				{"enable", "--all"},
				{"enable", "demo"},
				{"send", "demo", "run.start", "--wait=10s"},
				{"forget", "demo", "--yes"},
				{"disable", "demo"},
				{"deliver"},
				{"inspect", "demo"},
				{"env", "--all"},
			} {
				cmd := p.command(args...)
				cmd.Env = append(slices.Clip(cmd.Env), "XDG_STATE_HOME="+shared)
				out, err := cmd.CombinedOutput()
				if strings.Contains(string(out), "goroutine") || !strings.Contains(string(out), state) == slices.Contains([]string{"status", "flush", "enable", "disable", "forget"}, args[0]) {
					t.Errorf("%q: %v: %s", args, err, out)
				}
			}
			if got := string(mustRead(t, victim)); got != "mine\n" {
				t.Errorf("the victim's file: %q", got)
			}
			if after := listing(t, shared) + listing(t, filepath.Join(p.home, "documents")); after != before {
				t.Errorf("there is\n%s\nand there was\n%s", after, before)
			}
		})
	}
}
