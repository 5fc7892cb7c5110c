//go:build linux && long

package acceptance

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// under has a program run with a umask.
func under(umask int) []string {
	return []string{"sh", "-c", `umask "$0"; exec "$@"`, fmt.Sprintf("%04o", umask)}
}

// TestModes holds that all that is made has the modes that docs/privacy.md states, whatever
// the umask is, and that everything works that way, for an ordinary user as for root.
func TestModes(t *testing.T) {
	t.Parallel()
	for _, uid := range []int{0, nobody} {
		for _, umask := range []int{0o000, 0o002, 0o022, 0o027, 0o077, 0o111, 0o133, 0o177, 0o200, 0o277, 0o377, 0o400, 0o477, 0o577, 0o677, 0o700, 0o777} {
			t.Run(fmt.Sprintf("user%d/%04o", uid, umask), func(t *testing.T) {
				t.Parallel()
				p := newPerson(t, uid, "")
				image := filepath.Join(p.home, "image")
				must(t, os.Mkdir(image, 0o700))
				p.own(image)
				for _, args := range [][]string{
					{"enable", "demo", "--level", "2"},
					{"send", "demo", "run.end", "--set", "exit_code=0", "--wait=30s", "--fail"},
					{"enable", "harm"},
					{"send", "harm", "run.end", "--wait=30s", "--fail"},
					{"send", "harm", "run.end"}, // which a deliverer of its own delivers
					{"flush", "harm"},
					{"forget", "demo", "--yes"},
					{"disable", "harm"},
					{"enable", "harm"},
					{"disable", "--all", "--system", "--root", image},
					{"status", "demo"},
				} {
					if out, err := p.by(under(umask), args...).CombinedOutput(); err != nil || strings.Contains(string(out), "warning") {
						t.Fatalf("usagectl %q: %v: %s", args, err, out)
					}
				}
				awaitDeliverer(p.stateHome())
				if n := len(p.recorder.all()); n != 2 {
					t.Errorf("%d of 2 events were received", n)
				}
				p.hasModes()
			})
		}
	}
}

// hasModes holds that what the program has made in a home has its modes, and that there is
// what there is to be.
func (p *person) hasModes() {
	p.t.Helper()
	seen := map[string]bool{}
	must(p.t, filepath.WalkDir(p.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, p.home+"/")
		switch name {
		case p.home, ".local", "image": // they were there before
			return nil
		case ".local/share":
			return fs.SkipDir
		}
		want := map[bool]os.FileMode{true: 0o700, false: 0o600}[d.IsDir()]
		if strings.HasPrefix(name, "image/") { // for everybody
			want |= map[bool]os.FileMode{true: 0o055, false: 0o044}[d.IsDir()]
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm() != want {
			p.t.Errorf("%s has the mode %04o, not %04o", name, info.Mode().Perm(), want)
		}
		if d.IsDir() && strings.HasSuffix(name, ".tmp") {
			p.t.Errorf("%s was left", name)
		}
		seen[name] = true
		return err
	}))
	state := ".local/state/usagectl/"
	for _, name := range []string{
		".config/usagectl/consent/harm.toml", ".demo/events.jsonl", ".harm/source", "image/etc/xdg/usagectl/consent/all.toml",
		state + "keys/harm", state + "journal/harm.jsonl", state + "outbox/harm/new", state + "deletions",
	} {
		if !seen[name] {
			p.t.Errorf("there is no %s", name)
		}
	}
}

