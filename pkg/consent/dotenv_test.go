package consent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

func tool(t testing.TB) manifest.ID {
	t.Helper()
	id, err := manifest.ParseID("mytool")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// refuse is one rule about each of three variables.
var refuse = []manifest.EnvRule{
	{Env: "PRESENT", When: manifest.Present},
	{Env: "UNLESS", Unless: "1", HasUnless: true},
	{Env: "WHEN", When: "off"},
}

// refusal is what Gather finds in .env files from a directory upwards.
func refusal(t *testing.T, dir string, vars map[string]string) string {
	t.Helper()
	m := &manifest.Manifest{Consent: manifest.Consent{Refuse: refuse, Dotenv: true}}
	env := func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
	return Gather(tool(t), m, env, dirs.Dirs{}, dir).DotenvRefusal
}

func writeDotenv(t *testing.T, dir, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDotenvThatIsNotText holds that a file in another encoding, which may hold a refusal,
// refuses: python-dotenv cannot read it either, and the tool does not start.
func TestDotenvThatIsNotText(t *testing.T) {
	dir := t.TempDir()
	writeDotenv(t, dir, "\xff\xfeP\x00R\x00E\x00S\x00E\x00N\x00T\x00=\x001\x00")
	if got := refusal(t, dir, nil); !strings.HasSuffix(got, ".env cannot be read: it is not UTF-8") {
		t.Errorf("got %q", got)
	}
}

func TestDotenvRefuses(t *testing.T) {
	for _, test := range []struct {
		name, text string
		vars       map[string]string
		want       string // the variable that refuses
	}{
		{"present", "PRESENT=1", nil, "PRESENT"},
		{"present and empty", "PRESENT=", nil, "PRESENT"},
		{"present and false", "PRESENT=false", nil, "PRESENT"},
		{"exported and quoted", `export PRESENT="x"`, nil, "PRESENT"},
		{"bare", "PRESENT", nil, ""},
		{"comment", "# PRESENT=1", nil, ""},
		{"the value that is allowed", "UNLESS=1\r\n", nil, ""},
		{"another value", "UNLESS=yes", nil, "UNLESS"},
		{"the value that refuses", `WHEN="off" # for good`, nil, "WHEN"},
		{"the value that refuses, and a tab", "WHEN=off\t# for good", nil, "WHEN"},
		{"the value that refuses, in capitals", "WHEN=OFF", nil, "WHEN"},
		{"another value than that", "WHEN=on", nil, ""},
		{"the last one counts", "UNLESS=0\nUNLESS=1", nil, ""},
		{"other variables", "DO_NOT_TRACK=1\nUSAGECTL_TELEMETRY=0\nCI=1", nil, ""},
		{"the environment wins", "UNLESS=0", map[string]string{"UNLESS": "1"}, ""},
		{"the empty environment wins", "WHEN=off", map[string]string{"WHEN": ""}, ""},
		{"each for itself", "WHEN=off\nUNLESS=0", map[string]string{"UNLESS": "1"}, "WHEN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			writeDotenv(t, dir, test.text)
			got := refusal(t, dir, test.vars)
			if (got == "") != (test.want == "") || !strings.HasPrefix(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got != "" && !strings.Contains(got, filepath.Join(dir, ".env")) {
				t.Errorf("%q does not say where", got)
			}
		})
	}
}

func TestDotenvNeverGrants(t *testing.T) {
	dir := t.TempDir()
	writeDotenv(t, dir, "GRANT=1")
	m := &manifest.Manifest{Consent: manifest.Consent{Dotenv: true, Grant: []manifest.EnvRule{{Env: "GRANT", When: "1"}}}}
	f := Gather(tool(t), m, func(string) (string, bool) { return "", false }, dirs.Dirs{}, dir)
	if f.EnvGrant != "" || Decide(tool(t), m, f).On() {
		t.Errorf("%+v", f)
	}
}

func TestDotenvIsLookedForOnlyIfTheManifestSaysSo(t *testing.T) {
	dir := t.TempDir()
	writeDotenv(t, dir, "PRESENT=1")
	env := func(string) (string, bool) { return "", false }
	m := &manifest.Manifest{Consent: manifest.Consent{Refuse: refuse}}
	if f := Gather(tool(t), m, env, dirs.Dirs{}, dir); f.DotenvRefusal != "" {
		t.Errorf("the manifest does not ask: %q", f.DotenvRefusal)
	}
	if f := Gather(tool(t), nil, env, dirs.Dirs{}, dir); f.DotenvRefusal != "" {
		t.Errorf("there is no manifest: %q", f.DotenvRefusal)
	}
}

func TestDotenvSearchesUpwards(t *testing.T) {
	top := t.TempDir()
	middle := filepath.Join(top, "project")
	deep := filepath.Join(middle, "src", "pkg")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	writeDotenv(t, middle, "PRESENT=1")
	for dir, want := range map[string]bool{deep: true, middle: true, top: false, filepath.Join(deep, "gone"): true} {
		if got := refusal(t, dir, nil); (got != "") != want {
			t.Errorf("%s: got %q", dir, got)
		}
	}
	writeDotenv(t, deep, "UNLESS=1")
	if got := refusal(t, deep, nil); !strings.HasPrefix(got, "PRESENT") {
		t.Errorf("a nearer file that does not refuse hides the one that does: %q", got)
	}
}

func TestDirectoryCalledDotenvIsPassedOver(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "project")
	if err := os.MkdirAll(filepath.Join(dir, ".env", "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := refusal(t, dir, nil); got != "" {
		t.Errorf("got %q", got)
	}
	writeDotenv(t, top, "PRESENT=1")
	if got := refusal(t, dir, nil); got == "" {
		t.Error("the search ends at it")
	}
}
