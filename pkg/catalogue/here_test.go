package catalogue_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/dirs"
)

// TestHere holds where tools' files are looked for, and that a switch in one counts.
func TestHere(t *testing.T) {
	home, cache, config := t.TempDir(), t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(home, ".t.json"):         `{"telemetry": false}`,
		filepath.Join(home, ".bad.json"):       `{`,
		filepath.Join(home, ".cache", "c"):     "",
		filepath.Join(cache, "moved"):          "",
		filepath.Join(config, "t", "off.mark"): "",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	here := func(env map[string]string) catalogue.Here {
		return catalogue.Here{
			Env:     func(name string) (string, bool) { value, ok := env[name]; return value, ok },
			Dirs:    dirs.Dirs{Home: home, ConfigHome: config},
			Program: func(name string) string { return map[string]string{"tool": "/bin/tool"}[name] },
		}
	}
	tool := catalogue.Tool{
		Commands: []string{"tool", "other"},
		Files:    []string{"~/.t.json", "~/none", "$XDG_CACHE_HOME/c", "$XDG_CACHE_HOME/moved", "$XDG_STATE_HOME/s", "$NOT_SET/f"},
	}
	if got, want := here(nil).Seen(&tool), []string{"/bin/tool", filepath.Join(home, ".t.json"), filepath.Join(home, ".cache", "c")}; !slices.Equal(got, want) {
		t.Errorf("seen: %q, want %q", got, want)
	}
	moved := here(map[string]string{"XDG_CACHE_HOME": cache})
	if got, want := moved.Seen(&tool), []string{"/bin/tool", filepath.Join(home, ".t.json"), filepath.Join(cache, "moved")}; !slices.Equal(got, want) {
		t.Errorf("seen with another cache: %q, want %q", got, want)
	}
	if got := here(nil).Seen(&catalogue.Tool{}); got == nil || len(got) != 0 {
		t.Errorf("of a tool that nothing shows: %#v", got)
	}
	for path, want := range map[string]catalogue.Meaning{
		"~/.t.json":       catalogue.Off,
		"~/.bad.json":     catalogue.Unknown,
		"~/none.json":     catalogue.On,
		"$NOT_SET/t.json": catalogue.On,
	} {
		setting := catalogue.FileSwitch{Path: path, Key: "/telemetry", Format: "json", Off: "false", On: "true"}
		if got := here(nil).State(&catalogue.Tool{Config: []catalogue.FileSwitch{setting}}); got.Telemetry != want {
			t.Errorf("%s: %s (%s), want %s", path, got.Telemetry, got.Because, want)
		}
	}
	mark := catalogue.FileSwitch{Path: "$XDG_CONFIG_HOME/t/off.mark", Format: "file", Off: "present"}
	if got := here(nil).State(&catalogue.Tool{Config: []catalogue.FileSwitch{mark}}); got.Telemetry != catalogue.Off {
		t.Errorf("a mark that is there: %v", got)
	}
}

