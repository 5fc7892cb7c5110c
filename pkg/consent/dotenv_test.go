package consent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
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

func TestParseDotenv(t *testing.T) {
	for _, test := range []struct {
		text, want string // want is K's value, or unset
	}{
		{"K=1", "1"},
		{"K=1\n", "1"},
		{"A=2\r\nK=1\r\nB=3\r\n", "1"},
		{"K=1\r\n", "1"},
		{"\xef\xbb\xbfK=1", "1"},
		{`K="1"`, "1"},
		{`K='1'`, "1"},
		{"K=\"1\"\r\n", "1"},
		{`K=" 1 "`, " 1 "},
		{" K = 1 ", "1"},
		{"\tK\t=\t1", "1"},
		{"export K=1", "1"},
		{"export\tK=1", "1"},
		{`export  K="x"`, "x"},
		{"'K'=1", "1"},
		{"K=", ""},
		{"K= ", ""},
		{"K=\r\n", ""},
		{`K=""`, ""},
		{"K=1 # why", "1"},
		{"K=1\t# why", "1"}, // python-dotenv takes any white space
		{`K="1" # why`, "1"},
		{`K="1 # not a comment"`, "1 # not a comment"},
		{"K=a#b", "a#b"},
		{"K=a=b", "a=b"},
		{"K=a b", "a b"},
		{"K=0\nK=1", "1"},
		{"A=2\rK=1\rB=3\r", "1"},
		{"# all of it\rK=1", "1"},
		{"A='2'\rexport K='1'\r", "1"},
		{"K='a\nb'\nA=2", "a\nb"},
		{`K="a\"b\n"`, "a\"b\n"},
		{`K='it\'s'`, "it's"},
		{`K='a\'`, `a\`},
		{"K=#1", "#1"},
		{"\x1cK=1", "1"},
		{"K=1\nK 2", "1"},
		{"K=\"1", `"1`}, // python-dotenv gives up on these three
		{"K='1' 2", "1"},
		{"A=\"2\nK=1", "1"},
		{"rubbish\n= 2\n\x00\n[x]\nK=1", "1"},

		{"", unset},
		{"K", unset},
		{"export K", unset},
		{"#K=1", unset},
		{" # K=1", unset},
		{"A=1 # K=1", unset},
		{"K: 1", unset},
		{"exportK=1", unset},
		{"k=1", unset},
		{"KK=1\nxK=1", unset},
		{`A="K=1"`, unset},
		{"A='\nK=1\n'", unset},
		{"# K=2\r# K=1\r", unset},
		{"\"K\"=1", unset},
		{"K=1\nK", unset},
		{"K=1\nexport K # why", unset},
		{"'=K=1", unset},
	} {
		got, ok := parseDotenv([]byte(test.text))["K"]
		if !ok {
			got = unset
		}
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

const unset = "(unset)"

// TestParseDotenvAsPython compares what is read with what python-dotenv itself read: all of
// it, or at least that where python-dotenv gives up on a part.
func TestParseDotenvAsPython(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "python-dotenv.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Text  string
			Sets  map[string]string
			Error bool
		}
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Cases) < 100 {
		t.Fatalf("%d cases: %v", len(file.Cases), err)
	}
	for _, c := range file.Cases {
		got := parseDotenv([]byte(c.Text))
		for name, value := range c.Sets {
			if there, ok := got[name]; !ok || !c.Error && there != value {
				t.Errorf("%q: %q is %q, not %q", c.Text, name, there, value)
			}
		}
		if !c.Error && len(got) != len(c.Sets) {
			t.Errorf("%q: got %q, want %q", c.Text, got, c.Sets)
		}
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

var simple = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,-]*$`)

func FuzzDotenv(f *testing.F) {
	for _, seed := range []string{
		"K=1", "export K=\"x\"\r\n", "\xef\xbb\xbfK='1' # c", "K", "K=", "#K=1", "=", "'", "K='", "K=\"\\\"", "export", "export =", "\x00=\xff", "",
	} {
		f.Add([]byte(seed), "1")
	}
	f.Fuzz(func(t *testing.T, data []byte, value string) {
		vars := parseDotenv(data)
		if strings.Count(string(data), "=") < len(vars) {
			t.Errorf("%q: more variables than equals signs: %q", data, vars)
		}
		if !simple.MatchString(value) {
			return
		}
		for _, form := range []string{
			"K=V", "K=V\n", "K=V\r\nL=2\r\n", "\xef\xbb\xbfK=V", "export K=V", "K = V", "K=V # c", "K='V'", "K=\"V\"", "K=\"V\" # c", "K=0\nK=V", "#K=0\nK=V",
		} {
			if value == "" && form == "K=V # c" {
				continue // the value is "# c": a comment needs something before it
			}
			text := strings.Replace(form, "V", value, 1)
			if got, ok := parseDotenv([]byte(text))["K"]; !ok || got != value {
				t.Errorf("%q: got %q, want %q", text, got, value)
			}
		}
	})
}
