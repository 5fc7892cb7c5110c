//go:build unix

package consent

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/internal/testuser"
	"github.com/usagectl/usagectl/pkg/dirs"
)

// owned is a file's owner and mode.
type owned struct {
	uid  int
	mode os.FileMode
}

func (o owned) Name() string       { return "mytool.toml" }
func (o owned) Size() int64        { return 0 }
func (o owned) Mode() os.FileMode  { return o.mode }
func (o owned) ModTime() time.Time { return time.Time{} }
func (o owned) IsDir() bool        { return false }
func (o owned) Sys() any           { return &syscall.Stat_t{Uid: uint32(o.uid)} }

func checkTrust(t *testing.T) {
	t.Helper()
	me := os.Geteuid()
	for _, test := range []struct {
		file        owned
		own, system bool
	}{
		{owned{me, 0o600}, true, true},
		{owned{me, 0o644}, true, true},
		{owned{me, 0o664}, false, false},
		{owned{me, 0o646}, false, false},
		{owned{0, 0o644}, me == 0, true},
		{owned{0, 0o666}, false, false},
		{owned{me + 1, 0o600}, false, false},
		{owned{me + 1, 0o644}, false, false},
	} {
		if err := statefile.Own(test.file); (err == nil) != test.own {
			t.Errorf("as user %d the person's file %+v: %v", me, test.file, err)
		}
		if err := statefile.OwnOrRoots(test.file); (err == nil) != test.system {
			t.Errorf("as user %d the machine's file %+v: %v", me, test.file, err)
		}
	}
}

func TestTrust(t *testing.T)               { checkTrust(t) }
func TestTrustAsOrdinaryUser(t *testing.T) { AsOrdinaryUser(t, checkTrust) }

func TestForeignFilesAreUnreadable(t *testing.T) {
	AsOrdinaryUser(t, func(t *testing.T) {
		// root's, and there on every system; that it is no consent file would be found out later.
		const foreign = "/etc/passwd"
		if r := readFile(foreign, false, statefile.Own); !strings.Contains(r.Problem, "belongs to somebody else") {
			t.Errorf("the person's: %+v", r)
		}
		if r := readFile(foreign, false, statefile.OwnOrRoots); r.Problem == "" || strings.Contains(r.Problem, "belongs") {
			t.Errorf("the machine's: %+v", r)
		}
	})
}

// What root wrote for the machine binds every user, and in a user's own place
// it is somebody else's.
func TestRootsFiles(t *testing.T) {
	const path = "usagectl/consent/mytool.toml"
	write := func(dir string) error {
		file := filepath.Join(dir, path)
		return errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(`state = "refused"`), 0o644))
	}
	AsOrdinaryUser(t, func(t *testing.T) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		roots := info.Sys().(*syscall.Stat_t).Uid == 0
		env := func(string) (string, bool) { return "", false }
		f := Gather(tool(t), nil, env, dirs.Dirs{ConfigHome: ".", System: "."}, "")
		if got := Decide(tool(t), nil, Facts{System: f.System}).Reason; got.Rule != System {
			t.Errorf("the machine's: %+v", got)
		}
		if (f.Tool.Problem != "") != roots {
			t.Errorf("the person's: %+v", f.Tool)
		}
	}, write)
}

func TestForeignHome(t *testing.T) {
	if os.Geteuid() != 0 {
		checkForeignHome(t, dirs.Dirs{Home: "/", ConfigHome: "/etc", StateHome: t.TempDir()}, "")
		return
	}
	mine, theirs := t.TempDir(), t.TempDir()
	if err := os.Chown(theirs, testuser.Nobody, testuser.Nobody); err != nil {
		t.Fatal(err)
	}
	checkForeignHome(t, dirs.Dirs{Home: theirs}, theirs)
	checkForeignHome(t, dirs.Dirs{Home: mine}, "")
	checkForeignHome(t, dirs.Dirs{Home: mine, ConfigHome: theirs}, theirs)
	checkForeignHome(t, dirs.Dirs{Home: mine, StateHome: theirs}, theirs)
	checkForeignHome(t, dirs.Dirs{Home: mine, ConfigHome: mine + "/a/b", StateHome: mine + "/c"}, "")
	checkForeignHome(t, dirs.Dirs{Home: mine, StateHome: theirs + "/a/b"}, theirs+"/a/b")
	checkForeignHome(t, dirs.Dirs{Home: mine + "/nowhere"}, "")
	checkForeignHome(t, dirs.Dirs{Home: "/dev/null", ConfigHome: "/dev/null/.config"}, "")
	checkForeignHome(t, dirs.Dirs{}, "")
}

// Only root can do harm in a home that is not its own.
func TestForeignHomeAsOrdinaryUser(t *testing.T) { AsOrdinaryUser(t, TestForeignHome) }

func checkForeignHome(t *testing.T, d dirs.Dirs, want string) {
	t.Helper()
	env := func(string) (string, bool) { return "", false }
	if f := Gather(tool(t), nil, env, d, ""); f.ForeignHome != want {
		t.Errorf("%+v: got %q, want %q", d, f.ForeignHome, want)
	}
}