// TestWhereSettingsAre holds that a switch is read in the file that the tool reads, and that it
// is not known where nobody can tell which that is.
func TestWhereSettingsAre(t *testing.T) {
	home, moved, work := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "project", "sub")
	for path, text := range map[string]string{
		filepath.Join(home, ".t", "on.json"):            `{"telemetry": true}`,
		filepath.Join(home, ".t", "active"):             "work\n",
		filepath.Join(home, ".t", "usual"):              "default\n",
		filepath.Join(home, ".t", "v1.2", "p.yaml"):     "",
		filepath.Join(home, "Library", "T", "off.json"): `{"telemetry": false}`,
		filepath.Join(moved, "on.json"):                 `{"telemetry": false}`,
		filepath.Join(work, "here.json"):                `{"telemetry": false}`,
		filepath.Join(work, "rel", "on.json"):           `{"telemetry": false}`,
		filepath.Join(work, "t.config.js"):              "",
		filepath.Join(work, "..", "above.json"):         `{"telemetry": false}`,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	setting := func(path string, movedBy ...string) catalogue.FileSwitch {
		return catalogue.FileSwitch{Path: path, MovedBy: movedBy, Key: "/telemetry", Format: "json", Off: "false", On: "true"}
	}
	upward := func(path, mode string) catalogue.FileSwitch {
		s := setting(path)
		s.Upward = mode
		return s
	}
	silent := func(path string, means catalogue.Meaning) catalogue.FileSwitch {
		s := setting(path)
		s.Key, s.Silent = "/other", means
		return s
	}
	usual := "${T_DIR:-~/.t}/on.json"
	for _, test := range []struct {
		what   string
		file   catalogue.FileSwitch
		env    map[string]string
		nobody bool // neither a home nor a directory to start in
		want   catalogue.Meaning
		why    string
	}{
		{"where it usually is", setting(usual), nil, false, catalogue.On, "telemetry is true in ${T_DIR:-~/.t}/on.json"},
		{"moved", setting(usual), map[string]string{"T_DIR": moved}, false, catalogue.Off, "telemetry is false in"},
		{"an empty variable", setting(usual), map[string]string{"T_DIR": ""}, false, catalogue.On, "telemetry is true in"},
		{"moved to where nothing is", setting(usual), map[string]string{"T_DIR": filepath.Join(moved, "none")}, false, catalogue.On, "on by default"},
		{"moved to a relative place", setting(usual), map[string]string{"T_DIR": "rel"}, false, catalogue.Off, "telemetry is false in"},
		{"a tilde that no shell has replaced", setting(usual), map[string]string{"T_DIR": "~/.t"}, false, catalogue.On, "on by default"},
		{"moved to a place relative to nobody knows what", setting(usual), map[string]string{"T_DIR": "rel"}, true, catalogue.Unknown, "T may read other settings than ${T_DIR:-~/.t}/on.json: it would look for"},
		{"no home", setting(usual), nil, true, catalogue.Unknown, "cannot be read: no home directory is known"},
		{"moved twice", setting("${T_DIR:-${T_HOME:-~}/.t}/on.json"), map[string]string{"T_HOME": home}, false, catalogue.On, "telemetry is true in"},
		{"the first of two", setting("${T_DIR:-${T_HOME:-~}/.t}/on.json"), map[string]string{"T_HOME": home, "T_DIR": moved}, false, catalogue.Off, "telemetry is false in"},
		{"the file itself moved", setting("${T_FILE:-~/.t/on.json}"), map[string]string{"T_FILE": filepath.Join(moved, "on.json")}, false, catalogue.Off, "telemetry is false in"},
		{"a profile", setting(usual, "T_PROFILE"), map[string]string{"T_PROFILE": "x"}, false, catalogue.Unknown, "T may read other settings than ${T_DIR:-~/.t}/on.json: T_PROFILE is set"},
		{"no profile", setting(usual, "T_PROFILE"), map[string]string{"T_PROFILE": ""}, false, catalogue.On, "telemetry is true in"},
		{"a file that names another", setting(usual, "${T_DIR:-~/.t}/active=default"), nil, false, catalogue.Unknown, `${T_DIR:-~/.t}/active says "work"`},
		{"a file that names the usual", setting(usual, "~/.t/usual=default"), nil, false, catalogue.On, "telemetry is true in"},
		{"no file that names one", setting(usual, "~/.t/none=default"), nil, false, catalogue.On, "telemetry is true in"},
		{"a file that would name one and is none", setting(usual, "~/.t/v1.2=default"), nil, false, catalogue.Unknown, "cannot be read"},
		{"in the project", setting("here.json"), nil, false, catalogue.Off, "telemetry is false in here.json"},
		{"not in the project", setting("above.json"), nil, false, catalogue.On, "on by default"},
		{"above the project", upward("above.json", "file"), nil, false, catalogue.Off, "telemetry is false in above.json"},
		{"the nearest", upward("here.json", "file"), nil, false, catalogue.Off, "telemetry is false in here.json"},
		{"in no project", upward("above.json", "file"), nil, true, catalogue.On, "on by default"},
		{"a pattern", catalogue.FileSwitch{Path: "t.config.*"}, nil, false, catalogue.Unknown, "t.config.* is there"},
		{"a pattern of directories", catalogue.FileSwitch{Path: "~/.t/*/p.yaml"}, nil, false, catalogue.Unknown, "~/.t/*/p.yaml is there"},
		{"a pattern of nothing", catalogue.FileSwitch{Path: "~/.t/*/q.yaml"}, nil, false, catalogue.On, "on by default"},
		{"a pattern where nothing can be looked at", catalogue.FileSwitch{Path: "~/.t/usual/*.yaml"}, nil, false, catalogue.On, "on by default"},
		{"a file without the switch", silent("~/.t/none.json", catalogue.Off), nil, false, catalogue.On, "on by default"},
		{"a file without the switch, which means off", silent("~/.t/on.json", catalogue.Off), nil, false, catalogue.Off, "~/.t/on.json is there, and says nothing of it"},
		{"another home than usagectl finds", setting("~/.t/on.json"), map[string]string{"HOME": moved}, false, unless("windows", catalogue.On, catalogue.On), unless("windows", "on by default", "telemetry is true")},
		{"an empty home", setting("~/.t/on.json"), map[string]string{"HOME": ""}, false, unless("windows", catalogue.Unknown, catalogue.On), unless("windows", "no home directory is known", "telemetry is true")},
		{"of macOS", setting("~/Library/T/off.json"), nil, false, unless("darwin", catalogue.On, catalogue.Off), unless("darwin", "on by default", "telemetry is false")},
		{"words", catalogue.FileSwitch{Path: "<project>/here.json"}, nil, false, catalogue.On, "on by default"},
	} {
		here := catalogue.Here{
			Env:  func(name string) (string, bool) { value, ok := test.env[name]; return value, ok },
			Dirs: dirs.Dirs{Home: home}, WorkDir: work,
		}
		if test.nobody {
			here.Dirs, here.WorkDir = dirs.Dirs{}, ""
		}
		tool := catalogue.Tool{Name: "T", Config: []catalogue.FileSwitch{test.file}}
		if got := here.State(&tool); got.Telemetry != test.want || !strings.Contains(got.Because, test.why) {
			t.Errorf("%s: %s (%s), want %s (%s)", test.what, got.Telemetry, got.Because, test.want, test.why)
		}
	}
}

// unless is what holds, but on one system.
func unless[T any](system string, holds, there T) T {
	if runtime.GOOS == system {
		return there
	}
	return holds
}

func TestFill(t *testing.T) {
	env := func(name string) (string, bool) {
		value, ok := map[string]string{"A": "/a", "EMPTY": "", "ODD": "${A:-x}"}[name]
		return value, ok
	}
	for text, want := range map[string]string{
		"":                               "",
		"plain $A ${A} {}":               "plain $A ${A} {}",
		"in ${A:-~/.a}/x, ${B:-~/.b}/y.": "in /a/x, ~/.b/y.",
		"${EMPTY:-d}":                    "d",
		"${B:-${C:-${A:-n}/c}/b}/f":      "/a/c/b/f",
		"${ODD:-n}":                      "${A:-x}", // a value is not looked into
		"${A:-open":                      "${A:-open",
	} {
		if got := catalogue.Fill(text, env); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
