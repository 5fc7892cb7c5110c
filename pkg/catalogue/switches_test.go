package catalogue_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/dirs"
)

// TestSwitches holds that every switch of a tool is listed with what it says now.
func TestSwitches(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, ".fly", "config.yml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("send_metrics: false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"HOMEBREW_NO_ANALYTICS": "0"}
	here := catalogue.Here{
		Env:     func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Dirs:    dirs.Dirs{Home: home},
		Program: func(string) string { return "" },
	}
	of := func(id string) map[catalogue.Kind]catalogue.Switch {
		tool, ok := catalogue.Find(id)
		if !ok {
			t.Fatalf("there is no %s", id)
		}
		byKind := map[catalogue.Kind]catalogue.Switch{}
		for _, s := range here.Switches(tool) {
			byKind[s.Kind] = s
		}
		return byKind
	}
	brew := of("homebrew")
	if v := brew[catalogue.VariableSwitch]; v.Name != "HOMEBREW_NO_ANALYTICS" || v.Off != "1" || !v.UnsetIsOn || v.HasOn || v.Now != catalogue.Off {
		t.Errorf("%+v", v)
	}
	if c := brew[catalogue.CommandSwitch]; c.Off != "brew analytics off" || c.On != "brew analytics on" || c.Now != catalogue.Unknown {
		t.Errorf("%+v", c)
	}
	if f := brew[catalogue.SettingSwitch]; f.Name != "homebrew.analyticsdisabled" || f.Now != catalogue.Unknown {
		t.Errorf("%+v", f)
	}
	if f := of("flyctl")[catalogue.SettingSwitch]; f.Path != file || f.Name != "send_metrics" || f.Off != "false" || f.Now != catalogue.Off {
		t.Errorf("%+v", f)
	}
}

// TestSwitchesOfAll holds that no tool has a way to be switched that is not listed, and that
// a switch for something else than telemetry is not.
func TestSwitchesOfAll(t *testing.T) {
	here := catalogue.Here{Env: func(string) (string, bool) { return "", false }, Dirs: dirs.Dirs{}}
	tools := catalogue.All()
	for i := range tools {
		kinds := map[string]bool{}
		for _, s := range here.Switches(&tools[i]) {
			kinds[string(s.Kind)] = true
			if s.Now != catalogue.Unset && s.Now != catalogue.Unknown && !filepath.IsAbs(s.Path) { // one of this machine's may be there
				t.Errorf("%s: %s %s is %q where nothing is set", tools[i].ID, s.Kind, s.Name, s.Now)
			}
			for _, v := range tools[i].Env {
				if v.Name == s.Name && (v.Role == catalogue.Related || v.Role == catalogue.UpdateCheck) {
					t.Errorf("%s: %s is for something else", tools[i].ID, s.Name)
				}
			}
		}
		for _, way := range tools[i].Ways() {
			if !kinds[way] {
				t.Errorf("%s can be switched by a %s, and none is listed", tools[i].ID, way)
			}
		}
	}
}

// TestNoProseIsAValue holds that what the catalogue says in words about values is never shown as
// a value to set or to write, and is said all the same.
func TestNoProseIsAValue(t *testing.T) {
	here := catalogue.Here{Env: func(string) (string, bool) { return "", false }, Dirs: dirs.Dirs{}}
	tools := append(catalogue.All(), catalogue.Tool{
		ID: "both", Env: []catalogue.Variable{}, Config: []catalogue.FileSwitch{{Path: "~/.both", Key: "/id", Format: "json", Off: "<nothing>", On: "<any ID>"}},
	})
	inWords, prose := 0, regexp.MustCompile(`(write|to|put|take) (<|present|absent)`)
	for i := range tools {
		tool := &tools[i]
		for _, s := range here.Switches(tool) {
			if s.Kind != catalogue.CommandSwitch && strings.ContainsAny(s.Off+s.On, "<>") {
				t.Errorf("%s: %s %s is switched by %q and %q", tool.ID, s.Kind, s.Name, s.Off, s.On)
			}
		}
		for _, c := range tool.Config {
			for does, value := range map[string]string{"off with ": c.Off, "on with ": c.On} {
				words, found := strings.CutPrefix(value, "<")
				if !found {
					continue
				}
				inWords++
				says := func(s catalogue.Switch) bool {
					return s.Kind == catalogue.SettingSwitch && strings.Contains(s.Note, does+strings.TrimSuffix(words, ">"))
				}
				if !slices.ContainsFunc(here.Switches(tool), says) {
					t.Errorf("%s: nothing says what %q means", tool.ID, value)
				}
			}
		}
		for _, way := range []string{tool.Elsewhere(), tool.WayOn()} {
			if prose.MatchString(way) {
				t.Errorf("%s: %q is no advice", tool.ID, way)
			}
		}
	}
	if inWords < 5 {
		t.Errorf("%d values are described in words", inWords)
	}
}
