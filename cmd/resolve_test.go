package cmd

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestResolver holds where a tool is found, and what is said of one that is not.
func TestResolver(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/acme.toml", acme)
	p.write(".local/share/usagectl/tools/bad.toml", "schema = 1\n")
	file := p.write("mine.toml", strings.Replace(acme, `"acme"`, `"mine"`, 1))
	r := newResolver(p.world)
	for _, c := range []struct {
		name, file string
		found      string // the name that people call it
		unknown    bool
		err        string
	}{
		{"demo", "", "Demo", false, ""},
		{"acme", "", "Acme", false, ""},
		{"mine", file, "Acme", false, ""},
		{"mine", "", "mine", true, `unknown tool "mine"`},
		{"acme", file, "", false, "is for the tool mine, not for acme"},
		{"bad", "", "", false, "[tool] id is missing"},
		{"homebrew", "", "Homebrew", true, "no manifest says what Homebrew sends"},
		{"brew", "", "Homebrew", true, "no manifest says what Homebrew sends"},
		{"nml", "", "NannyML", false, ""},
		{"dbt", "", "", false, `"dbt" is a name of several tools: use one of dbt-core, dbt-fusion`},
		{"nml", file, "", false, "is for the tool mine, not for nml"},
		{"nosuch", "", "nosuch", true, `unknown tool "nosuch"`},
		{"demmo", "", "demmo", true, `did you mean "demo"?`},
		{"No", "", "", false, "is not valid"},
		{"Demo", "", "", false, `; did you mean "demo"?`},
		{"azure", "", "azure", true, `; did you mean "azure-cli" or "azure-functions-core-tools"?`},
	} {
		got, err := r.declared(c.name, c.file)
		if isUnknown(err) != c.unknown || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", c.name, err, c.err)
		}
		if c.found != "" && got.name() != c.found {
			t.Errorf("%s: found is %q, want %q", c.name, got.name(), c.found)
		}
	}
	if bad := r.look(id(t, "bad")); bad.problem == nil || bad.manifest != nil {
		t.Errorf("%+v", bad)
	}
	if own := r.look(id(t, "homebrew")); own.known == nil || own.manifest != nil || own.problem != nil {
		t.Errorf("%+v", own)
	}
}

// TestSharing holds that tools are found whose source ID is the same file.
func TestSharing(t *testing.T) {
	r := newResolver(newPerson(t).world)
	flower := r.look(id(t, "flwr"))
	path := filepath.Join(r.dirs.Home, ".flwr", "source")
	if list := r.sharing(flower.id, path); len(list) != 1 || list[0].id.String() != "flwr-datasets" {
		t.Errorf("%v", list)
	}
}

func id(t *testing.T, name string) manifest.ID {
	t.Helper()
	parsed, err := manifest.ParseID(name)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
