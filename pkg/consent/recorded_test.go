package consent_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// A said is what can stand where a decision is looked for.
type said struct {
	name, content string
	mode          os.FileMode
	given         bool // to another user
}

var (
	refusedFile  = strings.NewReplacer(`"granted"`, `"refused"`).Replace(grantFile)
	notifiedFile = strings.NewReplacer(`"granted"`, `"notified"`).Replace(grantFile)
)

// sayings are as many of them as this system and this user can make.
func sayings() []said {
	list := []said{
		{name: "none"},
		{"refused", refusedFile, 0o644, false},
		{"granted", grantFile, 0o644, false},
		{"notified", notifiedFile, 0o644, false},
		{"garbage", "garbage", 0o644, false},
	}
	if runtime.GOOS != "windows" {
		list = append(list, said{"others can write it", grantFile, 0o646, false})
	}
	if os.Geteuid() == 0 {
		list = append(list, said{"somebody else's", grantFile, 0o644, true})
	}
	return list
}

// place puts it there.
func (s said) place(t *testing.T, path string) {
	t.Helper()
	if s.name == "none" {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return
	}
	owner := os.Geteuid()
	if s.given {
		owner = 65534
	}
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(s.content), 0o644)
	}
	if err == nil {
		err = os.Chmod(path, s.mode)
	}
	if err == nil && os.Geteuid() == 0 {
		err = os.Chown(path, owner, -1)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// unreliable tells that a file is there and counts as a refusal because nobody can
// tell what it says.
func (s said) unreliable() bool {
	return s.name == "garbage" || s.name == "others can write it" || s.name == "somebody else's"
}

// offForOne is what the design says of a file about one tool.
func (s said) offForOne() bool { return s.name == "refused" || s.unreliable() }

// offForAll is what it says of one about all tools, to which nobody can agree.
func (s said) offForAll() bool { return s.name != "none" }

// TestRecorded compares what is recorded with what is decided, in every combination
// of what the person and the machine say about all tools and about one.
func TestRecorded(t *testing.T) {
	d := dirs.Dirs{ConfigHome: t.TempDir(), System: t.TempDir()}
	mine, other := toolID(t, "mytool"), toolID(t, "other")
	files := []string{ // the last one changes most often
		consent.FileIn(d.SystemConsent()[0], manifest.ID{}), consent.FileIn(d.SystemConsent()[0], mine),
		consent.FileIn(d.UserConsent(), manifest.ID{}), consent.FileIn(d.UserConsent(), mine),
	}
	list := sayings()
	var now [4]said
	seen := map[consent.State]int{}
	var try func(n int)
	try = func(n int) {
		if n < len(files) {
			for _, s := range list {
				s.place(t, files[n])
				now[n] = s
				try(n + 1)
			}
			return
		}
		name := fmt.Sprintf("machine: all %s, tool %s; person: all %s, tool %s", now[0].name, now[1].name, now[2].name, now[3].name)
		recorded := consent.ReadRecorded(d)
		checkRecorded(t, name, d, recorded, mine)
		checkRecorded(t, name, d, recorded, other)

		all := now[0].offForAll() || now[2].offForAll()
		want := consent.State("")
		switch {
		case all || now[1].offForOne() || now[3].offForOne():
			want = consent.Refused
		case now[3].name != "none":
			want = consent.State(now[3].name)
		}
		seen[want]++
		if got := recorded.Of(mine).State; got != want {
			t.Errorf("%s: recorded is %q, want %q", name, got, want)
		}
		if recorded.AllRefused() != all || (recorded.Of(other).State == consent.Refused) != all {
			t.Errorf("%s: all are refused: %v, and a tool of which nothing is recorded: %+v", name, recorded.AllRefused(), recorded.Of(other))
		}
		var tools []manifest.ID
		if now[1].offForOne() || now[3].name != "none" {
			tools = append(tools, mine)
		}
		if got := recorded.Tools(); !slices.Equal(got, tools) {
			t.Errorf("%s: the tools are %v, want %v", name, got, tools)
		}
	}
	try(0)
	for _, state := range []consent.State{"", consent.Refused, consent.Granted, consent.Notified} {
		if seen[state] == 0 {
			t.Errorf("no combination has the state %q", state)
		}
	}
	t.Logf("%v", seen)
}

// checkRecorded has [consent.Decide] be the judge, in an environment that says nothing.
func checkRecorded(t *testing.T, name string, d dirs.Dirs, recorded consent.Recorded, id manifest.ID) {
	t.Helper()
	facts := consent.Gather(id, nil, environment(nil), d, "")
	off, known := false, false
	for _, l := range consent.Decide(id, nil, facts).Layers {
		recordedRule := l.Rule == consent.System || l.Rule == consent.User || l.Rule == consent.Unreadable
		off = off || recordedRule && l.Answer == "off"
		known = known || recordedRule && l.Rule != consent.Unreadable && l.Answer == "off"
	}
	got := recorded.Of(id)
	if (got.State == consent.Refused) != off {
		t.Errorf("%s: %s is off: %v, but recorded is %+v", name, id, off, got)
	}
	if got.Unknown != (off && !known) && listable(d) { // else a refusal of one tool is not found
		t.Errorf("%s: %s is refused by somebody: %v, but recorded is %+v", name, id, known, got)
	}
	if granted := facts.Tool.Decision.State == consent.Granted && !off; (got.State == consent.Granted) != granted {
		t.Errorf("%s: %s is granted: %v, but recorded is %+v", name, id, granted, got)
	}
	if (got.Why == "") != (got.State == "") {
		t.Errorf("%s: %s is %q because of %q", name, id, got.State, got.Why)
	}
}

// listable reports whether each directory of decisions that is there can be listed.
func listable(d dirs.Dirs) bool {
	return !slices.ContainsFunc(append(d.SystemConsent(), d.UserConsent()), func(dir string) bool {
		_, err := os.ReadDir(dir)
		return errors.Is(err, fs.ErrPermission)
	})
}

// Every directory is asked, and no refusal is lost to the next one. Without a home
// there is none of the person's.
func TestRecordedPlaces(t *testing.T) {
	mine := toolID(t, "mytool")
	d := places(t)
	for _, base := range []string{d.System, d.ConfigDirs[0], d.ConfigHome} {
		for _, id := range []manifest.ID{mine, {}} {
			path := consent.FileIn(filepath.Join(base, "usagectl", "consent"), id)
			said{"refused", refusedFile, 0o644, false}.place(t, path)
			got := consent.ReadRecorded(d)
			if got.Of(mine).State != consent.Refused || got.AllRefused() != id.IsZero() {
				t.Errorf("%s: recorded is %+v, all are refused: %v", path, got.Of(mine), got.AllRefused())
			}
			checkRecorded(t, path, d, got, mine)
			if base != d.ConfigHome && !strings.Contains(got.Of(mine).Why, path) {
				t.Errorf("%s: because of %q", path, got.Of(mine).Why)
			}
			said{name: "none"}.place(t, path)
		}
	}
	if got := consent.ReadRecorded(d); got.Of(mine) != (consent.Standing{}) || got.AllRefused() || len(got.Tools()) > 0 {
		t.Errorf("with nothing recorded: %+v, %v, %v", got.Of(mine), got.AllRefused(), got.Tools())
	}
	got := consent.ReadRecorded(dirs.Dirs{})
	if got.Of(mine).State != consent.Refused || !got.AllRefused() || len(got.Tools()) > 0 {
		t.Errorf("where nobody can look: %+v, %v, %v", got.Of(mine), got.AllRefused(), got.Tools())
	}
	checkRecorded(t, "where nobody can look", dirs.Dirs{}, got, mine)
	leftovers(t, d.Home)
}

// Several tools, and files that are about none.
func TestRecordedTools(t *testing.T) {
	d := places(t)
	for _, name := range []string{"a.b.toml", "Upper.toml", "note.txt", ".mytool.toml.123.tmp", "all.toml.bak"} {
		write(t, d.ConfigHome, name, refusedFile)
	}
	write(t, d.System, "mytool.toml", refusedFile)
	write(t, d.ConfigHome, "mytool.toml", grantFile)
	write(t, d.ConfigDirs[0], "granted.toml", grantFile)
	write(t, d.ConfigDirs[0], "garbage.toml", "garbage")
	recorded := consent.ReadRecorded(d)
	got := recorded.Tools()
	slices.SortFunc(got, func(a, b manifest.ID) int { return strings.Compare(a.String(), b.String()) })
	want := []manifest.ID{toolID(t, "a.b"), toolID(t, "garbage"), toolID(t, "mytool")}
	if _, err := os.Stat(filepath.Join(d.UserConsent(), "upper.toml")); err == nil { // as on Windows
		want = append(want, toolID(t, "upper"))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the tools are %v, want %v", got, want)
	}
	for _, name := range []string{"a.b", "garbage", "mytool", "granted", "note", "upper"} {
		checkRecorded(t, name, d, recorded, toolID(t, name))
	}
}