// TestModesAfterKill has a process be killed at each moment at which it makes a directory or
// gives something its mode, under a umask that takes all bits: the next one finds nothing
// that it cannot use, and leaves nothing else.
func TestModesAfterKill(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	for _, calls := range []string{"?mkdir,?mkdirat", "?chmod,?fchmod,?fchmodat", "?rename,?renameat,?renameat2", "?rmdir,?unlink,?unlinkat", "?link,?linkat"} {
		kind, _, _ := strings.Cut(strings.TrimPrefix(calls, "?"), ",")
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, nobody, "")
			for nth, more := 1, true; more && nth < 50; nth++ {
				for _, name := range []string{".config", ".local/state", ".harm", ".demo"} {
					must(t, os.RemoveAll(filepath.Join(p.home, name)))
				}
				more = false
				for _, args := range [][]string{{"enable", "harm"}, {"send", "harm", "run.end", "--wait=30s", "--fail"}} {
					kill := append(under(0o777), "strace", "-f", "-qq", "-o", "/dev/null", "-E", "GOMAXPROCS=1",
						"-e", "trace="+calls, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", calls, nth))
					cmd := p.by(kill, args...)
					out, err := cmd.CombinedOutput()
					killed := err != nil && cmd.ProcessState.ExitCode() < 0
					if !killed && err != nil {
						t.Fatalf("usagectl %q in a trace: %v: %s", args, err, out)
					}
					more = more || killed
					if out, err := p.by(under(0o777), args...).CombinedOutput(); err != nil {
						t.Fatalf("after a kill at %s %d, usagectl %q: %v: %s", kind, nth, args, err, out)
					}
				}
				p.hasOwnModes(fmt.Sprintf("a kill at %s %d", kind, nth))
				if nth == 1 && !more {
					t.Fatal("nothing was killed")
				}
			}
		})
	}
}

// hasOwnModes holds that the directories of a home can be used, and that none is a
// temporary one.
func (p *person) hasOwnModes(after string) {
	p.t.Helper()
	must(p.t, filepath.WalkDir(p.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o700 != 0o700 || strings.HasSuffix(path, ".tmp") {
			p.t.Errorf("after %s, %s has the mode %04o", after, path, info.Mode().Perm())
		}
		return err
	}))
}

// TestStatusNamesModes takes from its owner, one after the other, everything that is kept and
// the directories that lead there: status names what it was, and the command that it gives repairs it.
func TestStatusNamesModes(t *testing.T) {
	t.Parallel()
	p := newPerson(t, nobody, "")
	p.own(filepath.Join(p.home, ".local"))
	p.enable()
	p.run("", "enable", "demo")
	p.send("--wait=30s")
	p.run("", "send", "demo", "run.end", "--set", "exit_code=0", "--wait=30s")
	p.run("", "disable", "harm")
	p.enable()
	awaitDeliverer(p.stateHome())
	var kept []string
	must(t, filepath.WalkDir(p.home, func(path string, d fs.DirEntry, err error) error {
		if name := d.Name(); err != nil || name == "share" {
			return fs.SkipDir
		}
		if path != p.home {
			kept = append(kept, path)
		}
		return nil
	}))
	if len(kept) < 20 {
		t.Fatalf("only %q is kept", kept)
	}
	for _, path := range kept {
		info, err := os.Lstat(path)
		must(t, err)
		must(t, os.Chmod(path, 0))
		out, msg, _ := p.run("", "status", "harm", "demo", "--json")
		what, rights := path+" is not used: its mode 0000 lacks permissions that you need", "rw"
		if info.IsDir() {
			rights = "rwx"
		}
		repair := fmt.Sprintf("chmod u+%s %s", rights, path)
		if !strings.Contains(msg, "warning: "+what+"\n") || strings.Count(msg, "hint: repair it with \""+repair+"\"\n") != 1 ||
			!strings.Contains(out, fmt.Sprintf(`{"path":%q,"reason":"its mode 0000 lacks permissions that you need","do":%q}`, path, repair)) {
			t.Errorf("%s: status says\n%s%s", path, out, msg)
		}
		must(t, os.Chmod(path, info.Mode().Perm()))
	}
	if _, msg, code := p.run("", "status", "harm", "demo"); code != 0 || strings.Contains(msg, "warning") {
		t.Errorf("once repaired: exit code %d, %s", code, msg)
	}
}
