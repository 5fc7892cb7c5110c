package catalogue_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

func TestAll(t *testing.T) {
	all := catalogue.All()
	if len(all) < 234 {
		t.Fatalf("%d tools; has the catalogue lost some?", len(all))
	}
	for i := range all {
		if i > 0 && all[i-1].ID >= all[i].ID {
			t.Errorf("%s stands before %s", all[i-1].ID, all[i].ID)
		}
		if _, err := manifest.ParseID(all[i].ID); err != nil {
			t.Error(err)
		}
		if found, ok := catalogue.Find(all[i].ID); !ok || !reflect.DeepEqual(*found, all[i]) {
			t.Errorf("%s is not found", all[i].ID)
		}
	}
	for _, id := range []string{"", "a", "agn", "agno2", "flower", "zzz"} {
		if found, ok := catalogue.Find(id); ok || found != nil {
			t.Errorf("%q is found", id)
		}
	}
}

// TestCosts holds that asking for one tool copies no other.
func TestCosts(t *testing.T) {
	n := testing.AllocsPerRun(100, func() {
		if _, ok := catalogue.Find("homebrew"); !ok {
			t.Error("no homebrew")
		}
	})
	if n > 12 {
		t.Errorf("%v allocations", n)
	}
}

// TestNobodyChangesTheTable writes over all that is handed out, and asks again.
func TestNobodyChangesTheTable(t *testing.T) {
	before := catalogue.All()
	spoil := func(tool *catalogue.Tool) {
		for _, list := range [][]string{tool.Commands, tool.Files, tool.Packages} {
			clear(list)
		}
		for i := range tool.Env {
			clear(tool.Env[i].OffAlso)
			clear(tool.Env[i].OnAlso)
		}
		clear(tool.Env)
		clear(tool.Config)
	}
	changed := catalogue.All()
	for i := range changed {
		found, ok := catalogue.Find(changed[i].ID)
		if !ok {
			t.Fatalf("%s is not found", changed[i].ID)
		}
		spoil(found)
		spoil(&changed[i])
	}
	clear(changed)
	if !reflect.DeepEqual(before, catalogue.All()) {
		t.Error("the table has changed")
	}
}

// TestShared holds that the tools for who only looks are those that [catalogue.All] copies, and
// that the list is not shared.
func TestShared(t *testing.T) {
	all := catalogue.All()
	for range 2 {
		shared := catalogue.Shared()
		if len(shared) != len(all) {
			t.Fatalf("%d tools, not %d", len(shared), len(all))
		}
		for i, tool := range shared {
			if !reflect.DeepEqual(*tool, all[i]) {
				t.Errorf("%+v, not %+v", *tool, all[i])
			}
		}
		clear(shared)
	}
}

// TestRows holds what everybody who uses the rows relies on.
func TestRows(t *testing.T) {
	for _, tool := range catalogue.All() {
		if tool.Name == "" || tool.Homepage == "" || tool.Category == "" || tool.Evidence == "" || tool.Where == "" {
			t.Errorf("%s: something is missing", tool.ID)
		}
		names := map[string]bool{}
		for _, v := range tool.Env {
			if names[v.Name] {
				t.Errorf("%s: %s is there twice", tool.ID, v.Name)
			}
			names[v.Name] = true
			rows(t, tool.ID, v)
		}
		for _, s := range tool.Config {
			if s.Format != "" && strings.ContainsAny(s.Path, "<>(*") {
				t.Errorf("%s: no program can find %s", tool.ID, s.Path)
			}
		}
	}
}

func rows(t *testing.T, id string, v catalogue.Variable) {
	t.Helper()
	if v.Role == "" || v.Semantics == "" {
		t.Errorf("%s: %s has no role or no semantics", id, v.Name)
	}
	if v.Role == catalogue.OptOut && !v.HasOff {
		t.Errorf("%s: %s is a switch and nothing is known that switches off", id, v.Name)
	}
	if v.HasOff && v.Read(v.Off, true) != catalogue.Off {
		t.Errorf("%s: %s=%s does not switch off", id, v.Name, v.Off)
	}
	if v.HasOn && v.Read(v.On, true) != catalogue.On {
		t.Errorf("%s: %s=%s does not switch on", id, v.Name, v.On)
	}
	if v.Read(v.Off, false) != catalogue.Unset {
		t.Errorf("%s: %s counts though it is not there", id, v.Name)
	}
	for _, word := range []string{v.Off, v.On} {
		if strings.ContainsAny(word, "<>\n\r\x00") {
			t.Errorf("%s: %s: %q is no value", id, v.Name, word)
		}
	}
}

// TestManifests holds that every manifest that comes with the program has a row,
// and that the two agree on what the tool's variables refuse.
func TestManifests(t *testing.T) {
	values := []string{"", "0", "1", "2", "true", "True", "TRUE", "false", "False", "FALSE", "yes", "no", "on", "off", " ", "anything"}
	for _, id := range (manifest.Library{}).IDs() {
		m, err := manifest.Library{}.Find(id)
		if err != nil {
			t.Fatal(err)
		}
		tool, ok := catalogue.Find(id.String())
		if !ok {
			t.Errorf("%s has a manifest and no row", id)
			continue
		}
		if tool.Name != m.Tool.Name || tool.OptIn != (m.Consent.Default == manifest.OptIn) {
			t.Errorf("%s: the row says %q, opt-in %v; the manifest %q, %s", id, tool.Name, tool.OptIn, m.Tool.Name, m.Consent.Default)
		}
		for _, rule := range m.Consent.Refuse {
			v, ok := variable(tool, rule.Env)
			if !ok || v.Role != catalogue.OptOut {
				t.Errorf("%s: the row has no switch %s", id, rule.Env)
				continue
			}
			for _, value := range values {
				if got := v.Read(value, true); (got == catalogue.Off) != rule.Refuses(value) {
					t.Errorf("%s: %s=%q is %q by the row, refusal %v by the manifest", id, v.Name, value, got, rule.Refuses(value))
				}
			}
		}
		for _, v := range tool.Env {
			declared := func(r manifest.EnvRule) bool { return r.Env == v.Name }
			if v.Role == catalogue.OptOut && !slices.ContainsFunc(m.Consent.Refuse, declared) {
				t.Errorf("%s: the manifest has no rule for %s", id, v.Name)
			}
		}
	}
}

func variable(t *catalogue.Tool, name string) (catalogue.Variable, bool) {
	i := slices.IndexFunc(t.Env, func(v catalogue.Variable) bool { return v.Name == name })
	if i < 0 {
		return catalogue.Variable{}, false
	}
	return t.Env[i], true
}
