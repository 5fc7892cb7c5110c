package catalogue_test

import (
	"os"
	"path/filepath"
	"slices"
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
