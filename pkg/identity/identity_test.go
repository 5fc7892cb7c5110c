package identity_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
)

const ensureAt = "USAGECTL_TEST_ENSURE"

// TestMain makes the test binary one of many processes that want an ID at once:
// with ensureAt set it waits for its input to end, and then prints the ID.
func TestMain(m *testing.M) {
	path, child := os.LookupEnv(ensureAt)
	if !child {
		os.Exit(m.Run())
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	id, err := identity.Ensure(path, true)
	fmt.Print(identity.Value(id, err))
}

const sample = "3f2b8c1e-9d4a-4f6b-8a27-0c5d1e9b7f60"

func TestParse(t *testing.T) {
	bare := strings.ReplaceAll(sample, "-", "")
	for text, want := range map[string]string{
		sample:                                 sample,
		strings.ToUpper(sample):                strings.ToUpper(sample),
		" \t\n" + sample + "\r\n":              sample,
		"{" + sample + "}":                     "{" + sample + "}",
		"{" + bare + "}":                       "{" + bare + "}",
		bare:                                   bare,
		"urn:uuid:" + sample:                   "urn:uuid:" + sample,
		"URN:UUID:" + sample:                   "URN:UUID:" + sample,
		"urn:uuid:" + bare:                     "urn:uuid:" + bare,
		"urn:uuid:{" + sample + "}":            "urn:uuid:{" + sample + "}",
		"00000000-0000-0000-0000-0242ac110002": "00000000-0000-0000-0000-0242ac110002",

		"":                                   "",
		" \n":                                "",
		"garbage":                            "",
		"{}":                                 "",
		"urn:uuid:":                          "",
		sample + "\n" + sample:               "",
		sample + "\nx":                       "",
		sample + " x":                        "",
		sample[:35]:                          "",
		sample + "0":                         "",
		sample[:35] + "g":                    "",
		"{" + sample:                         "",
		sample + "}":                         "",
		"{{" + sample + "}}":                 "",
		"uuid:" + sample:                     "",
		"urn:uuid:urn:uuid:" + bare:          "",
		sample + "\x00":                      "",
		"\ufeff" + sample:                    "",
		strings.ReplaceAll(sample, "-", "_"): "",
		bare[:1] + "-" + bare[1:12] + "---" + bare[12:]: "",
		strings.Repeat("é", 18):                         "",
		strings.Repeat("\xff", 36):                      "",
	} {
		got, err := identity.Parse([]byte(text))
		if got != want || (want == "") != errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestPath(t *testing.T) {
	abs := t.TempDir()
	home, dir := filepath.Join(abs, "home"), filepath.Join(abs, "work")
	plain := manifest.Identity{Random: true, Path: "~/.config/flwr/source"}
	moved := manifest.Identity{Random: true, Path: "~/.config/flwr/source", Env: "FLWR_HOME"}
	inHome := filepath.Join(home, ".config", "flwr", "source")
	for _, test := range []struct {
		name     string
		identity manifest.Identity
		env      map[string]string
		home     string
		want     string // "": not known
	}{
		{"home", plain, nil, home, inHome},
		{"no home", plain, nil, "", ""},
		{"a variable that is not the tool's", plain, map[string]string{"FLWR_HOME": abs, "": abs}, home, inHome},
		{"variable not set", moved, nil, home, inHome},
		{"absolute", moved, map[string]string{"FLWR_HOME": abs}, home, filepath.Join(abs, "source")},
		{"absolute, no home", moved, map[string]string{"FLWR_HOME": abs}, "", filepath.Join(abs, "source")},
		{"relative", moved, map[string]string{"FLWR_HOME": "x/y"}, home, filepath.Join(dir, "x", "y", "source")},
		{"empty", moved, map[string]string{"FLWR_HOME": ""}, home, inHome},
		{"tilde", moved, map[string]string{"FLWR_HOME": "~/x"}, home, filepath.Join(dir, "~", "x", "source")},
		{"above", moved, map[string]string{"FLWR_HOME": "../x"}, home, filepath.Join(abs, "x", "source")},
		{"here", moved, map[string]string{"FLWR_HOME": "."}, home, filepath.Join(dir, "source")},
		{"white space", moved, map[string]string{"FLWR_HOME": " "}, home, filepath.Join(dir, " ", "source")},
		{"relative, no home", moved, map[string]string{"FLWR_HOME": "x/y"}, "", filepath.Join(dir, "x", "y", "source")},
	} {
		got, err := identity.Path(test.identity, func(name string) (string, bool) {
			value, ok := test.env[name]
			return value, ok
		}, test.home, dir)
		if got != test.want || (test.want == "") != errors.Is(err, identity.ErrNoHome) {
			t.Errorf("%s: got %q, %v; want %q", test.name, got, err, test.want)
		}
	}
	relative := func(string) (string, bool) { return "x/y", true }
	if got, err := identity.Path(moved, relative, home, ""); got != "" || !errors.Is(err, identity.ErrNoDir) {
		t.Errorf("relative to nothing: got %q, %v", got, err)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct{ name, path, value string }{
		{"good", file("good", sample), sample},
		{"foreign", file("foreign", "{"+sample+"}\n"), "{" + sample + "}"},
		{"empty", file("empty", ""), identity.Invalid},
		{"two lines", file("two", sample+"\n"+sample+"\n"), identity.Invalid},
		{"huge", file("huge", sample+strings.Repeat("\n", 1<<20)), identity.Invalid},
		{"none", filepath.Join(dir, "none"), identity.Unavailable},
		{"no directory", filepath.Join(dir, "no", "such", "file"), identity.Unavailable},
		{"below a file", filepath.Join(dir, "good", "source"), identity.Unavailable},
		{"directory", dir, identity.Unavailable},
	} {
		if got := identity.Value(identity.Load(test.path)); got != test.value {
			t.Errorf("%s: got %q, want %q", test.name, got, test.value)
		}
	}
	if _, err := identity.Load(filepath.Join(dir, "none")); !errors.Is(err, identity.ErrNone) {
		t.Errorf("none: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "no")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory was made: %v", err)
	}
}

var version4 = regexp.MustCompile(`\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z`)

func TestEnsure(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".tool")
	path := filepath.Join(dir, "source")
	if id, err := identity.Ensure(path, false); id != "" || !errors.Is(err, identity.ErrNone) {
		t.Errorf("without create: got %q, %v", id, err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without create something was made: %v", err)
	}
	first, err := identity.Ensure(path, true)
	if err != nil || !version4.MatchString(first) {
		t.Fatalf("got %q, %v", first, err)
	}
	onlySource(t, dir, first)
	for _, create := range []bool{true, false} {
		if id, err := identity.Ensure(path, create); err != nil || id != first {
			t.Errorf("again: got %q, %v; want %q", id, err, first)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if id, err := identity.Ensure(path, true); err != nil || id == first {
		t.Errorf("after it was removed: got %q, %v", id, err)
	}
}

// onlySource holds that the directory has the ID file, with these bytes, and
// nothing else.
func onlySource(t *testing.T, dir, want string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "source"))
	if err != nil || string(data) != want {
		t.Errorf("the file holds %q, %v; want %q", data, err, want)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func TestEnsureRespectsWhatIsThere(t *testing.T) {
	for text, want := range map[string]string{
		sample + "\n":                 sample,
		"{" + sample + "}":            "{" + sample + "}",
		"  urn:uuid:" + sample + "\n": "urn:uuid:" + sample,
		"":                            identity.Invalid,
		"garbage\n":                   identity.Invalid,
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "source")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := identity.Value(identity.Ensure(path, true)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		onlySource(t, dir, text)
	}
}

func TestEnsureInManyGoroutines(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".tool")
	ids := make([]string, 50)
	start := make(chan struct{})
	var wait sync.WaitGroup
	for i := range ids {
		wait.Go(func() {
			<-start
			ids[i] = identity.Value(identity.Ensure(filepath.Join(dir, "source"), true))
		})
	}
	close(start)
	wait.Wait()
	allSame(t, dir, ids)
}

func TestEnsureInManyProcesses(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), ".tool")
	start, gate, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer start.Close()
	children := make([]*exec.Cmd, 20)
	answers := make([]strings.Builder, len(children))
	for i := range children {
		children[i] = exec.Command(self)
		children[i].Env = append(os.Environ(), ensureAt+"="+filepath.Join(dir, "source"))
		children[i].Stdin, children[i].Stdout, children[i].Stderr = start, &answers[i], os.Stderr
		if err := children[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	if err := gate.Close(); err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(children))
	for i, c := range children {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
		ids[i] = answers[i].String()
	}
	allSame(t, dir, ids)
}

func allSame(t *testing.T, dir string, ids []string) {
	t.Helper()
	for _, id := range ids {
		if id != ids[0] || !version4.MatchString(id) {
			t.Errorf("got %q and %q", ids[0], id)
		}
	}
	onlySource(t, dir, ids[0])
}

func TestValue(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, sample},
		{identity.ErrInvalid, identity.Invalid},
		{fmt.Errorf("x: %w", identity.ErrInvalid), identity.Invalid},
		{identity.ErrNone, identity.Unavailable},
		{identity.ErrNoHome, identity.Unavailable},
		{os.ErrPermission, identity.Unavailable},
	} {
		if got := identity.Value(sample, test.err); got != test.want {
			t.Errorf("%v: got %q", test.err, got)
		}
	}
}

// FuzzParse holds that what is taken is the trimmed text itself and is one UUID
// in one of the known spellings.
func FuzzParse(f *testing.F) {
	for _, text := range []string{sample, "{" + sample + "}", "urn:uuid:" + sample, " " + strings.ReplaceAll(sample, "-", "") + "\n", sample + "\n" + sample, ""} {
		f.Add([]byte(text))
	}
	spellings := regexp.MustCompile(`\A(?i:urn:uuid:)?(?:\{[0-9a-fA-F-]+\}|[0-9a-fA-F-]+)\z`)
	f.Fuzz(func(t *testing.T, data []byte) {
		id, err := identity.Parse(data)
		if err != nil {
			if id != "" || !errors.Is(err, identity.ErrInvalid) {
				t.Errorf("%q: got %q, %v", data, id, err)
			}
			return
		}
		digits := strings.Map(func(r rune) rune {
			if strings.ContainsRune("0123456789abcdefABCDEF", r) {
				return r
			}
			return -1
		}, strings.TrimPrefix(strings.ToLower(id), "urn:uuid:"))
		if id != strings.TrimSpace(string(data)) || !spellings.MatchString(id) || len(digits) != 32 {
			t.Errorf("%q is taken as %q", data, id)
		}
		if again, err := identity.Parse([]byte(id)); err != nil || again != id {
			t.Errorf("%q: the second time %q, %v", id, again, err)
		}
	})
}

// TestRemove holds that the ID that is meant goes, with what a killed process
// left of it, and no other.
func TestRemove(t *testing.T) {
	const other = "00000000-0000-4000-8000-000000000000"
	meant := func(id string) bool { return id == sample }
	for _, test := range []struct{ name, content, left string }{
		{"the one", sample, ""},
		{"the one, with white space", " " + sample + "\n", ""},
		{"another", other, other},
		{"none at all", "garbage", "garbage"},
		{"empty", "", ""},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "source")
		for _, file := range []string{path, filepath.Join(dir, ".source.1.tmp")} {
			if err := os.WriteFile(file, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		mine := filepath.Join(dir, "notes.tmp")
		if err := os.WriteFile(mine, []byte(sample), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := identity.Remove(path, meant); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		for _, file := range []string{path, filepath.Join(dir, ".source.1.tmp")} {
			data, err := os.ReadFile(file)
			if gone := errors.Is(err, os.ErrNotExist); string(data) != test.left || gone != (test.content != test.left) {
				t.Errorf("%s: %s holds %q, %v", test.name, file, data, err)
			}
		}
		if _, err := os.Stat(mine); err != nil {
			t.Errorf("%s: somebody else's file is gone", test.name)
		}
	}
	if err := identity.Remove(filepath.Join(t.TempDir(), "none", "source"), meant); err != nil {
		t.Errorf("no directory: %v", err)
	}
}
